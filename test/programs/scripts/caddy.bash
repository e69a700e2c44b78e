# caddy: files, a proxy, an internal certificate, and a reload by its API.
port=$(free_port) secure=$(free_port) admin=$(free_port)
mkdir www; seq 20000 > www/numbers; export XDG_DATA_HOME=$PWD/data XDG_CONFIG_HOME=$PWD/config
cat > Caddyfile <<C
{
  admin 127.0.0.1:$admin
  auto_https disable_redirects
  skip_install_trust
}
http://127.0.0.1:$port {
  root * www
  file_server
  handle_path /proxied/* {
    reverse_proxy https://localhost:$secure {
      header_up Host localhost:$secure
      transport http {
        tls_insecure_skip_verify
      }
    }
  }
}
https://localhost:$secure {
  tls internal
  respond "secure {http.request.proto}"
}
C
caddy run --config Caddyfile > log 2>&1 &
eventually opens "$port"; eventually opens "$secure"
url=http://127.0.0.1:$port
curl -sS $url/numbers | cmp - www/numbers && echo equal
curl -sS --parallel --parallel-max 8 "$url/numbers?[1-64]" -o 'part#1'; cat part* | md5sum
secured() { curl -sSfk "https://localhost:$secure/" -o got 2> /dev/null; }
eventually secured; cat got; echo
curl -sS $url/proxied/; echo
sed -i 's/secure {/again {/' Caddyfile; caddy reload --config Caddyfile --address "127.0.0.1:$admin" > /dev/null 2>&1; echo $?
changed() { curl -sSk "https://localhost:$secure/" | grep -q again; }
eventually changed
caddy stop --address "127.0.0.1:$admin" > /dev/null 2>&1; wait %1; echo $?; opens "$port" || echo closed
