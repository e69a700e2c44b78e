// Random messages of a hostile machine: fields that make sense, fields that make none, and broken ones.

import {type Field, message, u8, u16, u32} from './9p-message.ts'
import {type CommonKind, commonField, NAMES, NUMBERS, pick, seldomBroken} from './hostile-fields.ts'
import type {Random} from './mutate.ts'

/** More than may be in use at a time. */
const FIDS = 80
export const NO_FID = 0xffff_ffff
type Kind = CommonKind | 'fid' | 'newFid' | 'u8' | 'u16' | 'data' | 'names'

/** The requests' layouts. */
const LAYOUTS: readonly (readonly [type: number, weight: number, ...kinds: Kind[]])[] = [
  [8, 1, 'fid'],
  [12, 6, 'fid', 'flags'],
  [14, 6, 'fid', 'name', 'flags', 'mode', 'u32'],
  [16, 2, 'fid', 'name', 'target', 'u32'],
  [18, 2, 'fid', 'name', 'mode', 'u32', 'u32', 'u32'],
  [20, 2, 'fid', 'fid', 'name'],
  [22, 1, 'fid'],
  [24, 2, 'fid', 'offset'],
  [26, 3, 'fid', 'u32', 'mode', 'u32', 'u32', 'offset', 'offset', 'u32', 'u32', 'offset', 'u32', 'u32'],
  [30, 1, 'fid', 'newFid', 'target'],
  [32, 1, 'fid', 'name', 'offset', 'u32'],
  [40, 3, 'fid', 'offset', 'u32'],
  [50, 1, 'fid', 'u32'],
  [52, 2, 'fid', 'u8', 'u32', 'offset', 'offset', 'u32', 'name'],
  [54, 1, 'fid', 'u8', 'offset', 'offset', 'u32', 'name'],
  [70, 2, 'fid', 'fid', 'name'],
  [72, 3, 'fid', 'name', 'mode', 'u32'],
  [74, 3, 'fid', 'name', 'fid', 'name'],
  [76, 3, 'fid', 'name', 'u32'],
  [102, 1, 'fid', 'name', 'name', 'u32'],
  [108, 1, 'u16'],
  [110, 12, 'fid', 'newFid', 'names'],
  [116, 3, 'fid', 'offset', 'u32'],
  [118, 3, 'fid', 'offset', 'data'],
  [120, 3, 'fid'],
  [122, 1, 'fid'],
  [255, 1, 'u32'],
]
export const [WALK, CLUNK, REMOVE] = [110, 120, 122]
const WEIGHTED = LAYOUTS.flatMap((layout) => Array.from({length: layout[1]}, () => layout))

/** @param live fids that the machine has */
function fieldOf(kind: Kind, random: Random, live: ReadonlySet<number>): Field[] {
  switch (kind) {
    case 'fid':
      return [u32(random(8) === 0 ? random(FIDS) : ([...live][random(live.size)] ?? 0))]
    case 'newFid':
      return [u32(random(20) === 0 ? NO_FID : random(FIDS))]
    case 'u8':
      return [u8(random(4))]
    case 'u16':
      return [u16(random(32))]
    case 'data': {
      const bytes = new Uint8Array(random(500)).fill(random(256))
      return [u32(random(20) === 0 ? pick(random, NUMBERS) : bytes.length), bytes]
    }
    case 'names': {
      const names = Array.from({length: random(20) === 0 ? random(40) : random(3)}, () =>
        pick(random, NAMES.slice(0, 7)),
      )
      return [u16(random(20) === 0 ? random(65536) : names.length), ...names]
    }
    default:
      return [commonField(kind, random)]
  }
}

/** One in ten is also broken. */
export function hostileMessage(random: Random, live: ReadonlySet<number>): Uint8Array {
  const [type, , ...kinds] = WEIGHTED[random(WEIGHTED.length)]
  const fields = kinds.flatMap((kind) => fieldOf(kind, random, live))
  return seldomBroken(random, message(type, random(8), ...fields))
}
