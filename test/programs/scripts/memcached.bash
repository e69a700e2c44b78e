# memcached by TCP, UDP and a UNIX socket.
port=$(free_port)
memcached -u root -l 127.0.0.1 -p "$port" -U "$port" -t 4 &
memcached -u root -s "$PWD/socket" &
eventually opens "$port"; eventually test -S socket
printf 'set a 0 0 5\r\nhello\r\nget a\r\nincr n 1\r\nset n 0 0 1\r\n1\r\nincr n 41\r\ndelete a\r\nget a\r\nquit\r\n' | ask "$port"
python3 - "$port" <<'P'
import socket, sys
port = int(sys.argv[1])
u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); u.settimeout(30)
u.sendto(b'\0\1\0\0\0\1\0\0get n\r\n', ('127.0.0.1', port)); print(u.recv(1400)[8:])
s = socket.socket(socket.AF_UNIX); s.connect('socket'); s.sendall(b'version\r\n'); print(s.recv(99)[:7])
clients = [socket.create_connection(('127.0.0.1', port)) for _ in range(50)]
for i, c in enumerate(clients): c.sendall(b'set k%d 0 0 60000\r\n%s\r\n' % (i, bytes([65 + i % 26]) * 60000))
print({c.recv(99) for c in clients})
for i, c in enumerate(clients):
    c.sendall(b'get k%d\r\n' % i); f = c.makefile('rb'); f.readline(); assert f.read(60000) == bytes([65 + i % 26]) * 60000; assert f.readline() + f.readline() == b'\r\nEND\r\n'
print('equal')
P
stop %1; echo $?; opens "$port" || echo closed
