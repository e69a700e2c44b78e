// x86_64's own numbers and layouts. Linux arch/x86/include/uapi/asm: stat.h, mman.h, signal.h; linux/eventpoll.h.

import {MAP_32BIT} from '../../abi/mman.ts'
import type {KernelAbi} from '../architecture.ts'

export const kernelAbi: KernelAbi = {
  // src/abi/open-flags.ts has the same values.
  openFlags: (flags) => flags,
  stat: {size: 144, nlink: 16, mode: 24, uid: 28, gid: 32, rdev: 40},
  // Packed, so that 32-bit programs see the same.
  epollEvent: {size: 12, data: 4},
  cloneThreadPointer: 4,
  checksThreadPointer: true,
  semidDs: {size: 104, ctime: 64, nsems: 80},
  mmapBelow2GiB: MAP_32BIT,
  minSignalStack: 2048,
  auditArch: 0xc000_003e | 0,
}
