# Pipelines, and what they leave in $? and PIPESTATUS.
seq 1 2000 | grep 7 | sort -rn | head -5 | tr 1 x
printf 'b\na\nc\n' | { read first; echo "first $first"; sort; }
false | true; echo "status $?" "${PIPESTATUS[@]}"
set -o pipefail; false | true; echo "pipefail $?"
yes | head -3; echo "yes ended by ${PIPESTATUS[0]}"
echo one two three | while read a b c; do echo "$c $b $a"; done
x=$(echo $(echo $(echo nested))); echo $x
{ echo out; echo err >&2; } 2>&1 | sort
! true; echo $?
seq 100000 | wc -l
(exit 3) | (exit 4) | cat; echo "${PIPESTATUS[*]}"
