# What ip and ss say of the loopback interface, and of sockets of this script.
ip -o addr show dev lo | grep -v inet6; ip -o -6 addr show dev lo | grep -o 'inet6 ::1/128 scope host'
ip -o link show dev lo; ip route get 127.0.0.1; ip -br addr show lo | grep -o '^lo *UNKNOWN *127.0.0.1/8'
ip addr add 10.0.0.1/8 dev nosuch 2>&1; ip addr show dev nosuch 2>&1
port=$(free_port)
python3 -m http.server "$port" --bind 127.0.0.1 > /dev/null 2>&1 &
eventually opens "$port"
exec 3<>"/dev/tcp/127.0.0.1/$port"
here() { sed -E "s/\b$port\b/PORT/g; s/:(3[2-9]|[45][0-9]|60)[0-9]{3}\b/:CLIENT/g; s/ +/ /g; s/ $//"; }
connected() { ss -Htn state established "( dport = :$port )" | grep -q .; }
eventually connected
ss -Htln "sport = :$port" | here
ss -Htn state established "( dport = :$port )" | here
ss -Htn state established "( sport = :$port )" | here
exec 3>&-
