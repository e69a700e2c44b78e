// Kinds of mmap(2)'s family.

import {MREMAP_DONTUNMAP, MREMAP_FIXED, MREMAP_MAYMOVE} from '../../../abi/mman.ts'
import {PAGE_SIZE} from '../../../platform/platform.ts'
import {flagged, HIDDEN, type Kinds, named} from '../kind.ts'
import {
  adviceName,
  lockAllFlags,
  lockFlags,
  mapFlags,
  protection,
  remapFlags,
  syncFlags,
} from '../names/memory.ts'

const TO_ADDRESS = MREMAP_FIXED | MREMAP_MAYMOVE

export const memory = {
  prot: flagged(protection),
  mapflags: flagged(mapFlags),
  remapflags: flagged(remapFlags),
  /** mremap(2)'s new address, which it takes only with certain flags. */
  remapptr: {
    enter(call, index) {
      const flags = call.int32(index - 1)
      const isTaken = (flags & TO_ADDRESS) === TO_ADDRESS || (flags & MREMAP_DONTUNMAP) !== 0
      return isTaken ? call.pointer(index) : HIDDEN
    },
  },
  /** mincore(2)'s vector: a byte for each page of the range. */
  pages_out: {
    leave: (call, index) =>
      call.follow(index, (address, guest) => {
        const pages = Math.ceil(call.address(index - 1) / PAGE_SIZE)
        const bytes = guest.readBytes(address, Math.min(pages, call.limit))
        return `[${bytes.join(', ')}${pages > call.limit ? ', ...' : ''}]`
      }),
  },
  advice: named(adviceName),
  msyncflags: flagged(syncFlags),
  mlockallflags: flagged(lockAllFlags),
  mlockflags: flagged(lockFlags),
} satisfies Kinds
