# Builtins and expansions.
declare -A map=([a]=1 [b]=2); for k in $(echo "${!map[@]}" | tr ' ' '\n' | sort); do echo "$k=${map[$k]}"; done
array=(x y z); echo "${#array[@]} ${array[@]:1}"
printf '%05.2f|%-5s|%q\n' 3.14159 ab 'c d'
[[ abc123 =~ ([a-z]+)([0-9]+) ]] && echo "${BASH_REMATCH[2]}"
echo {1..5} {a..c}{1,2}; echo "${x:-default}"; y=abcdef; echo "${y:2:3} ${y/cd/XX} ${y^^}"
mapfile -t lines < <(seq 3); echo "${lines[1]}"
umask; cd /usr/bin; pwd; cd - > /dev/null; type -t cd; hash -r
shopt -s nullglob; touch b.txt a.txt; echo *.txt none*
exec 3>&2; echo $((0x1f + 2 ** 10))
printf '%s\n' "$BASH_SUBSHELL" $(echo "$BASH_SUBSHELL"); [ -t 0 ]; echo "terminal $?"
