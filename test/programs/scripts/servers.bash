# Functions for scripts that start servers: free ports, waits with an end, and an exit that stops everything.
trap 'stop $(jobs -p)' EXIT

# A port of 127.0.0.1 on which nobody listens.
free_port() {
  local port
  while port=$((RANDOM % 8192 + 20480)) && opens "$port"; do :; done
  echo "$port"
}

opens() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# Tries a command for a minute.
eventually() {
  local end=$((SECONDS + 60))
  until "$@"; do
    ((SECONDS < end)) || { echo "never: $*"; exit 1; }
    sleep 0.05
  done
}

stop() {
  (($# > 0)) || return 0
  kill "$@" 2>/dev/null
  wait "$@" 2>/dev/null
}

# What the lines of a port's server say to some lines of input.
ask() {
  exec 3<>"/dev/tcp/127.0.0.1/$1"
  cat >&3
  tr -d '\r' <&3
  exec 3>&-
}

# A key and a certificate for 127.0.0.1: key.pem, cert.pem.
make_certificate() {
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost \
    -addext 'subjectAltName=DNS:localhost,IP:127.0.0.1' -keyout key.pem -out cert.pem 2>/dev/null
}
