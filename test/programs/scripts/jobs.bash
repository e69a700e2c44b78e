# Jobs in the background, wait and wait -n, a coprocess.
sleep 0.05 & first=$!
(sleep 0.1; exit 7) & second=$!
wait $first; echo "first $?"
wait $second; echo "second $?"
for n in 3 1 2; do (sleep 0.$n; exit $n) & done
ends=; for n in 1 2 3; do wait -n; ends="$ends$?\n"; done; printf "$ends" | sort
wait -n; echo "none left $?"
sleep 100 & kill %1; wait %1; echo "killed $?"
sleep 100 & kill -STOP $!; kill -KILL $!; wait $!; echo "killed while stopped $?"
for i in $(seq 1 30); do (exit $((i % 2))) & done; wait; echo "all $?"
coproc CAT { cat; }; echo through >&"${CAT[1]}"; read back <&"${CAT[0]}"; echo "$back"
exec {CAT[1]}>&-; wait $CAT_PID; echo "coproc $?"
