# Files for commands.
cd "${TMPDIR:-/tmp}"; rm -f sh-test-*
echo one >sh-test-a; echo two >>sh-test-a; cat <sh-test-a
echo three >sh-test-a; cat sh-test-a
cat sh-test-a - <<E
document $((1+1)) \$x `echo y`
E
cat <<'E'
literal $((1+1)) \$x `echo y`
E
cat <<-E
	tabs are removed
	E
cat <<A; cat <<B
first
A
second
B
{ echo out; echo err >&2; } >sh-test-b 2>&1; cat sh-test-b
{ echo out; echo err >&2; } 2>/dev/null
echo to-stderr 2>&1 1>/dev/null >&2 | cat
exec 3>sh-test-c; echo three >&3; exec 3>&-; cat sh-test-c
exec 4<sh-test-c; read x <&4; exec 4<&-; echo "$x"
echo both >sh-test-b >sh-test-d; cat sh-test-b; echo -; cat sh-test-d
if echo x >/nonexistent/file; then echo no; else echo cannot; fi 2>/dev/null
: >sh-test-a; cat sh-test-a; wc -c <sh-test-a
>sh-test-e; ls sh-test-e
for i in 1 2; do echo $i; done >sh-test-f; cat sh-test-f
while read l; do echo "line $l"; done <sh-test-f
(cat) <sh-test-f
f() { cat; }; f <sh-test-f; echo x | f
echo $(cat <sh-test-f) $(<sh-test-f cat)
echo glob sh-test-[a-c] sh-test-? 'sh-test-*' sh-test-nothing*
x='sh-test-*'; echo $x | wc -w; echo "$x"
echo */sh-test-nothing
read a b c <<E
1 2 3 4
E
echo "$a|$b|$c"
echo 'a\b' | { read x; echo "$x"; }; echo 'a\b' | { read -r x; echo "$x"; }
rm -f sh-test-*
echo sh-test-*
