# Two processes that write one database.
sqlite3 db 'PRAGMA journal_mode=WAL; CREATE TABLE t (who, n)'
for who in a b; do (for n in $(seq 20); do sqlite3 -cmd '.timeout 20000' db "INSERT INTO t VALUES ('$who', $n)"; done) & done; wait
sqlite3 db 'SELECT who, count(*), sum(n) FROM t GROUP BY who'
