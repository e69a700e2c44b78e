# git daemon: clone, fetch, push, and what it refuses.
port=$(free_port)
git init -q -b main source; cd source
for i in $(seq 20); do seq $((i * 100)) > file$i; git add .; git commit -q -m "commit $i"; done
git config daemon.receivepack true; git config receive.denyCurrentBranch ignore
cd ..
git daemon --listen=127.0.0.1 --port="$port" --base-path="$PWD" --export-all --enable=receive-pack --reuseaddr "$PWD" 2>/dev/null &
eventually opens "$port"
url=git://127.0.0.1:$port/source
git clone -q $url clone; git -C clone log --oneline | wc -l; diff -r -x .git source clone && echo equal
git clone -q --depth 1 $url shallow; git -C shallow log --oneline | wc -l
git ls-remote $url | wc -l
cd clone; echo more > more; git add .; git commit -q -m more; git push -q origin main; cd ..
git -C source log -1 --format=%s
git -C shallow fetch -q; git -C shallow log -1 --format=%s origin/main
git clone -q git://127.0.0.1:$port/none absent 2>&1 | head -1
git -C source fsck; git -C clone fsck
