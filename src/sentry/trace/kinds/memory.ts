// Kinds of mmap(2)'s family.

import {MREMAP_DONTUNMAP, MREMAP_FIXED} from '../../../abi/mman.ts'
import {HIDDEN, type Kinds, named} from '../kind.ts'
import {
  adviceName,
  lockAllFlags,
  lockFlags,
  mapFlags,
  protection,
  remapFlags,
  syncFlags,
} from '../names/memory.ts'

export const memory = {
  prot: named(protection),
  mapflags: named(mapFlags),
  remapflags: named(remapFlags),
  /** mremap(2)'s new address, which it takes only with flags that say so. */
  remapptr: {
    enter(call, index) {
      const isTaken = (call.int32(index - 1) & (MREMAP_FIXED | MREMAP_DONTUNMAP)) !== 0
      return isTaken ? call.pointer(index) : HIDDEN
    },
  },
  advice: named(adviceName),
  msyncflags: named(syncFlags),
  mlockallflags: named(lockAllFlags),
  mlockflags: named(lockFlags),
} satisfies Kinds
