# rsync's daemon: there and back, a difference, a password, and what is read-only.
port=$(free_port)
mkdir -p module read/d; seq 50000 > read/d/numbers; ln -s d/numbers read/link; echo user:secret > secrets; chmod 600 secrets; echo secret > password; chmod 600 password
cat > conf <<C
use chroot = yes
uid = root
gid = root
pid file = $PWD/pid
[module]
path = $PWD/module
read only = no
auth users = user
secrets file = $PWD/secrets
[read]
path = $PWD/read
C
rsync --daemon --no-detach --address=127.0.0.1 --port="$port" --config=conf --log-file=log &
eventually opens "$port"
url=rsync://127.0.0.1:$port
rsync $url | sed 's/[[:space:]]*$//'
rsync -a $url/read/ got; diff -r read got && readlink got/link
rsync -a --password-file=password got/ rsync://user@127.0.0.1:$port/module/; diff -r got module && echo equal
echo more >> got/d/numbers
rsync -a --stats --no-whole-file --password-file=password got/ rsync://user@127.0.0.1:$port/module/ | grep -E 'files transferred|Matched'
rsync -a got/ $url/read/ 2>&1 | grep -o 'module is read only'
rsync -a got/ rsync://other@127.0.0.1:$port/module/ --password-file=password 2>&1 | grep -o 'auth failed'
stop %1; opens "$port" || echo closed
