# Quotes, escapes and how words are joined.
echo a'b c'"d e"f\ g
echo '$HOME "x" `y` \' "\$x \`y\` \" \\ \a '"
echo "a
b" 'c
d'
echo one\
two
x='a  b   c'
echo $x; echo "$x"; echo '$x'
echo "" '' | cat
set -- "" a ''
echo $#
echo "$@" | cat
empty=
set -- $empty a $empty
echo $#
set -- "$empty" a
echo $#
echo a#b #comment
echo \# '#' "#"
echo "nested $(echo "inner 'quotes' $(echo "deep $x")") end"
echo `echo \`echo back\``
echo \\ "\\" '\\' \* "*" '*'
echo "${x}y" $x"z"
echo "~" \~ a~
HOME=/home/me; echo ~ ~/y x=~
