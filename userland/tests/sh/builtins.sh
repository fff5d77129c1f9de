# What the shell does itself.
cd /; pwd; cd /tmp; pwd; cd ..; pwd; cd tmp; cd - ; cd; echo $?
cd /nonexistent 2>/dev/null || echo cannot
x=1; export x; sh -c 'echo $x'; y=2; sh -c 'echo [$y]'; y=3 sh -c 'echo $y'; echo $y
unset x; sh -c 'echo [$x]'; export z=4; sh -c 'echo $z'
set -- a b c; echo $# $*; shift 2; echo $*; set --; echo $#
test a = a; echo $?; [ a = b ]; echo $?; [ 3 -gt 2 ]; echo $?; [ -n "" ]; echo $?; [ -z "" ]; echo $?
[ -d / ] && [ ! -f / ] && [ -e /dev/null ] && [ -c /dev/null ]; echo $?
[ ! a = b ]; echo $?; [ a ]; echo $?; [ "" ]; echo $?; [ ]; echo $?
[ a = a -a b = b ]; echo $?; [ a = b -o b = b ]; echo $?; [ \( a = b \) -o c ]; echo $?
[ = = = ]; echo $?; [ -n = -n ]; echo $?; [ ! = x ]; echo $?
sh -c 'exit 42'; echo $?; (exit 300); echo $?
sh -c 'echo $0 $1 $#' name one two
true; echo $?; false; echo $?; :; echo $?
nonexistent_command 2>/dev/null; echo $?
/ 2>/dev/null; echo $?
command echo through command
umask 027; umask; umask 022
eval "a=5; b=\$((a+1))"; echo $a $b
echo 'sourced=yes' >/tmp/sh-sourced; . /tmp/sh-sourced; rm /tmp/sh-sourced
echo $sourced
trap 'echo trapped' USR1; kill -USR1 $$; echo after
trap '' USR1; kill -USR1 $$; echo ignored
trap - USR1
trap 'echo bye; exit 3' EXIT
(trap - EXIT; exit 4); echo $?
sleep 0 & wait $!; echo $?
(exit 9) & wait $!; echo $?
wait; echo $?
(sh -c "kill -TERM \$\$"; echo $?) 2>/dev/null
set -e
if false; then :; fi
false || true
! true
(set +e; false; echo goes on)
echo last
false
echo never
