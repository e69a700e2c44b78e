# coreutils.
seq 1 1000 | sort -R --random-source=<(yes) | sort -n | md5sum
seq 1 100000 | split -n l/4 - part.; ls part.* | wc -l; cat part.* | sha256sum
printf 'a\tb\nc\td\n' | cut -f2 | paste -sd+; printf 'b 1\na 2\n' > l; printf 'a x\nb y\n' > r
join <(sort l) <(sort r); comm -12 <(seq 5) <(seq 3 8); seq 10 | shuf --random-source=<(yes) | sort -n | tail -1
cp -a l copy; ln l hard; ln -s l soft; stat -c '%n %h %F %s' l hard soft copy; readlink -f soft | sed 's,.*/,,'
mkdir -p a/b/c; rmdir -p a/b/c; install -m 600 l i; stat -c %a i; chmod u=rwx,g=rx,o= l; stat -c %A l
dd if=/dev/zero bs=4096 count=100 2> /dev/null | wc -c; truncate -s 1M big; du --apparent-size -k big; head -c 5 big | od -c
env -i A=1 env; nice -n 5 nice; nohup echo nohup 2> /dev/null; stdbuf -oL echo line; date -u -d @0 +%FT%T; expr 6 \* 7
touch -d 2001-02-03 t; stat -c %Y t; id -u; tsort <<< 'a b b c'; base64 <<< text; numfmt --to=iec 1048576; nproc > /dev/null; echo $?
timeout 5 true; tail -n 2 l; tac r; rev <<< abc 2> /dev/null; factor 1234567890; test -f l -a ! -d l; echo $?
