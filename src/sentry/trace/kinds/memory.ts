// Kinds of mmap(2)'s family.

import * as mman from '../../../abi/mman.ts'
import * as platform from '../../../platform/platform.ts'
import {flagged, HIDDEN, type Kinds, named} from '../kind.ts'
import {enumeration, flagWord, pick, startingWith} from '../text/number.ts'
import {showFirst} from '../text/view.ts'

const protection = flagWord(
  {
    ...pick(platform, 'PROT_READ PROT_WRITE PROT_EXEC'),
    ...pick(mman, 'PROT_SEM PROT_GROWSDOWN PROT_GROWSUP'),
  },
  'PROT_???',
  'PROT_NONE',
)

/** No type at all: the historical name of 0. */
const MAP_FILE = 'MAP_FILE'
const mapType = enumeration(pick(mman, 'MAP_SHARED MAP_PRIVATE MAP_SHARED_VALIDATE'), 'MAP_???')
const mapBits = flagWord(
  startingWith(mman, 'MAP_', ['MAP_SHARED', 'MAP_PRIVATE', 'MAP_SHARED_VALIDATE', 'MAP_TYPE']),
  'MAP_???',
)

/** mmap(2)'s flags: the type, then the others. */
function mapFlags(value: number): string {
  const type = value & mman.MAP_TYPE
  const rest = value & ~mman.MAP_TYPE
  const typeText = type === 0 ? MAP_FILE : mapType(type)
  return rest === 0 ? typeText : `${typeText}|${mapBits(rest)}`
}

const TO_ADDRESS = mman.MREMAP_FIXED | mman.MREMAP_MAYMOVE

export const memory = {
  prot: flagged(protection),
  mapflags: flagged(mapFlags),
  remapflags: flagged(flagWord(startingWith(mman, 'MREMAP_'), 'MREMAP_???')),
  /** mremap(2)'s new address, which it takes only with certain flags. */
  remapptr: {
    enter(call, index) {
      const flags = call.int32(index - 1)
      const isTaken = (flags & TO_ADDRESS) === TO_ADDRESS || (flags & mman.MREMAP_DONTUNMAP) !== 0
      return isTaken ? call.pointer(index) : HIDDEN
    },
  },
  /** mincore(2)'s vector: a byte for each page of the range. */
  pages_out: {
    leave: (call, index) =>
      call.follow(index, (address, guest) => {
        const pages = Math.ceil(call.address(index - 1) / platform.PAGE_SIZE)
        const bytes = guest.readBytes(address, Math.min(pages, call.limit))
        return showFirst(pages, call.limit, (i) => bytes[i])
      }),
  },
  advice: named(enumeration(startingWith(mman, 'MADV_'), 'MADV_???')),
  msyncflags: flagged(flagWord(pick(mman, 'MS_SYNC MS_ASYNC MS_INVALIDATE'), 'MS_???')),
  mlockallflags: flagged(flagWord(startingWith(mman, 'MCL_'), 'MCL_???')),
  mlockflags: flagged(flagWord(startingWith(mman, 'MLOCK_'), 'MLOCK_???')),
} satisfies Kinds
