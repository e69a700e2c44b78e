#!/bin/sh
# build.sh [OUTDIR] [ARCH]: builds the Linux guests statically, only what changed; silent when all is well.
#
# OUTDIR defaults to .cache/guests/ARCH and ARCH to x86_64. CC names the compiler (arm64: aarch64-linux-gnu-gcc), MUSL_CC
# musl's. linux/NAME.c becomes OUTDIR/NAME, linux/die/NAME.c OUTDIR/die-NAME, linux/musl/NAME.c OUTDIR/musl-NAME, real/NAME.c
# OUTDIR/NAME. What lacks only an optional package is skipped by name on stderr; a file that says `// only x86_64` on one of
# its first three lines is not built for arm64.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
arch=${2:-x86_64}
out=${1:-$here/../.cache/guests/$arch}
case $arch in
  x86_64) default_cc=gcc packages='gcc libc6-dev' ;;
  arm64) default_cc=aarch64-linux-gnu-gcc packages='gcc-aarch64-linux-gnu libc6-dev-arm64-cross' ;;
  *) echo "guests/build.sh: unknown architecture '$arch': give x86_64 or arm64" >&2; exit 2 ;;
esac
cc=${CC:-$default_cc}
musl_cc=${MUSL_CC:-musl-gcc}
# Guests pass wrong arguments on purpose; FAULT_OF (linux/fault.h) changes no local before it jumps back.
flags='-std=gnu17 -D_GNU_SOURCE -O1 -g0 -Wall -Wextra -Wshadow'
flags="$flags -Wno-stringop-overflow -Wno-stringop-overread -Wno-nonnull -Wno-clobbered"

command -v "${cc%% *}" >/dev/null || {
  echo "guests/build.sh: no C compiler '$cc': apt-get install $packages, or set CC" >&2
  exit 1
}
mkdir -p "$out"

# compile COMPILER SOURCE TARGET FLAG...: builds beside the target and renames, so that an interrupted build leaves none.
compile() {
  compiler=$1 source=$2 target=$3
  shift 3
  fresh=yes
  for input in "$source" "$here"/linux/*.h "$here/build.sh"; do
    [ "$target" -nt "$input" ] || fresh=no
  done
  [ $fresh = no ] || return 0
  # shellcheck disable=SC2086 # compilers and flags are words
  $compiler $flags -I"$here/linux" -o "$target.new" "$source" "$@" && mv "$target.new" "$target"
}

wanted() {
  [ "$arch" = x86_64 ] || ! head -n 3 "$1" | grep -q '^// only x86_64'
}

for source in "$here"/linux/*.c; do
  ! wanted "$source" || compile "$cc" "$source" "$out/$(basename "$source" .c)" -static -no-pie
done
for source in "$here"/linux/die/*.c; do
  ! wanted "$source" || compile "$cc" "$source" "$out/die-$(basename "$source" .c)" -static -no-pie
done
compile "$cc" "$here/linux/auxv.c" "$out/auxv-pie" -static-pie -fPIE

if [ "$arch" = x86_64 ] && command -v "${musl_cc%% *}" >/dev/null; then
  for source in "$here"/linux/musl/*.c; do
    compile "$musl_cc" "$source" "$out/musl-$(basename "$source" .c)" -static
  done
elif [ "$arch" = x86_64 ]; then
  echo "guests/build.sh: skipped musl-*: no '$musl_cc': apt-get install musl-tools" >&2
fi

# library NAME PACKAGE HEADER LIBRARY FLAG...: real/NAME.c over a static library of Debian's.
library() {
  name=$1 package=$2 header=$3 archive=$4
  shift 4
  if [ "$(echo "#include <$header>" | $cc "$@" -E - >/dev/null 2>&1 && echo yes)" != yes ] ||
    [ "$($cc -print-file-name="$archive")" = "$archive" ]; then
    echo "guests/build.sh: skipped $name: no static library: apt-get install $package" >&2
    return 0
  fi
  # The linker warns of dlopen in static programs on stderr, at length; neither library loads anything here.
  compile "$cc" "$here/real/$name.c" "$out/$name" -static -no-pie "$@" "-l:$archive" -lm 2>"$out/.$name.log" || {
    cat "$out/.$name.log" >&2
    return 1
  }
}

library lua liblua5.4-dev lua.h liblua5.4.a -I/usr/include/lua5.4
library sqlite libsqlite3-dev sqlite3.h libsqlite3.a

sh "$here/bare/build.sh" "$out" "$arch"
