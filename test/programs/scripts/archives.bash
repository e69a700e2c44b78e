# tar, gzip and xz.
mkdir tree; for i in $(seq 50); do seq $i 500 > tree/f$i; done; ln -s f1 tree/link; chmod 755 tree/f2
tar -cf a.tar --sort=name --mtime=@0 --owner=0 --group=0 tree; sha256sum a.tar
tar -czf a.tgz tree; tar -tzf a.tgz | sort | sha256sum; mkdir out; tar -xzf a.tgz -C out; diff -r tree out/tree; echo "diff $?"
gzip -k9n a.tar; gzip -t a.tar.gz; zcat a.tar.gz | sha256sum; gzip -l a.tar.gz | wc -l
xz -T2 -k --block-size=65536 a.tar; xz -t a.tar.xz; xz -dc a.tar.xz | sha256sum
tar -cJf a.txz tree; tar -xJOf a.txz tree/f50 | tail -1
