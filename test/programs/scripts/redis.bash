# redis-server by TCP and by a UNIX socket: data types, expiry, messages, pipelines, snapshots, a replica, redis-benchmark.
port=$(free_port)
redis-server --port "$port" --bind 127.0.0.1 ::1 --unixsocket "$PWD/socket" --save '' --dir "$PWD" --logfile log --enable-debug-command yes &
alive() { [ "$(redis-cli -p "$port" "$@" ping 2>/dev/null)" = PONG ]; }
eventually alive
cli() { redis-cli -p "$port" "$@"; }
cli set a 1; cli incr a; cli rpush list x y z; cli lrange list 0 -1; cli hset h f v; cli hgetall h; cli append s hello; cli strlen s
redis-cli -s socket get a
redis-cli -h ::1 -p "$port" get a
cli eval 'return redis.call("get", KEYS[1]) + 1' 1 a
cli set short x px 20; sleep 0.2; cli exists short
printf 'set k%d v%d\r\n' $(seq 1 2000 | sed p) | cli --pipe | tail -1
cli dbsize
cli --csv mget k1 k2000
redis-cli -p "$port" --no-raw subscribe channel > messages &
subscriber=$!
subscribed() { [ "$(cli pubsub numsub channel | tail -1)" = 1 ]; }
eventually subscribed
cli publish channel hello
eventually grep -q hello messages; stop $subscriber; cat messages
cli bgsave
saved() { cli info persistence | grep -q 'rdb_bgsave_in_progress:0' && [ -e dump.rdb ]; }
eventually saved; head -c5 dump.rdb; echo
cli config set appendonly yes; cli set after aof; cli debug sleep 0
timeout 5 redis-cli -p "$port" blpop nothing 0.2
replica=$(free_port)
redis-server --port "$replica" --bind 127.0.0.1 --replicaof 127.0.0.1 "$port" --dir "$PWD" --dbfilename replica.rdb --logfile replica.log &
synced() { redis-cli -p "$replica" info replication 2> /dev/null | grep -q 'master_link_status:up'; }
eventually synced; redis-cli -p "$replica" get k77
for where in "-p $port" '-s socket'; do
  redis-benchmark $where -n 2000 -c 20 -q -t set,get,lpush,lrange_100 2>&1 | tr '\r' '\n' | grep requests | sed 's/:.*//'
  redis-benchmark $where -n 10000 -P 16 -q -t set,get 2>&1 | tr '\r' '\n' | grep requests | sed 's/:.*//'
done
cli client kill type normal skipme yes
redis-cli -p "$replica" shutdown nosave 2> replica-error; cli shutdown 2> error; wait %1; echo "$?"; alive || echo gone
