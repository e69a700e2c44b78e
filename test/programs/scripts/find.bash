# findutils, grep and sed.
mkdir -p d/{a,b}/{1,2}; touch d/{a,b}/{1,2}/{x,y}.c d/a/z.h
find d -name '*.c' | sort | xargs -n 2 -P 4 ls | sort
find d -type f -exec echo {} + | tr ' ' '\n' | sort
find d -type d -newer d/a/z.h -empty; find d -name '*.h' -delete; find d -type f | wc -l
find d -name x.c -execdir sh -c 'echo "$1"' - {} ';'
grep -rlE 'nothing|much' d; echo $?; seq 20 | grep -c 1; grep -n b <<< $'a\nb'; echo aXbX | grep -o X | wc -l
seq 5 | sed -n '2,4{s/^/n/;p}'; sed -i 's/$/!/' d/a/1/x.c; printf 'a\nb\n' | sed 'N;s/\n/-/'; echo abc | sed 'y/abc/xyz/;w out'; cat out
