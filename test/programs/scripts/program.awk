# awk with commands that it starts.
BEGIN { while (("seq 5" | getline line) > 0) sum += line; close("seq 5"); print sum
  print "to sort\nanother" | "sort"; close("sort"); system("exit 3"); "pwd | sed s,.*/,," | getline where; print where
  printf "%d %s\n", system("exit 4"), toupper("x"); print length("äö"), substr("hello", 2, 3) }
{ count[$1]++ } END { for (k in count) print k, count[k] | "sort" }
