// PageTree: a guest's page tables, and the walk from a virtual address to a physical one. The tables are untrusted: a walk reads each entry
// once and at most five, and none need be right.

/** Read, write, execute, as `ls` shows them. @see {@link Translation} */
export type Rights = `${'r' | '-'}${'w' | '-'}${'x' | '-'}`

/**
 * Where a virtual address leads.
 *
 * @example
 * const pc = vcpu.registers.get(process.arch === 'arm64' ? 'pc' : 'rip')
 * const code = vcpu.translate(pc) // in real mode, and with the MMU off, an address is itself
 * console.log(code) // { address: 4096, length: 4096, privileged: 'rwx', user: 'rwx' }
 */
export interface Translation {
  /** Guest physical; there need be no memory. */
  readonly address: number
  /** Bytes from there to the end of the page: 1 or more. */
  readonly length: number
  /** What ring 0, 1 and 2, or EL1 and EL2, may do there. */
  readonly privileged: Rights
  /** What ring 3, or EL0, may do there. */
  readonly user: Rights
}

/** Reads the entry at a guest physical address: 4 or 8 bytes of it, little-endian; undefined when no memory is there. */
export type ReadEntry = (address: number, bytes: 4 | 8) => bigint | undefined

/** What an entry permits; each level takes away. */
export const [WRITE, USER, PRIVILEGED_EXECUTE, USER_EXECUTE] = [1, 2, 4, 8]
export const ALL = WRITE | USER | PRIVILEGED_EXECUTE | USER_EXECUTE

/** Tables below one root; at level 1 the entries are the smallest pages. Entries are given as their lower and upper words. */
export interface PageTree {
  /** Guest physical. */
  readonly root: number
  readonly levels: number
  /** Bits of an address within the smallest page; a table below the root is as large. */
  readonly pageBits: number
  /** Bits of an address that a level translates. */
  readonly indexBits: number
  readonly entryBytes: 4 | 8
  /** Bits of a virtual address that the tables translate. */
  readonly width: number
  /** The virtual address of the first entry. */
  readonly base: bigint
  /** Significant bits of a virtual address; those above repeat the highest of them. */
  readonly signBits: number
  /** Decided by the entry's lower word. */
  kindOf(low: number, level: number): 'table' | 'page' | undefined
  /** Where the table or the page begins; bits below its size may be set. */
  frameOf(low: number, high: number, level: number): number
  /** Of WRITE, USER and so on. */
  rightsOf(low: number, high: number, level: number): number
}

/** How a vCPU translates addresses. */
export interface Paging {
  /** Otherwise an address is itself. */
  readonly isOn: boolean
  /** None when no tables are used, or those of another kind. */
  readonly trees: readonly PageTree[]
  /** The one for an address; undefined when none is. */
  treeFor(address: bigint): PageTree | undefined
  /** @param rights what the entries of all levels permit */
  rightsFrom(rights: number): Pick<Translation, 'privileged' | 'user'>
}

export const TWO_32 = 2 ** 32
/** Exact as a number, and above every physical address. */
const END = 1n << 52n
/** Without tables: to the end of 4 KiB. */
const UNPAGED_BITS = 12

/** Bits from `from` on, `count` of them. */
export function bits(value: bigint, from: number, count: number): bigint {
  return (value >> BigInt(from)) & ((1n << BigInt(count)) - 1n)
}

export function rightsText(canRead: boolean, canWrite: boolean, canExecute: boolean): Rights {
  return `${canRead ? 'r' : '-'}${canWrite ? 'w' : '-'}${canExecute ? 'x' : '-'}`
}

/** @returns undefined when nothing is mapped there */
export function walk(paging: Paging, address: bigint, readEntry: ReadEntry): Translation | undefined {
  if (!paging.isOn) {
    if (address >= END) return undefined
    return {...placeIn(Number(address), address, UNPAGED_BITS), privileged: 'rwx', user: 'rwx'}
  }
  const tree = paging.treeFor(address)
  if (tree === undefined) return undefined
  const {entryBytes, pageBits, indexBits} = tree
  let {root: table} = tree
  let rights = ALL
  for (let level = tree.levels; level > 0; level--) {
    const shift = pageBits + (level - 1) * indexBits
    // The root may have fewer entries.
    const index = Number(bits(address, shift, Math.min(indexBits, tree.width - shift)))
    const entry = readEntry(table + index * entryBytes, entryBytes)
    if (entry === undefined) return undefined
    const [low, high] = [Number(bits(entry, 0, 32)), Number(bits(entry, 32, 32))]
    const kind = tree.kindOf(low, level)
    if (kind === undefined) return undefined
    rights &= tree.rightsOf(low, high, level)
    const frame = tree.frameOf(low, high, level)
    if (kind === 'page') return {...placeIn(frame, address, shift), ...paging.rightsFrom(rights)}
    table = frame - (frame % 2 ** pageBits)
  }
  return undefined
}

/** The place of `address` in the page of 2^`size` bytes that begins at or below `base`. */
function placeIn(base: number, address: bigint, size: number): Pick<Translation, 'address' | 'length'> {
  const offset = Number(bits(address, 0, size))
  return {address: base - (base % 2 ** size) + offset, length: 2 ** size - offset}
}
