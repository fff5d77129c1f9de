/*
 * elf.c - programs that are not quite programs
 *
 * Linux: fs/binfmt_elf.c
 *
 * A program of three instructions is written with one thing wrong, and executed. What is found wrong before the old
 * program is gone is an error of execve; later it is the end: SIGSEGV.
 */
#include "check.h"
#include <linux/elf.h>

#define PAGE 4096UL
#define BASE 0x400000UL

struct image {
  Elf64_Ehdr head;
  Elf64_Phdr segment[3];
  char interpreter[64];
  unsigned code[4];
};

static struct image image;
static unsigned long size;

enum { RAN = 42, KILLED = 256 + SIGSEGV };

/* Exits with 42. */
static void fresh(int type) {
  static const unsigned code[] = {0xd2800540, 0xd2800ba8, 0xd4000001};
  memset(&image, 0, sizeof(image));
  memcpy(image.head.e_ident, "\177ELF\2\1\1", 7);
  unsigned long base = type == ET_EXEC ? BASE : 0;
  image.head.e_type = (Elf64_Half)type;
  image.head.e_machine = EM_AARCH64;
  image.head.e_version = 1;
  image.head.e_entry = base + offsetof(struct image, code);
  image.head.e_phoff = offsetof(struct image, segment);
  image.head.e_ehsize = sizeof(Elf64_Ehdr);
  image.head.e_phentsize = sizeof(Elf64_Phdr);
  image.head.e_phnum = 1;
  image.segment[0] = (Elf64_Phdr){.p_type = PT_LOAD, .p_flags = PF_R | PF_X, .p_vaddr = base, .p_filesz = sizeof(image), .p_memsz = sizeof(image), .p_align = PAGE};
  memcpy(image.code, code, sizeof(code));
  size = sizeof(image);
}

/* The program's exit status, execve's errno, or 256 and a signal. */
static int run(void) {
  int fd = (int)open("/tmp/elf-test", O_WRONLY | O_CREAT | O_TRUNC, 0755);
  write(fd, &image, size);
  close(fd);
  long pid = fork();
  if (pid == 0) exit((int)-execve("/tmp/elf-test", (char *[]){"elf-test", NULL}, (char *[]){NULL}));
  int status = 0;
  wait4((pid_t)pid, &status, 0, NULL);
  return WIFSIGNALED(status) ? 256 + WTERMSIG(status) : WEXITSTATUS(status);
}

/* A second segment, for which the program need not be executable. */
static Elf64_Phdr *second(unsigned long address, unsigned long file, unsigned long memory) {
  image.head.e_phnum = 2;
  image.segment[1] = (Elf64_Phdr){.p_type = PT_LOAD, .p_flags = PF_R | PF_W, .p_vaddr = address, .p_filesz = file, .p_memsz = memory, .p_align = PAGE};
  return &image.segment[1];
}

static void interpreter(const char *name, unsigned long length) {
  image.head.e_phnum = 2;
  image.segment[1] = (Elf64_Phdr){.p_type = PT_INTERP, .p_offset = offsetof(struct image, interpreter), .p_filesz = length};
  memcpy(image.interpreter, name, strlen(name));
}

static void check_header(void) {
  fresh(ET_EXEC);
  check_is(run(), RAN, "a program with one segment runs");
  fresh(ET_DYN);
  check_is(run(), RAN, "and so does one that can be anywhere");
  fresh(ET_EXEC);
  image.head.e_ident[0] = 'X';
  check_is(run(), ENOEXEC, "without its magic number it is ENOEXEC");
  fresh(ET_EXEC);
  image.head.e_machine = EM_X86_64;
  check_is(run(), ENOEXEC, "for another machine it is ENOEXEC");
  fresh(ET_EXEC);
  image.head.e_ident[EI_CLASS] = ELFCLASS32;
  check_is(run(), RAN, "nobody looks at the class");
  fresh(ET_EXEC);
  image.head.e_ident[EI_DATA] = ELFDATA2MSB;
  check_is(run(), RAN, "nor at the byte order");
  fresh(ET_REL);
  check_is(run(), ENOEXEC, "an object file is ENOEXEC");
  fresh(ET_CORE);
  check_is(run(), ENOEXEC, "a core file is ENOEXEC");
  fresh(ET_EXEC);
  image.head.e_phentsize = 32;
  check_is(run(), ENOEXEC, "program headers of another size are ENOEXEC");
  fresh(ET_EXEC);
  image.head.e_phnum = 0;
  check_is(run(), ENOEXEC, "no program headers are ENOEXEC");
  fresh(ET_EXEC);
  image.head.e_phnum = 2000;
  check_is(run(), ENOEXEC, "too many program headers are ENOEXEC");
  fresh(ET_EXEC);
  image.head.e_phoff = 1UL << 20;
  check_is(run(), ENOEXEC, "program headers behind the end of the file are ENOEXEC");
  fresh(ET_EXEC);
  image.head.e_phoff = ~0UL - 63;
  check_is(run(), ENOEXEC, "and so are those before its beginning");
  fresh(ET_EXEC);
  image.head.e_entry = BASE + PAGE;
  check_is(run(), KILLED, "an entry point where nothing is is SIGSEGV");
  fresh(ET_EXEC);
  image.head.e_entry = 1UL << 60;
  check_is(run(), KILLED, "an entry point beyond user space is SIGSEGV");
  fresh(ET_EXEC);
  size = 40;
  check_is(run(), ENOEXEC, "a header that ends too early is ENOEXEC");
  fresh(ET_EXEC);
  size = sizeof(Elf64_Ehdr) + 20;
  check_is(run(), ENOEXEC, "program headers that end too early are ENOEXEC");
}

