// Names of mmap(2)'s family.

import * as mman from '../../../abi/mman.ts'
import * as platform from '../../../platform/platform.ts'
import {enumeration, flagWord} from '../text/number.ts'
import {pick, startingWith} from './pick.ts'

export const protection = flagWord(
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
export function mapFlags(value: number): string {
  const type = value & mman.MAP_TYPE
  const rest = value & ~mman.MAP_TYPE
  const typeText = type === 0 ? MAP_FILE : mapType(type)
  return rest === 0 ? typeText : `${typeText}|${mapBits(rest)}`
}

export const remapFlags = flagWord(startingWith(mman, 'MREMAP_'), 'MREMAP_???')
export const syncFlags = flagWord(pick(mman, 'MS_SYNC MS_ASYNC MS_INVALIDATE'), 'MS_???')
export const lockAllFlags = flagWord(startingWith(mman, 'MCL_'), 'MCL_???')
export const lockFlags = flagWord(startingWith(mman, 'MLOCK_'), 'MLOCK_???')
export const adviceName = enumeration(startingWith(mman, 'MADV_'), 'MADV_???')
