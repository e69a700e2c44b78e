# apache2 with the event MPM: files, compression, CGI, keep-alive, a graceful restart and end.
port=$(free_port)
mkdir www; seq 20000 > www/numbers; echo hello > www/hello
printf '#!/bin/sh\nprintf "Content-Type: text/plain\\r\\n\\r\\n"; echo "$REQUEST_METHOD $QUERY_STRING"; cat\n' > www/cgi.sh; chmod 755 www/cgi.sh
cat > conf <<C
ServerRoot $PWD
PidFile $PWD/pid
Listen 127.0.0.1:$port
Listen [::1]:$port
ServerName localhost
ErrorLog $PWD/log
LogLevel notice
$(for name in mpm_event authz_core mime dir cgid deflate filter env; do echo "LoadModule ${name}_module /usr/lib/apache2/modules/mod_$name.so"; done)
TypesConfig /etc/mime.types
ScriptSock $PWD/cgi.socket
StartServers 2
DocumentRoot $PWD/www
AddOutputFilterByType DEFLATE text/plain
<Directory $PWD/www>
  Options +ExecCGI
  AddHandler cgi-script .sh
  Require all granted
</Directory>
C
[ $EUID != 0 ] || printf 'User nobody\nGroup nogroup\n' >> conf
apache2 -f "$PWD/conf" -D FOREGROUND &
eventually opens "$port"
url=http://127.0.0.1:$port
curl -sS $url/hello "http://[::1]:$port/hello"; curl -sS -r 10-20 $url/numbers
curl -sS "$url/numbers?[1-100]" | md5sum; curl -sS --compressed $url/numbers | md5sum
curl -sS "$url/cgi.sh?a=[1-4]" -d body; echo; curl -sS -o /dev/null -w '%{http_code}\n' $url/none
ab -q -k -n 500 -c 8 $url/hello 2>&1 | grep -E '^(Complete|Failed|Document L)'
restarts() { [ "$(grep -c 'resuming normal operations' log)" = "$1" ]; }
eventually restarts 1; kill -USR1 %1; eventually restarts 2; curl -sS $url/hello
kill -WINCH %1; wait %1; echo $?; opens "$port" || echo closed
grep -E ':(error|crit|emerg)\]' log
