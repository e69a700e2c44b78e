# MariaDB: a new database, the server by TCP and by a UNIX socket, tables, transactions, and recovery after the server is killed.
port=$(free_port)
data=$(mktemp -d); trap 'stop $(jobs -p); rm -rf "$data"' EXIT; cd "$data"
mariadb-install-db --no-defaults --datadir="$data/db" --auth-root-authentication-method=normal --skip-test-db --user=root > install.log 2>&1 || cat install.log
server() { exec mariadbd --no-defaults --user=root --datadir="$data/db" --socket="$data/socket" --bind-address=127.0.0.1 --port="$port" --pid-file="$data/pid" --skip-log-bin --innodb-buffer-pool-size=32M --innodb-flush-log-at-trx-commit=1 "$@" 2>> log; }
sql() { mariadb --no-defaults --skip-ssl-verify-server-cert -u root --protocol=tcp -h 127.0.0.1 -P "$port" -N -B "$@"; }
ready() { sql -e 'select 1' > /dev/null 2>&1; }
server &
eventually ready
sql -e 'create database d; create table d.t (n int primary key, s varchar(99), key (s)) engine=innodb'
sql -e 'insert into d.t select seq, concat("row ", seq) from seq_1_to_5000; select count(*), sum(n) from d.t; select n from d.t where s = "row 77"' d
mariadb --no-defaults --skip-ssl-verify-server-cert -u root --socket="$data/socket" -N -B -e 'select current_user()'
sql -e 'start transaction; delete from t; rollback; select count(*) from t' d
for i in 1 2 3 4; do sql -e "insert into t select $i * 10000 + seq, '$i' from seq_1_to_500" d & done; wait %2 %3 %4 %5
sql -e 'select s, count(*) from t where n >= 10000 group by s; check table t' d
sql -e 'select * from none' d 2>&1
kill -KILL "$(cat pid)"; wait %1 2>/dev/null
server & eventually ready
sql -e 'select count(*) from t; check table t' d
mariadb-admin --no-defaults --skip-ssl-verify-server-cert -u root --socket="$data/socket" shutdown; wait $!; echo $?
