# Traps, ends by signals, timeout.
trap 'echo usr1' USR1; kill -USR1 $$; echo after
trap 'echo term; exit 9' TERM
(trap 'echo inner exit' EXIT; kill -USR1 $$; true)
trap 'echo child' CHLD; (exit 1); trap - CHLD
trap '' HUP; bash -c 'kill -HUP $$; echo ignored by the child too'
trap 'echo exit' EXIT
( kill -TERM $BASHPID; echo not reached ); echo "subshell $?"
timeout 0.1 sleep 10; echo "timeout $?"
timeout -s KILL 0.1 sleep 10; echo "timeout $?"
kill -TERM $$
