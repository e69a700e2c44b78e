#!/bin/sh
':' /*
# Starts hv: a shell script for the system, and a comment for JavaScript. The build puts it in front of dist/bin/hv.cjs.
#
# Node looks for options that name files among all its arguments, the guest's too: --env-file up to `--`, and, in Node 22 and 24, the ones
# for a configuration file even behind it. Such a file can make Node load code. With such a word among them, all words go to
# src/bin/hv.ts behind a space each: then none is an option.
number=0 words= part=
for word do
  case $word in
    --env-file* | --*config-file*) words='"hv-words"' ;;
  esac
done
[ -n "$words" ] || exec node -- "$0" "$@"

# In parts: adding each word to a long string would take minutes for the longest command lines.
while [ "$number" -lt $# ]; do
  number=$((number + 1))
  part="$part \" \${$number}\""
  case $number in
    *00) words=$words$part part= ;;
  esac
done
eval "exec node -- \"\$0\" $words$part"
*/
