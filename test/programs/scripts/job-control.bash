# Job control without a terminal.
set -m
sleep 0.3 | cat & jobs | sed 's/ *$//'
wait; echo "waited $?"
sleep 100 & kill -STOP %1; sleep 0.1; jobs; kill -CONT %1; kill %1; wait %1; echo "ended $?"
(sleep 0.1; echo in the background) & fg %1 > /dev/null; echo "fg $?"
