# nginx: two workers, sendfile, keep-alive, TLS, a proxy, reload, and an end that is asked for.
port=$(free_port) secure=$(free_port)
make_certificate
mkdir www logs tmp; seq 20000 > www/numbers; echo hello > www/hello
cat > nginx.conf <<N
user root;
daemon off;
worker_processes 2;
error_log logs/error.log;
pid nginx.pid;
events { worker_connections 256; }
http {
  access_log logs/access.log;
  sendfile on; tcp_nopush on; keepalive_requests 2000; aio threads;
  client_body_temp_path tmp; proxy_temp_path tmp; fastcgi_temp_path tmp; uwsgi_temp_path tmp; scgi_temp_path tmp;
  server {
    listen 127.0.0.1:$port reuseport; listen [::1]:$port; listen unix:$PWD/socket;
    root www;
    location /proxied/ { proxy_pass http://unix:$PWD/socket:/; }
    location /status { return 200 "\$scheme \$remote_addr\n"; }
  }
  server { listen 127.0.0.1:$secure ssl; http2 on; ssl_certificate cert.pem; ssl_certificate_key key.pem; root www; }
}
N
nginx -p "$PWD" -c nginx.conf -e logs/error.log &
eventually opens "$port"
url=http://127.0.0.1:$port
curl -sS $url/hello $url/status $url/proxied/hello "http://[::1]:$port/hello"
curl -sS --unix-socket socket http://localhost/hello
curl -sS -w '%{num_connects}\n' "$url/numbers?[1-1000]" | md5sum
curl -sS --parallel --parallel-max 16 "$url/numbers?[1-64]" -o 'part#1'; cat part* | md5sum
curl -sS -r 10-29 $url/numbers; curl -sS -o /dev/null -w '%{http_code}\n' $url/none
curl -sS --cacert cert.pem "https://127.0.0.1:$secure/hello"
curl -sS --cacert cert.pem -o /dev/null -w '%{http_version} %{size_download}\n' "https://127.0.0.1:$secure/numbers"
ab -q -k -c 8 -n 1000 $url/numbers 2>&1 | grep -E '^(Complete|Failed|Keep-Alive|Document L)'
workers() { pgrep -P "$(cat nginx.pid)" | sort | tr '\n' ' '; }
before=$(workers)
kill -HUP "$(cat nginx.pid)"
changed() { local now; now=$(workers); [ "$now" != "$before" ] && [ "$(wc -w <<< "$now")" = 2 ]; }
eventually changed; curl -sS $url/hello
kill -KILL $(workers); eventually curl -s $url/hello
kill -QUIT "$(cat nginx.pid)"; wait %1; echo $?; opens "$port" || echo closed
grep -E 'crit|emerg' logs/error.log
