# sshd and ssh over 127.0.0.1: commands, terminals, copies, forwarded ports, and a key that it does not know.
port=$(free_port)
mkdir -p /run/sshd; chmod 755 /run/sshd
ssh-keygen -q -t ed25519 -N '' -f host; ssh-keygen -q -t ed25519 -N '' -f key; ssh-keygen -q -t ed25519 -N '' -f other
cp key.pub authorized; sed "s/^/[127.0.0.1]:$port /" host.pub > known
cat > conf <<C
Port $port
ListenAddress 127.0.0.1
HostKey $PWD/host
AuthorizedKeysFile $PWD/authorized
PidFile none
UsePAM no
StrictModes no
PermitRootLogin yes
PasswordAuthentication no
Subsystem sftp internal-sftp
PrintMotd no
PrintLastLog no
C
/usr/sbin/sshd -D -e -f conf 2> log &
eventually opens "$port"
options=(-F none -o UserKnownHostsFile="$PWD/known" -o BatchMode=yes -o IdentitiesOnly=yes -o LogLevel=ERROR -o ConnectTimeout=30)
remote() { ssh -p "$port" -i key "${options[@]}" root@127.0.0.1 "$@"; }
remote 'echo hello; id -u; exit 3'; echo $?
seq 100000 | remote md5sum
remote -tt 'tty | sed "s/[0-9]*$//"; stty size; test -t 0 && echo terminal' </dev/null | tr -d '\r'
scp -q -P "$port" -i key "${options[@]}" conf root@127.0.0.1:"$PWD/copy"; cmp conf copy && echo equal
printf 'get %s got\nput conf %s\nbye\n' "$PWD/conf" "$PWD/put" | sftp -q -b - -P "$port" -i key "${options[@]}" root@127.0.0.1 >/dev/null; cmp conf got && cmp conf put && echo equal
ssh -p "$port" -i other "${options[@]}" root@127.0.0.1 true 2>&1 | sed 's/.*: //'
web=$(free_port) forwarded=$(free_port)
mkdir www; echo forwarded > www/file; python3 -m http.server --bind 127.0.0.1 --directory www "$web" >/dev/null 2>&1 &
eventually opens "$web"
ssh -p "$port" -i key "${options[@]}" -N -L "127.0.0.1:$forwarded:127.0.0.1:$web" root@127.0.0.1 &
eventually opens "$forwarded"
curl -sS "http://127.0.0.1:$forwarded/file"
for i in 1 2 3; do remote "echo $i" & done | sort
remote 'kill -TERM $$'; echo $?
stop %1; opens "$port" || echo closed
