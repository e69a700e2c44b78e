# python3 -m http.server, with curl, wget and urllib.
port=$(free_port)
mkdir www && seq 100000 > www/numbers && echo hello > www/hello && mkdir www/folder
python3 -m http.server --bind 127.0.0.1 --directory www "$port" > log 2>&1 &
eventually opens "$port"
url=http://127.0.0.1:$port
curl -sS $url/hello
curl -sS $url/numbers | cmp - www/numbers && echo equal
curl -sS -o /dev/null -w '%{http_code} %{size_download} %{num_connects}\n' $url/none
curl -sS $url/ | grep -o '<a href="[^"]*">'
curl -sSI $url/hello | tr -d '\r' | grep -i content
curl -sS "$url/hello?[1-30]" | sort | uniq -c
curl -sS --parallel --parallel-max 8 "$url/numbers?[1-16]" -o 'part#1' && cat part* | md5sum
wget -q -O - $url/hello
wget -q -r -nH -P got $url/ && find got -type f | sort
python3 - $url <<'P'
import sys, urllib.request, urllib.error, http.client, socket
url = sys.argv[1]
with urllib.request.urlopen(url + '/hello') as answer: print(answer.status, answer.read())
try: urllib.request.urlopen(url + '/none')
except urllib.error.HTTPError as error: print(error.code)
c = http.client.HTTPConnection('127.0.0.1', int(url.split(':')[2]), timeout=10)
for _ in range(3): c.request('GET', '/numbers'); print(len(c.getresponse().read()))
try: socket.create_connection(('127.0.0.1', 1), timeout=5)
except ConnectionRefusedError as error: print(error)
P
curl -sS --max-time 5 http://127.0.0.1:1/ 2>&1 | sed 's/after .* ms//'
wget -q -O - http://127.0.0.1:1/; echo $?
stop %1
curl -s $url/; echo $?
grep -c '"GET ' log
