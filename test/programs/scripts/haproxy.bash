# haproxy before two backends: round robin, a health check that fails, and TCP mode.
front=$(free_port) tcp=$(free_port) one=$(free_port) two=$(free_port)
for name in one two; do
  mkdir $name; echo $name > $name/name
  python3 -m http.server --bind 127.0.0.1 --directory $name "${!name}" > log.$name 2>&1 &
done
eventually opens "$one"; eventually opens "$two"
cat > conf <<C
global
  maxconn 200
  nbthread 2
  stats socket $PWD/admin mode 600 level admin
defaults
  mode http
  timeout connect 10s
  timeout client 30s
  timeout server 30s
frontend front
  bind 127.0.0.1:$front
  default_backend both
backend both
  balance roundrobin
  server one 127.0.0.1:$one check inter 100ms fall 1
  server two 127.0.0.1:$two check inter 100ms fall 1
listen tcp
  mode tcp
  bind 127.0.0.1:$tcp
  server one 127.0.0.1:$one
C
haproxy -q -db -f conf &
eventually curl -sf "http://127.0.0.1:$front/name" -o first
curl -sS "http://127.0.0.1:$front/name?[1-100]" | sort | uniq -c
curl -sS "http://127.0.0.1:$tcp/name"
stop %2
down() { python3 -c 'import socket; s = socket.socket(socket.AF_UNIX); s.connect("admin"); s.sendall(b"show stat\n"); print(s.makefile().read())' | grep -q '^both,two.*DOWN'; }
eventually down
curl -sS "http://127.0.0.1:$front/name?[1-10]" | sort | uniq -c
stop %1
curl -sS -o /dev/null -w '%{http_code}\n' "http://127.0.0.1:$front/name"
stop %3; opens "$front" || echo closed
