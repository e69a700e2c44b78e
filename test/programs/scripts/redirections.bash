# Redirections, here-documents, process substitution.
cat <<END
here $((6 * 7)) $(echo document)
END
cat <<'END'
$not expanded
END
cat <<< "a here string"
exec 5<>file; echo five >&5; cat file; exec 5>&-
diff <(seq 1 5) <(seq 2 6); echo "diff $?"
tee >(wc -c > counted) < file > /dev/null; sleep 0.2; cat counted
ls nowhere 2> errors; echo "ls $?"; wc -l < errors
echo append >> file; wc -l < file
read line < <(echo from process); echo "$line"
