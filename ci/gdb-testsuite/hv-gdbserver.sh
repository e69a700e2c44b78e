#!/bin/bash
# gdbserver's command line for `hv run --gdb`, as gdb's testsuite uses it: [--once] HOST:PORT PROGRAM [ARG...], or --multi HOST:PORT: hv
# then has a program that gdb kills before it starts its own.
# HV is hv's command, HV_PLATFORM its platform. The program sees the host's tree, and may write below SUITE_FOLDER.

while [[ ${1-} == --* ]]; do
  case $1 in
    --once) ;;
    --multi) multi=1 ;;
    *) echo "hv-gdbserver.sh: hv has no $1: only --once and --multi" >&2; exit 2 ;;
  esac
  shift
done
[[ -z ${multi-} ]] || set -- "$1" /bin/true
(($# >= 2)) || { echo 'usage: hv-gdbserver.sh [--once] HOST:PORT PROGRAM [ARG...]' >&2; exit 2; }
port=${1##*:}
program=$(realpath -s -- "$2")
shift 2

# One row for each socket: state 0A listens. An expression of bash alone, because it is asked often.
listens() {
  local row
  while read -ra row; do
    [[ ${row[1]} == *:$hex && ${row[3]} == 0A ]] && return 0
  done < <(cat /proc/net/tcp /proc/net/tcp6)
  return 1
}
hex=$(printf '%04X' "$port")
if listens; then
  echo "Can't bind address: Address already in use."
  exit 1
fi
# What the testsuite waits for. hv has the terminal to itself.
(for ((i = 0; i < 600; i++)); do
  if listens; then
    echo "Listening on port $port"
    break
  fi
  sleep 0.05
done &)

variables=()
for name in $(compgen -e); do variables+=(--env "$name"); done
exec "$HV" run --gdb "127.0.0.1:$port" --platform "${HV_PLATFORM:-auto}" --memory 1G \
  --root / --volume "$SUITE_FOLDER:$SUITE_FOLDER:rw" --cwd "$PWD" "${variables[@]}" "$program" "$@"
