# Applets by name and by fork.
busybox seq 300 | busybox awk '{s += $1} END {print s}'
for i in 1 2 3; do (sleep 0.$i; echo $i) & done | sort; wait
echo hello | busybox md5sum; busybox find /etc/hostname; busybox xargs -n 2 echo < words
busybox ps > /dev/null; echo $?
busybox sh -c 'trap "echo t" TERM; kill -TERM $$'
