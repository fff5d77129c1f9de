#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <fcntl.h>
#include <errno.h>
#include <sys/ioctl.h>
#include <asm/termbits.h>
static unsigned s = 12345;
static unsigned rnd(void){ s ^= s<<13; s ^= s>>17; s ^= s<<5; return s; }
static void hex(const char*k,const unsigned char*b,int n){ printf("%s",k); for(int i=0;i<n;i++)printf("%02x",b[i]); }
static const unsigned char alpha[] = "abcdefgh XYZ_.09\t\t\t\n\n\r\x7f\x7f\x7f\x7f\x15\x17\x17\x12\x16\x04\x04\x13\x11\x03\x1a\x01\x1b\x08\xff\xc3\xa9\xe2\x82\xac\x1c\x0f\x02";
int main(int argc,char**argv){
  int n = argc>1?atoi(argv[1]):200;
  for(int t=0;t<n;t++){
    int m=posix_openpt(O_RDWR|O_NOCTTY|O_NONBLOCK); grantpt(m); unlockpt(m);
    int sl=open(ptsname(m),O_RDWR|O_NOCTTY|O_NONBLOCK);
    struct termios2 k; ioctl(sl,TCGETS2,&k);
    k.c_iflag=ICRNL|IXON; k.c_oflag=OPOST|ONLCR; k.c_lflag=ISIG|ICANON|ECHO|ECHOE|ECHOK|ECHOCTL|ECHOKE|IEXTEN;
    if(t>=60){
      static const unsigned ib[]={INLCR,IGNCR,ICRNL,IXON,IXANY,IUTF8,ISTRIP,PARMRK,IUCLC};
      static const unsigned ob[]={ONLCR,OPOST,OCRNL,ONOCR,ONLRET,XTABS,OLCUC};
      static const unsigned lb[]={ISIG,ICANON,ECHO,ECHOE,ECHOK,ECHOCTL,ECHOKE,IEXTEN,ECHONL,NOFLSH,ECHOPRT};
      for(unsigned i=0;i<sizeof ib/4;i++) if(rnd()%4==0) k.c_iflag^=ib[i];
      for(unsigned i=0;i<sizeof ob/4;i++) if(rnd()%5==0) k.c_oflag^=ob[i];
      for(unsigned i=0;i<sizeof lb/4;i++) if(rnd()%5==0) k.c_lflag^=lb[i];
      if(rnd()%6==0) k.c_cc[VEOL]='X';
      if(rnd()%6==0) k.c_cc[VEOL2]='.';
    } else if (t%3==1) k.c_iflag|=IUTF8;
    k.c_cc[VMIN]=1;k.c_cc[VTIME]=0;
    ioctl(sl,TCSETS2,&k);
    printf("%x %x %x %02x%02x",k.c_iflag,k.c_oflag,k.c_lflag,k.c_cc[VEOL],k.c_cc[VEOL2]);
    int steps=1+rnd()%4;
    for(int st=0;st<steps;st++){
      unsigned char b[64],o[4096]; int len=1+rnd()%30;
      for(int i=0;i<len;i++) b[i]=alpha[rnd()%(sizeof alpha-1)];
      /* A signal flushes what was echoed in the same piece of input; whether the pty's far end has it by then is chance. */
      int flow=(k.c_iflag&IXANY)||rnd()%2;
      for(int i=0;i<len;i++) if(flow? b[i]==3||b[i]==0x1c||b[i]==0x1a : b[i]==0x11||b[i]==0x13) b[i]='s';
      if(rnd()%5==0){ /* program output instead */
        int w=write(sl,b,len); hex(" w",b,len); printf("=%d", w<0?-errno:w);
      } else { write(m,b,len); hex(" i",b,len); }
      usleep(3000);
      int r=read(m,o,sizeof o); if(r<0) r=0; hex(" o",o,r);
      int q=-1; ioctl(sl,FIONREAD,&q); printf(" q%d",q);
      if(rnd()%2){ int want=1+rnd()%24; r=read(sl,o,want); printf(" r%d=%d:",want,r<0?-errno:r); hex("",o,r<0?0:r); usleep(1000); r=read(m,o,sizeof o); if(r>0) hex(" o",o,r); }
      if(t>=60 && rnd()%8==0){ k.c_lflag^=ICANON; ioctl(sl,TCSETS2,&k); printf(" l%x",k.c_lflag); usleep(1000); r=read(m,o,sizeof o); if(r>0) hex(" o",o,r);}
    }
    printf("\n"); close(sl); close(m);
  }
  return 0;
}
