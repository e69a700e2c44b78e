// Random FUSE requests of a hostile machine: fields that make sense, fields that make none, and broken ones.

import {type Field, u32, u64} from './fields.ts'
import {Op, request} from './fuse-message.ts'
import {type CommonKind, commonField, FLAGS, NUMBERS, pick, seldomBroken} from './hostile-fields.ts'
import type {Random} from './mutate.ts'

type Kind = CommonKind | 'node' | 'handle' | 'data' | 'batch'

/** The requests' layouts, after their header. */
const LAYOUTS: readonly (readonly [opcode: number, weight: number, ...kinds: Kind[]])[] = [
  [Op.lookup, 12, 'name'],
  [Op.forget, 2, 'u32', 'u32'],
  [Op.getattr, 2, 'u32', 'u32', 'handle'],
  [
    Op.setattr,
    3,
    'u32',
    'u32',
    'handle',
    'offset',
    'offset',
    'offset',
    'offset',
    'offset',
    'u32',
    'u32',
    'u32',
    'mode',
    'u32',
    'u32',
    'u32',
    'u32',
  ],
  [Op.readlink, 1],
  [Op.symlink, 2, 'name', 'target'],
  [Op.mknod, 2, 'mode', 'u32', 'u32', 'u32', 'name'],
  [Op.mkdir, 3, 'mode', 'u32', 'name'],
  [Op.unlink, 2, 'name'],
  [Op.rmdir, 2, 'name'],
  [Op.rename, 3, 'node', 'name', 'name'],
  [Op.link, 2, 'node', 'name'],
  [Op.open, 5, 'flags', 'u32'],
  [Op.read, 3, 'handle', 'offset', 'u32', 'u32', 'offset', 'flags', 'u32'],
  [Op.write, 3, 'handle', 'offset', 'data'],
  [Op.statfs, 1],
  [Op.release, 4, 'handle', 'u32', 'u32', 'offset'],
  [Op.fsync, 1, 'handle', 'u32', 'u32'],
  [Op.getxattr, 1, 'u32', 'u32', 'name'],
  [Op.flush, 1, 'handle', 'offset', 'offset'],
  [Op.opendir, 3, 'flags', 'u32'],
  [Op.readdir, 2, 'handle', 'offset', 'u32', 'u32', 'offset', 'flags', 'u32'],
  [Op.setlk, 1, 'handle', 'offset', 'offset', 'offset', 'u32', 'u32', 'u32', 'u32'],
  [Op.access, 1, 'u32', 'u32'],
  [Op.create, 5, 'flags', 'mode', 'u32', 'u32', 'name'],
  [Op.interrupt, 1, 'offset'],
  [Op.batchForget, 1, 'batch'],
  [Op.fallocate, 2, 'handle', 'offset', 'offset', 'u32', 'u32'],
  [Op.readdirplus, 3, 'handle', 'offset', 'u32', 'u32', 'offset', 'flags', 'u32'],
  [Op.rename2, 2, 'node', 'u32', 'u32', 'name', 'name'],
  [99, 1, 'u32'],
]
const WEIGHTED = LAYOUTS.flatMap((layout) => Array.from({length: layout[1]}, () => layout))

/** Numbers that the machine has been given. */
export interface Known {
  readonly nodes: ReadonlySet<number>
  readonly handles: ReadonlySet<number>
}

/** Mostly a known number, seldom any. */
function oneOf(known: ReadonlySet<number>, random: Random): number {
  return random(8) === 0 ? random(100) : ([...known][random(known.size)] ?? 1)
}

function fieldOf(kind: Kind, random: Random, {nodes, handles}: Known): Field[] {
  switch (kind) {
    case 'node':
      return [u64(oneOf(nodes, random))]
    case 'handle':
      return [u64(oneOf(handles, random))]
    case 'data': {
      const bytes = new Uint8Array(random(500)).fill(random(256))
      const size = random(20) === 0 ? pick(random, NUMBERS) : bytes.length
      return [u32(size), u32(random(8)), u64(0), u32(pick(random, FLAGS)), u32(0), bytes]
    }
    case 'batch': {
      const count = random(5)
      const one = (): Field[] => [u64(oneOf(nodes, random)), u64(random(3))]
      return [
        u32(random(10) === 0 ? pick(random, NUMBERS) : count),
        u32(0),
        ...Array.from({length: count}, one).flat(),
      ]
    }
    default:
      return [commonField(kind, random)]
  }
}

/** One in ten is also broken. */
export function hostileRequest(random: Random, known: Known): Uint8Array {
  const [opcode, , ...kinds] = WEIGHTED[random(WEIGHTED.length)]
  const header = {unique: random(8), node: oneOf(known.nodes, random), uid: random(3), gid: random(3)}
  const fields = kinds.flatMap((kind) => fieldOf(kind, random, known))
  return seldomBroken(random, request(opcode, header, ...fields))
}