static void check_segments(void) {
  fresh(ET_EXEC);
  image.segment[0].p_type = PT_NULL;
  check_is(run(), KILLED, "without any segment to load it is SIGSEGV");
  fresh(ET_DYN);
  image.segment[0].p_type = PT_NULL;
  check_is(run(), KILLED, "wherever it may lie");
  fresh(ET_EXEC);
  image.segment[0].p_filesz = sizeof(image) + 1, image.segment[0].p_memsz = sizeof(image);
  check_is(run(), KILLED, "a segment with more in the file than in memory is SIGSEGV");
  fresh(ET_EXEC);
  image.segment[0].p_memsz = 1UL << 50;
  check_is(run(), KILLED, "a segment larger than user space is SIGSEGV");
  fresh(ET_EXEC);
  image.segment[0].p_memsz = ~0UL;
  check_is(run(), KILLED, "and so is one as large as can be said");
  fresh(ET_EXEC);
  image.segment[0].p_filesz = image.segment[0].p_memsz = 1UL << 40;
  check_is(run(), RAN, "a segment may reach far behind the end of the file");
  fresh(ET_EXEC);
  image.segment[0].p_offset = ~0UL - PAGE + 1;
  check_is(run(), KILLED, "a segment from before the file is SIGSEGV");
  fresh(ET_EXEC);
  image.segment[0].p_offset = 8;
  check_is(run(), KILLED, "an offset that does not fit the address is SIGSEGV");
  fresh(ET_EXEC);
  image.segment[0].p_vaddr = 0, image.head.e_entry = offsetof(struct image, code);
  check_is(run(), RAN, "root may have a segment at address 0");
  fresh(ET_EXEC);
  image.segment[0].p_vaddr = 1UL << 50;
  check_is(run(), KILLED, "a segment beyond user space is SIGSEGV");
  fresh(ET_EXEC);
  image.segment[0].p_vaddr = (1UL << 48) - PAGE;
  check_is(run(), KILLED, "a segment where the stack is is SIGSEGV");
  fresh(ET_EXEC);
  second(BASE, sizeof(image), sizeof(image))->p_flags = PF_R | PF_X;
  check_is(run(), RAN, "a segment on top of another replaces it");
  fresh(ET_EXEC);
  second(BASE - 64 * PAGE, sizeof(image), sizeof(image));
  check_is(run(), RAN, "segments need not be in order");
  fresh(ET_EXEC);
  second(BASE + 16 * PAGE, 0, 64 * PAGE);
  check_is(run(), RAN, "a segment may be all zeroes");
  fresh(ET_EXEC);
  second(BASE + 16 * PAGE, 0, 0);
  check_is(run(), RAN, "or nothing at all");
  fresh(ET_EXEC);
  second(BASE + 16 * PAGE + 123, 17, 64 * PAGE);
  check_is(run(), KILLED, "contents that begin elsewhere in their page of the file than in memory are SIGSEGV");
  fresh(ET_EXEC);
  second(BASE + 16 * PAGE + 123, 17, 64 * PAGE)->p_offset = 123;
  check_is(run(), RAN, "zeroes may begin anywhere in a page");
  fresh(ET_EXEC);
  second(BASE + 16 * PAGE, 0, 1UL << 46);
  check_is(run(), KILLED, "more zeroes than there is memory are SIGSEGV");
  fresh(ET_EXEC);
  image.segment[0].p_flags = PF_R;
  check_is(run(), KILLED, "a program that is not executable memory is SIGSEGV");
  fresh(ET_EXEC);
  image.segment[0].p_flags = PF_X;
  check_is(run(), RAN, "executable memory can be read");
  fresh(ET_EXEC);
  image.segment[0].p_filesz = 0;
  check_is(run(), 256 + SIGILL, "zeroes can be executed: SIGILL");
  fresh(ET_EXEC);
  image.segment[0].p_memsz = 3 * PAGE;
  check_is(run(), RAN, "zeroes may follow what cannot be written");
  fresh(ET_DYN);
  image.segment[0].p_align = 1 << 21;
  check_is(run(), RAN, "a segment may ask for a large alignment");
  fresh(ET_DYN);
  image.segment[0].p_align = 3;
  check_is(run(), RAN, "for one that is no power of two");
  fresh(ET_DYN);
  image.segment[0].p_align = 1UL << 63;
  check_is(run(), RAN, "for one that cannot be");
  fresh(ET_DYN);
  image.segment[0].p_align = 1UL << 47;
  check_is(run(), RAN, "or that leaves one place");
  fresh(ET_DYN);
  image.segment[0].p_vaddr = 0x7000000; image.head.e_entry += 0x7000000;
  check_is(run(), RAN, "a program that can be anywhere need not begin at 0");
  fresh(ET_DYN);
  second(1UL << 46, 64, 64);
  check_is(run(), RAN, "and may be spread over much of user space");
  fresh(ET_DYN);
  second(1UL << 48, 64, 64);
  check_is(run(), KILLED, "but not over more: SIGSEGV");
}

