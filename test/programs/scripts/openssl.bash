# openssl s_server and s_client: TLS 1.2 and 1.3, pages, resumption, DTLS, and a certificate that nobody knows.
make_certificate
port=$(free_port)
openssl s_server -accept "127.0.0.1:$port" -cert cert.pem -key key.pem -rev -quiet 2>/dev/null &
eventually opens "$port"
for version in tls1_2 tls1_3; do
  printf 'abc\nCLOSE\n' | openssl s_client -connect "127.0.0.1:$port" -$version -CAfile cert.pem -verify_return_error -quiet 2>/dev/null
done
openssl s_client -connect "127.0.0.1:$port" -verify_return_error </dev/null 2>&1 | grep -o 'self-signed certificate' | head -1
openssl s_client -connect "127.0.0.1:$port" -CAfile cert.pem -brief </dev/null 2>&1 | grep -E 'Protocol|Verification'
stop %1
openssl s_server -accept "127.0.0.1:$port" -cert cert.pem -key key.pem -WWW -quiet 2>/dev/null &
eventually opens "$port"
seq 100000 > numbers
curl -sS --cacert cert.pem "https://127.0.0.1:$port/numbers" | cmp - numbers && echo equal
openssl s_time -connect "127.0.0.1:$port" -new -time 1 -CAfile cert.pem 2>&1 | grep -c 'connections in'
stop %2
udp=$(free_port)
# At the end of its input it would end.
mkfifo input; exec 4<>input
openssl s_server -dtls -accept "127.0.0.1:$udp" -cert cert.pem -key key.pem -quiet <&4 > got 2>/dev/null &
dtls() { { echo datagrams; sleep 0.5; } | timeout 5 openssl s_client -dtls -connect "127.0.0.1:$udp" -CAfile cert.pem -no_ign_eof >/dev/null 2>&1; grep -q datagrams got; }
eventually dtls; cat got | head -1
