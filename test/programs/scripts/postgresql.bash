# PostgreSQL: initdb, the server by TCP and by a UNIX socket, psql, pgbench, and recovery after a backend is killed.
PATH=$(echo /usr/lib/postgresql/*/bin | tr ' ' '\n' | tail -1):$PATH
port=$(free_port)
# No server runs as root.
data=$(mktemp -d); chown nobody "$data"; trap 'stop $(jobs -p); rm -rf "$data"' EXIT; cd "$data"
as() { setpriv --reuid=nobody --regid=nogroup --clear-groups -- "$@"; }
as initdb -D db -U owner --auth=trust -E UTF8 --locale=C --no-sync > initdb.log 2>&1 || cat initdb.log
cat >> db/postgresql.conf <<C
listen_addresses = '127.0.0.1, ::1'
port = $port
unix_socket_directories = '$data'
shared_buffers = 16MB
max_connections = 30
fsync = off
C
setpriv --reuid=nobody --regid=nogroup --clear-groups -- postgres -D db 2> server.log &
sql() { psql -h 127.0.0.1 -p "$port" -U owner -d postgres -X -q -t -A -v ON_ERROR_STOP=1 "$@"; }
ready() { pg_isready -q -h 127.0.0.1 -p "$port"; }
eventually ready
sql -c 'create table t (n int primary key, s text)' -c "insert into t select n, 'row ' || n from generate_series(1, 5000) n"
sql -c 'select count(*), sum(n) from t' -c 'create index on t (s)' -c "select n from t where s = 'row 77'"
psql -h "$data" -p "$port" -U owner -d postgres -X -t -A -c 'select inet_client_addr() is null'
psql -h ::1 -p "$port" -U owner -d postgres -X -t -A -c 'select inet_client_addr()'
sql -c 'copy t to stdout' | md5sum
sql -c 'set max_parallel_workers_per_gather = 2' -c 'set parallel_setup_cost = 0' -c 'set parallel_tuple_cost = 0' -c 'set min_parallel_table_scan_size = 0' -c 'select count(*) from t a, t b where a.n % 100 = b.n % 100'
(sql -c 'listen news' -c 'select pg_sleep(1)' -c 'select 1' > news) &
listening=$!
sleep 0.3; sql -c "notify news, 'hello'"; wait $listening; grep -o 'notification "news" with payload "hello"' news
sql -c 'select 1/0' 2>&1
pgbench -h 127.0.0.1 -p "$port" -U owner -i -q postgres > /dev/null 2>&1
pgbench -h 127.0.0.1 -p "$port" -U owner -c 4 -j 2 -t 100 postgres 2>&1 | grep -E 'actually|failed'
sql -c 'select sum(abalance) = (select sum(delta) from pgbench_history) from pgbench_accounts'
pgbench -h "$data" -p "$port" -U owner -c 4 -S -M prepared -t 500 postgres 2>&1 | grep -E 'actually|failed'
# A transaction that nobody ends; the server kills all others, and recovers.
sql -c "begin; insert into t values (0, 'lost'); select pg_sleep(100)" > /dev/null 2>&1 &
client=$!
sleeping() { [ "$(sql -c "select count(*) from pg_stat_activity where wait_event = 'PgSleep'")" = 1 ]; }
eventually sleeping
kill -KILL "$(sql -c "select pid from pg_stat_activity where wait_event = 'PgSleep'")"; wait $client; echo $?
recovered() { sql -c 'select count(*) from t' > count 2> /dev/null; }
eventually recovered; cat count
grep -c 'terminated by signal 9' server.log
as pg_ctl -D db -m fast stop | tail -1; wait %1; echo $?
grep -E 'PANIC|could not' server.log
