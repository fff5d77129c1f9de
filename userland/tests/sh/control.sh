# Lists, conditions and loops.
true && echo and; false || echo or; true || echo no; false && echo no; echo $?
! true; echo $?; ! false; echo $?
if true; then echo then; else echo else; fi
if false; then echo then; elif true; then echo elif; else echo else; fi
if false; then echo no; fi; echo $?
for i in a b c; do echo $i; done
for i in; do echo never; done; echo $?
i=0; while [ $i -lt 3 ]; do echo $i; i=$((i+1)); done
until [ $i -eq 0 ]; do i=$((i-1)); echo u$i; done
for i in 1 2 3 4; do [ $i = 2 ] && continue; [ $i = 4 ] && break; echo l$i; done
for i in 1 2; do for j in a b; do [ $j = b ] && continue 2; echo $i$j; done; done
for i in 1 2; do for j in a b; do break 2; done; echo never; done; echo after
case word in w*) echo star;; esac
case word in x|wo?d) echo alternatives;; *) echo no;; esac
case word in (word) echo parenthesis;; esac
case "a b" in "a b") echo quoted;; esac
case '*' in \*) echo literal;; esac
case x in [!a-c]) echo set;; esac
case none in a) ;; esac; echo $?
{ echo group; echo of two; } | cat
(echo subshell; exit 5); echo $?
x=outer; (x=inner; echo $x); echo $x
{ x=changed; }; echo $x
echo a; echo b & wait; echo c
echo pipe | cat | cat
false | true; echo $?
true | false; echo $?
while read a b; do echo "$b-$a"; done <<X
1 one
2 two words
X
if [ a = a ] && [ b != c ] || false; then echo yes; fi
f() { echo "f $# $1"; return 7; }
f x y; echo $?
g() { for i in "$@"; do echo "g$i"; [ $i = 2 ] && return; done; echo never; }
g 1 2 3
h() { x=h; set -- new; echo $1; }
set -- old; h; echo $x $1
r() { [ $1 -eq 0 ] && return; echo r$1; r $(($1-1)); }
r 3
f() { echo redefined; }; f
if f | grep -q redef; then echo piped function; fi
eval 'echo eval; e=1'; echo $e
cmd='echo split  words'; $cmd
while :; do break; done; echo $?
l() { local x=inner y; y=2; echo $x $y; m; }
m() { echo m$x; x=changed; }
x=outer; y=1; l; echo $x $y
k() { local i; for i in 1 2; do local j=$i; [ $i = 1 ] && k2; done; echo $i $j; }
k2() { local i=9 j=9; echo $i$j; }
i=i; j=j; k; echo $i $j
