// Where arm64's numbers and layouts differ from x86_64's. Linux arch/arm64/include/uapi/asm: fcntl.h, signal.h; asm-generic/stat.h.

import {O_DIRECT, O_DIRECTORY, O_LARGEFILE, O_NOFOLLOW} from '../../abi/open-flags.ts'
import type {KernelAbi} from '../architecture.ts'

const MOVED = O_DIRECT | O_LARGEFILE | O_DIRECTORY | O_NOFOLLOW

export const kernelAbi: KernelAbi = {
  openFlags,
  stat: {size: 128, mode: 16, nlink: 20, uid: 24, gid: 28, rdev: 32},
  epollEvent: {size: 16, data: 8},
  cloneThreadPointer: 3,
  checksThreadPointer: false,
  semidDs: {size: 88, ctime: 56, nsems: 64},
  // arm64's mmap(2) does not know it, and ignores it with the other unknown bits.
  mmapBelow2GiB: 0,
  // The frame alone takes 4,720 bytes.
  minSignalStack: 5120,
  auditArch: 0xc000_00b7 | 0,
}

/** arm64 has O_DIRECTORY and O_NOFOLLOW where x86_64 has O_DIRECT and O_LARGEFILE, and vice versa. */
function openFlags(flags: number): number {
  const down = (flags & (O_DIRECTORY | O_NOFOLLOW)) >> 2
  const up = (flags & (O_DIRECT | O_LARGEFILE)) << 2
  return (flags & ~MOVED) | down | up
}
