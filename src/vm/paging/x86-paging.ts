// The page tables of x86_64 in each of its paging modes: 32-bit, PAE, and long mode with four levels or five (SDM vol. 3, 5.3 to 5.6).

import {
  ALL,
  bits,
  type PageTree,
  type Paging,
  PRIVILEGED_EXECUTE,
  rightsText,
  TWO_32,
  USER,
  USER_EXECUTE,
  WRITE,
} from './page-tables.ts'

export interface X86Registers {
  readonly cr0: bigint
  readonly cr3: bigint
  readonly cr4: bigint
  readonly efer: bigint
}

const [PRESENT, WRITABLE, FOR_USER, LARGE] = [1, 1 << 1, 1 << 2, 1 << 7]
/** Of an entry's upper word. */
const NO_EXECUTE = 2 ** 31
const FRAME_HIGH = 0xfffff
const PAGE_BITS = 12
const [WRITE_PROTECT, PAGING] = [1n << 16n, 1n << 31n]
const [PSE, PAE, FIVE_LEVELS, SMEP] = [1n << 4n, 1n << 5n, 1n << 12n, 1n << 20n]
const [LONG_MODE_ACTIVE, NXE] = [1n << 10n, 1n << 11n]
/** The highest level that may have large pages. */
const LARGE_LEVELS = {long: 3, pae: 2, legacy: 2}

export function x86Paging(registers: X86Registers): Paging {
  const {cr0, cr4} = registers
  const isOn = (cr0 & PAGING) !== 0n
  const tree = treeOf(registers)
  const isPossible = (address: bigint): boolean =>
    tree.width === 32
      ? address < TWO_32
      : BigInt.asUintN(64, BigInt.asIntN(tree.signBits, address)) === address
  return {
    isOn,
    trees: isOn ? [tree] : [],
    treeFor: (address) => (isOn && isPossible(address) ? tree : undefined),
    rightsFrom(rights) {
      const [isWritable, isUsers] = [(rights & WRITE) !== 0, (rights & USER) !== 0]
      const isCode = (rights & USER_EXECUTE) !== 0
      return {
        privileged: rightsText(
          true,
          isWritable || !(cr0 & WRITE_PROTECT),
          isCode && !(isUsers && cr4 & SMEP),
        ),
        user: rightsText(isUsers, isUsers && isWritable, isUsers && isCode),
      }
    },
  }
}

function treeOf({cr3, cr4, efer}: X86Registers): PageTree {
  const hasNx = (efer & NXE) !== 0n
  if (efer & LONG_MODE_ACTIVE) {
    const levels = cr4 & FIVE_LEVELS ? 5 : 4
    const width = PAGE_BITS + levels * 9
    const root = Number(bits(cr3, PAGE_BITS, 40)) * 2 ** PAGE_BITS
    return {...wide(hasNx, LARGE_LEVELS.long), root, levels, width, signBits: width}
  }
  if (cr4 & PAE) return pae(hasNx, Number(bits(cr3, 5, 27)) * 2 ** 5)
  const largeLevels = cr4 & PSE ? LARGE_LEVELS.legacy : 1
  return {
    ...{root: Number(bits(cr3, PAGE_BITS, 20)) * 2 ** PAGE_BITS, levels: 2, base: 0n},
    ...{pageBits: PAGE_BITS, indexBits: 10, entryBytes: 4, width: 32, signBits: 64},
    kindOf: (low, level) => kindOf(low, level, largeLevels),
    frameOf(low, _high, level) {
      if (level === 1 || (low & LARGE) === 0 || largeLevels === 1) return low
      // PSE-36: bits 13 to 20 are the address's bits 32 to 39.
      return (low >>> 22) * 2 ** 22 + ((low >>> 13) & 0xff) * TWO_32
    },
    rightsOf: (low) => rightsOf(low, 0, false),
  }
}

/** Entries of 8 bytes. */
const wide = (hasNx: boolean, largeLevels: number) => ({
  ...{base: 0n, pageBits: PAGE_BITS, indexBits: 9, entryBytes: 8 as const},
  kindOf: (low: number, level: number) => kindOf(low, level, largeLevels),
  frameOf: (low: number, high: number) => (high & FRAME_HIGH) * TWO_32 + low,
  rightsOf: (low: number, high: number) => rightsOf(low, high, hasNx),
})

/** Of the root, whose entries permit everything, the processor has its own copy from when CR3 was loaded; the walk reads memory. */
function pae(hasNx: boolean, root: number): PageTree {
  const tree = wide(hasNx, LARGE_LEVELS.pae)
  const rights: PageTree['rightsOf'] = (low, high, level) => (level === 3 ? ALL : tree.rightsOf(low, high))
  return {...tree, root, levels: 3, width: 32, signBits: 64, rightsOf: rights}
}

function kindOf(low: number, level: number, largeLevels: number): 'table' | 'page' | undefined {
  if ((low & PRESENT) === 0) return undefined
  if (level === 1) return 'page'
  // Without CR4.PSE, 32-bit paging ignores the bit.
  if ((low & LARGE) === 0 || largeLevels === 1) return 'table'
  return level <= largeLevels ? 'page' : undefined
}

function rightsOf(low: number, high: number, hasNx: boolean): number {
  const execute = hasNx && high >= NO_EXECUTE ? 0 : PRIVILEGED_EXECUTE | USER_EXECUTE
  return (low & WRITABLE ? WRITE : 0) | (low & FOR_USER ? USER : 0) | execute
}
