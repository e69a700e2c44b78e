#!/bin/sh
# build.sh OUTDIR ARCH: builds the bare-metal guests that changed; guests/build.sh calls it.
#
# NAME.c becomes OUTDIR/bare-NAME, an ELF file for the bare machine. arch/ARCH/flat/NAME.S becomes OUTDIR/bare-NAME.bin, a
# flat image for tests of the VM API: on x86_64 for guest physical address 0x1000, on arm64 for any.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
out=$1
arch=$2
[ -d "$here/arch/$arch" ] || exit 0
case $arch in
  x86_64) default_cc=gcc arch_flags='-mno-red-zone -mgeneral-regs-only -fcf-protection=none' ;;
  arm64) default_cc=aarch64-linux-gnu-gcc arch_flags='-mgeneral-regs-only -mno-outline-atomics' ;;
esac
cc=${CC:-$default_cc}
flags="-std=gnu17 -O1 -g0 -Wall -Wextra -Wshadow -ffreestanding -nostdlib -static -fno-pic -no-pie"
flags="$flags -fno-stack-protector -fno-asynchronous-unwind-tables -Wl,--build-id=none $arch_flags"
image_address=0x1000
mkdir -p "$out"

fresh() {
  for input in "$here"/*.[ch] "$here/build.sh" "$here/arch/$arch"/*.* "$here/arch/$arch"/flat/*.S; do
    [ ! -e "$input" ] || [ "$1" -nt "$input" ] || return 1
  done
}

# elf NAME SOURCE...: builds beside the target and renames, so that an interrupted build leaves none.
elf() {
  target=$out/bare-$1
  shift
  ! fresh "$target" || return 0
  # shellcheck disable=SC2086 # flags are words
  $cc $flags -I"$here" -I"$here/arch/$arch" -T "$here/arch/$arch/link.ld" -o "$target.new" \
    "$here/arch/$arch/start.S" "$here/arch/$arch/machine.c" "$here/print.c" "$@"
  mv "$target.new" "$target"
}

elf hello "$here/hello.c"
elf echo "$here/echo.c"
elf misbehave "$here/misbehave.c" "$here/arch/$arch/misbehave.c"
elf ticks "$here/ticks.c" "$here/arch/$arch/ticks.c"
elf paper "$here/paper.c" "$here/arch/$arch/paper.c"
[ "$arch" != arm64 ] || elf vhe "$here/arch/arm64/vhe.c"

for source in "$here/arch/$arch"/flat/*.S; do
  [ -e "$source" ] || continue
  target=$out/bare-$(basename "$source" .S).bin
  ! fresh "$target" || continue
  $cc -nostdlib -static -no-pie -Wl,-Ttext="$image_address",-e,"$image_address",--build-id=none -Wa,--noexecstack \
    -o "$target.elf" "$source"
  "$($cc -print-prog-name=objcopy)" -O binary "$target.elf" "$target.new"
  rm "$target.elf"
  mv "$target.new" "$target"
done
