# Loops, statuses, a background job and exec.
n=0; while [ $n -lt 200 ]; do /bin/true; n=$((n + 1)); done; echo $n
seq 5 | while read x; do echo "<$x>"; done
sh -c 'exit 5'; echo $?
sh -c 'kill -9 $$'; echo $?
# dash tells of the end only where it is wait that reaps it.
sleep 10 & kill $!; wait $! 2> /dev/null; echo $?
cat <<END
dash $((3 * 4))
END
trap 'echo bye' EXIT
(exec /bin/echo exec) && exec /nowhere/nothing
