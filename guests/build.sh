#!/bin/sh
# build.sh [OUTDIR] [ARCH] [NAME]: builds the Linux guests that changed, or only NAME, statically; silent when all is well.
#
# OUTDIR defaults to .cache/guests/ARCH and ARCH to this machine's. linux/NAME.c and linux/ARCH/NAME.c become OUTDIR/NAME,
# linux/die/NAME.c OUTDIR/die-NAME, linux/musl/NAME.c OUTDIR/musl-NAME, real/NAME.c OUTDIR/NAME. CC names the compiler, MUSL_CC
# musl's. For another architecture than this machine's, a cross compiler builds, and the libraries, musl and OUTDIR/busybox are
# Debian's (ci/debian.mjs). A guest that only lacks an optional package is skipped by name on stderr.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
host=$(uname -m | sed s/aarch64/arm64/)
arch=${2:-$host}
out=${1:-$here/../.cache/guests/$arch}
only=${3:-}
case $arch in
  x86_64) machine=x86_64 cross_packages='gcc-x86-64-linux-gnu libc6-dev-amd64-cross' ;;
  arm64) machine=aarch64 cross_packages='gcc-aarch64-linux-gnu libc6-dev-arm64-cross' ;;
  *) echo "guests/build.sh: unknown architecture '$arch': give x86_64 or arm64" >&2; exit 2 ;;
esac
if [ "$arch" = "$host" ]; then
  cc=${CC:-gcc} packages='gcc libc6-dev'
else
  cc=${CC:-$machine-linux-gnu-gcc} packages=$cross_packages
fi
export CC="$cc"
# Guests pass wrong arguments on purpose; FAULT_OF (linux/fault.h) changes no local variable before it jumps back.
flags='-std=gnu17 -D_GNU_SOURCE -O1 -g0 -Wall -Wextra -Wshadow'
flags="$flags -Wno-stringop-overflow -Wno-stringop-overread -Wno-nonnull -Wno-clobbered"

command -v "${cc%% *}" >/dev/null || {
  echo "guests/build.sh: no C compiler '$cc': apt-get install $packages, or set CC" >&2
  exit 1
}
mkdir -p "$out"

skip() {
  # shellcheck disable=SC2254 # $1 is a pattern
  case $only in '' | $1) echo "guests/build.sh: skipped $1: $2" >&2 ;; esac
}

is_wanted() {
  [ -z "$only" ] || [ "${1##*/}" = "$only" ]
}

# compile COMPILER SOURCE TARGET FLAG...: builds beside the target and renames, so that an interrupted build leaves none.
compile() {
  compiler=$1 source=$2 target=$3
  is_wanted "$target" || return 0
  shift 3
  fresh=yes
  for input in "$source" "$here"/linux/*.h "$here/linux/$arch"/*.h "$here/build.sh"; do
    [ "$target" -nt "$input" ] || fresh=no
  done
  [ $fresh = no ] || return 0
  # In two steps: ccache keeps objects, and not what is linked.
  # shellcheck disable=SC2086 # compilers and flags are words
  $compiler $flags -I"$here/linux" -I"$here/linux/$arch" "$@" -c -o "$target.o" "$source" &&
    $compiler "$target.o" "$@" -o "$target.new" && rm "$target.o" && mv "$target.new" "$target"
}

# The same, as many at once as there are processors; `finish` waits for all, and fails if one has failed.
failed=$out/.failed
at_once=$(nproc)
started=0
begin() {
  is_wanted "$3" || return 0
  { compile "$@" || : >"$failed"; } &
  started=$((started + 1))
  [ $((started % at_once)) -ne 0 ] || wait
}
finish() {
  wait
  [ ! -e "$failed" ]
}

rm -f "$failed"
for source in "$here"/linux/*.c "$here/linux/$arch"/*.c; do
  begin "$cc" "$source" "$out/$(basename "$source" .c)" -static -no-pie
done
for source in "$here"/linux/die/*.c; do
  begin "$cc" "$source" "$out/die-$(basename "$source" .c)" -static -no-pie
done
finish
compile "$cc" "$here/linux/matrix/argument-matrix.c" "$out/argument-matrix" -static -no-pie
compile "$cc" "$here/linux/auxv.c" "$out/auxv-pie" -static-pie -fPIE
compile "$cc" "$here/linux/xpledge.c" "$out/xpledge-dynamic" -pie -fPIE

# Another architecture's packages, unpacked; empty for this machine's own, which are installed.
tree=
foreign=yes
if [ "$arch" != "$host" ]; then
  tree=$(node "$here/../ci/debian.mjs" "$arch" musl-dev liblua5.4-dev libsqlite3-dev busybox-static) || foreign=no
fi

musl_cc=${MUSL_CC:-musl-gcc}
if [ -n "$tree" ]; then
  # Debian's own wrapper for that compiler, pointed to where the package was unpacked.
  sed "s,/usr/,$tree/usr/,g" "$tree/usr/lib/$machine-linux-musl/musl-gcc.specs" >"$out/.musl-gcc.specs"
  musl_cc="$cc -specs=$out/.musl-gcc.specs"
fi
if [ $foreign = no ]; then
  skip 'musl-*' "no packages of $arch"
elif ! command -v "${musl_cc%% *}" >/dev/null; then
  skip 'musl-*' "no '$musl_cc': apt-get install musl-tools"
else
  for source in "$here"/linux/musl/*.c; do
    begin "$musl_cc" "$source" "$out/musl-$(basename "$source" .c)" -static
  done
  finish
fi

# library NAME PACKAGE ARCHIVE INCLUDE: real/NAME.c over a static library of Debian's.
library() {
  archive=$tree/usr/lib/$machine-linux-gnu/$3
  if [ $foreign = no ]; then
    skip "$1" "no packages of $arch"
  elif [ ! -e "$archive" ]; then
    skip "$1" "no static library: apt-get install $2"
  else
    # The linker warns of dlopen in static programs on stderr, at length; neither library loads anything here.
    compile "$cc" "$here/real/$1.c" "$out/$1" -static -no-pie -I"$tree/usr/include/$4" \
      -I"$tree/usr/include/$machine-linux-gnu" "$archive" -lm 2>"$out/.$1.log" || {
      cat "$out/.$1.log" >&2
      return 1
    }
  fi
}

library lua liblua5.4-dev liblua5.4.a lua5.4
library sqlite libsqlite3-dev libsqlite3.a .

if [ -n "$tree" ]; then
  [ "$out/busybox" -nt "$tree/usr/bin/busybox" ] || cp "$tree/usr/bin/busybox" "$out/busybox"
elif [ $foreign = no ]; then
  skip busybox "no packages of $arch"
fi

[ -n "$only" ] || sh "$here/bare/build.sh" "$out" "$arch"