/* The image becomes an interpreter, and a new image asks for it. */
static void install(void) {
  int fd = (int)open("/tmp/elf-text", O_WRONLY | O_CREAT | O_TRUNC, 0755);
  write(fd, &image, sizeof(image));
  close(fd);
  fresh(ET_EXEC);
  interpreter("/tmp/elf-text", 14);
}

static void check_interpreter(void) {
  fresh(ET_EXEC);
  interpreter("/tmp/none", 10);
  check_is(run(), ENOENT, "an interpreter that is missing is ENOENT");
  fresh(ET_EXEC);
  interpreter("/tmp/none", 9);
  check_is(run(), ENOEXEC, "one whose name does not end is ENOEXEC");
  fresh(ET_EXEC);
  interpreter("", 1);
  check_is(run(), ENOEXEC, "one without a name is ENOEXEC");
  fresh(ET_EXEC);
  interpreter("/tmp/none", 5000);
  check_is(run(), ENOEXEC, "one whose name is too long is ENOEXEC");
  fresh(ET_EXEC);
  interpreter("/tmp/none", 10);
  image.segment[1].p_offset = 1 << 20;
  check_is(run(), EIO, "one whose name is not in the file is EIO");
  fresh(ET_EXEC);
  interpreter("/tmp", 5);
  check_is(run(), EACCES, "a directory is EACCES");
  int fd = (int)open("/tmp/elf-text", O_WRONLY | O_CREAT | O_TRUNC, 0755);
  for (int i = 0; i < 10; i++) write(fd, "just text\n", 10);
  close(fd);
  fresh(ET_EXEC);
  interpreter("/tmp/elf-text", 14);
  check_is(run(), ELIBBAD, "an interpreter that is no program is ELIBBAD");
  fd = (int)open("/tmp/elf-text", O_WRONLY | O_CREAT | O_TRUNC, 0755);
  write(fd, "\177ELF", 4);
  close(fd);
  check_is(run(), EIO, "one that is too short is EIO");
  fresh(ET_DYN);
  image.head.e_phnum = 0;
  install();
  check_is(run(), ELIBBAD, "one without segments is ELIBBAD");
  fresh(ET_REL);
  install();
  check_is(run(), KILLED, "one that is an object file is found out too late: SIGSEGV");
  fresh(ET_DYN);
  install();
  image.code[0] = 0;
  check_is(run(), RAN, "an interpreter runs instead of the program");
  fresh(ET_DYN);
  interpreter("/tmp/elf-text", 14);
  image.code[0] = 0;
  check_is(run(), RAN, "wherever the program may lie");
}

int main(void) {
  check_header();
  check_segments();
  check_interpreter();
  unlink("/tmp/elf-test");
  unlink("/tmp/elf-text");
  return checked();
}
