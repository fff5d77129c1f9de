# Parameters and what can be done with them.
unset u; e=; v=value; p=/usr/local/lib/file.tar.gz
echo "[$u]" "[${u-default}]" "[${u:-default}]" "[${e-default}]" "[${e:-default}]" "[${v:-default}]"
echo "[${u+set}]" "[${e+set}]" "[${e:+set}]" "[${v:+set}]"
echo "${u=assigned}" "$u" "${e:=filled}" "$e"
echo ${#v} ${#p}
echo ${p#*/} ${p##*/} ${p%.*} ${p%%.*} ${p#none} ${p%/*}
echo "${v:-a b}" ${u:+"c  d"} "${v#"val"}"
echo ${v%[ue]*} ${v#?} ${v%%l*}
set -- one "two words" three
for i; do echo "<$i>"; done
for i in $*; do echo "<$i>"; done
for i in "$*"; do echo "<$i>"; done
for i in "$@"; do echo "<$i>"; done
for i in "x$@y"; do echo "<$i>"; done
IFS=:; for i in "$*"; do echo "<$i>"; done
list=a:b::c; for i in $list; do echo "<$i>"; done
IFS=' '; x=' lead trail '; for i in $x; do echo "<$i>"; done; echo "<$x>"
unset IFS
shift; echo $# $1; shift 2; echo $#
set -- 1 2 3 4 5 6 7 8 9 ten eleven; echo ${10} ${11} $10
echo $((1 + 2 * 3)) $(( (1+2)*3 )) $((7/2)) $((7%3)) $((-7/2)) $((1<<4)) $((255>>4)) $((6&3)) $((6|3)) $((6^3)) $((~0))
n=5; echo $((n+1)) $(($n*2)) $((n=n+3)) $n $((n+=2)) $n
echo $((3>2)) $((3<2)) $((3==3)) $((3!=3)) $((2>=2)) $((1&&0)) $((1||0)) $((!5)) $((5>3?10:20))
echo $((0x1f)) $(( n > 5 && n < 20 ))
a=1 b=2; c=$a$b; echo $c
a="x y" b=$a; echo "$b"
echo $(printf_missing 2>/dev/null || echo failed) $(echo a; echo b) "$(echo a; echo b)"
echo "$(echo trailing; echo; echo)" end
v=$(exit 3); echo $?
echo ${u:-$(echo command)} ${none:-${v2:-deep}}
echo "a${none}b" a${none}b
(echo ${none?is missing}; echo not reached) 2>/dev/null
echo $? ${none-} after
