// Walks of guests' page tables: what they find, and tables that a guest made to mislead them.

import {describe, expect, test} from 'vitest'
import {
  type Arm64Registers,
  arm64Paging,
  type ReadEntry,
  walk,
  type X86Registers,
  x86Paging,
} from '../../../../src/machine/debug/page-tables.ts'
import {seededRandom} from '../../../helpers/mutate.ts'

/** Tables with these entries by address; all others are 0. */
const tables =
  (entries: Readonly<Record<number, bigint>>): ReadEntry =>
  (address) =>
    entries[address] ?? 0n
const nothing: ReadEntry = () => undefined
/** Tables in which every entry is this one: a table that is its own at each level. */
const everywhere =
  (entry: bigint): ReadEntry =>
  () =>
    entry

describe('x86_64', () => {
  const long: X86Registers = {cr0: 1n << 31n, cr3: 0x1018n, cr4: 0x20n, efer: 0x500n}
  const five = {...long, cr4: 0x1020n}

  test('a page of each size, with what is left of it', () => {
    const read = tables({
      ...{4096: 0x2003n, 8192: 0x3003n, 8200: 0x4000_0083n, 12288: 0x4003n, 12296: 0x60_0083n},
      16392: 0x8000_0000_000a_b003n,
    })
    expect(walk(x86Paging(long), 0x1ff0n, read)).toEqual({address: 0xabff0, length: 0x10})
    expect(walk(x86Paging(long), 0x20_0100n, read)).toEqual({address: 0x60_0100, length: 0x1f_ff00})
    expect(walk(x86Paging(long), 0x4000_0000n, read)).toEqual({address: 0x4000_0000, length: 0x4000_0000})
    expect(walk(x86Paging(long), 0x5000n, read)).toBeUndefined()
  })

  test('the upper half, and five levels', () => {
    const read = tables({8184: 0x2001n, 12280: 0x4000_0081n})
    expect(walk(x86Paging(long), 0xffff_ffff_c000_0010n, read)?.address).toBe(0x4000_0010)
    const deep = tables({4096: 0x5001n, 24568: 0x2001n, 8192: 0x4000_0081n})
    expect(walk(x86Paging(five), 0x0000_ff80_0000_0010n, deep)?.address).toBe(0x4000_0010)
  })

  test('without paging an address is itself; that of 32 bits is not walked', () => {
    expect(walk(x86Paging({...long, cr0: 1n}), 0xfff0n, nothing)).toEqual({address: 0xfff0, length: 0x10})
    expect(walk(x86Paging({...long, efer: 0n}), 0xfff0n, everywhere(0x1003n))).toBeUndefined()
    expect(walk(x86Paging({...long, cr0: 1n}), 2n ** 64n - 1n, nothing)).toBeUndefined()
  })

  test.each([0x0000_8000_0000_0000n, 0xffff_7fff_ffff_ffffn, 2n ** 63n])(
    '%x is canonical in no table',
    (address) => {
      expect(walk(x86Paging(long), address, everywhere(0x1003n))).toBeUndefined()
    },
  )

  test('tables that are no memory, their own, or too large a page', () => {
    expect(walk(x86Paging(long), 0x1000n, nothing)).toBeUndefined()
    expect(walk(x86Paging(long), 0x1ff8n, everywhere(0x1003n))).toEqual({address: 0x1ff8, length: 8})
    expect(walk(x86Paging(long), 0x1000n, tables({4096: 0x83n}))).toBeUndefined()
    expect(walk(x86Paging(five), 0x1000n, tables({4096: 0x83n}))).toBeUndefined()
  })
})

describe('arm64', () => {
  /** 48 bits in both halves, 4 KiB pages. */
  const tcr = 16n | (16n << 16n) | (2n << 30n)
  const on: Arm64Registers = {sctlr: 1n, tcr, ttbr0: 0x0001_0000_0000_1001n, ttbr1: 0x2000n}

  test('pages and blocks, in both halves', () => {
    const read = tables({
      ...{4096: 0x3003n, 12288: 0x4003n, 12296: 0x0040_0000_4000_0401n, 16384: 0x5003n, 16392: 0x60_0401n},
      20488: 0x0060_0000_000a_b703n,
      12280: 0x3003n,
    })
    expect(walk(arm64Paging(on), 0x1ff0n, read)).toEqual({address: 0xabff0, length: 0x10})
    expect(walk(arm64Paging(on), 0x20_0100n, read)).toEqual({address: 0x60_0100, length: 0x1f_ff00})
    expect(walk(arm64Paging(on), 0x4000_0000n, read)).toEqual({address: 0x4000_0000, length: 0x4000_0000})
    expect(walk(arm64Paging(on), 0xffff_ff80_4000_0008n, read)?.address).toBe(0x4000_0008)
  })

  test('the tables of a bare guest, whose first one is of level 1', () => {
    const bare = {...on, tcr: 32n | (1n << 23n), ttbr0: 0x4000_1000n}
    const read = tables({1073745928: 0x4000_0401n})
    expect(walk(arm64Paging(bare), 0x4010_0000n, read)?.address).toBe(0x4010_0000)
    expect(walk(arm64Paging(bare), 0x1_0000_0000n, everywhere(0x401n))).toBeUndefined()
    expect(walk(arm64Paging(bare), 2n ** 64n - 8n, everywhere(0x401n))).toBeUndefined()
  })

  test('a tag counts where it is an address', () => {
    const read = tables({4096: 0x3003n, 12288: 0x401n})
    const tagged = 0x5a00_0000_0000_0010n
    expect(walk(arm64Paging(on), tagged, read)).toBeUndefined()
    expect(walk(arm64Paging({...on, tcr: tcr | (1n << 37n)}), tagged, everywhere(0x1003n))?.address).toBe(
      0x1010,
    )
  })

  test('without the MMU an address is itself', () => {
    expect(walk(arm64Paging({...on, sctlr: 0n}), 0x4000_0ff8n, nothing)).toEqual({
      address: 0x4000_0ff8,
      length: 8,
    })
  })

  test.each([
    ['granules of 64 KiB', 16n | (1n << 14n)],
    ['no walks', 16n | (1n << 7n)],
    ['52 bits', 16n | (1n << 59n)],
    ['a size that there is not', 3n],
    ['another', 63n],
  ])('%s are not walked', (_, other) => {
    expect(walk(arm64Paging({...on, tcr: other}), 0x1000n, everywhere(0x1003n))).toBeUndefined()
  })

  test('tables that are no memory, their own, a block at level 0, a page that is none', () => {
    expect(walk(arm64Paging(on), 0x1000n, nothing)).toBeUndefined()
    expect(walk(arm64Paging(on), 0x1ff8n, everywhere(0x1003n))).toEqual({address: 0x1ff8, length: 8})
    expect(walk(arm64Paging(on), 0x1000n, tables({4096: 0x401n}))).toBeUndefined()
    const last = tables({4096: 0x3003n, 12288: 0x4003n, 16384: 0x5003n, 20488: 0x401n})
    expect(walk(arm64Paging(on), 0x1000n, last)).toBeUndefined()
  })
})

test('whatever the registers and the entries say, a walk reads five entries at most, and finds a place or none', () => {
  const random = seededRandom(11)
  const word = (): bigint =>
    Array.from({length: 4}, () => BigInt(random(0x10000))).reduce((sum, part) => (sum << 16n) | part, 0n)
  for (let i = 0; i < 3000; i++) {
    let reads = 0
    const read = (address: number): bigint => {
      reads++
      expect(Number.isSafeInteger(address) && address >= 0).toBe(true)
      return word() | BigInt(random(4))
    }
    const address = random(2) === 0 ? word() : word() >> BigInt(random(64))
    const [a, b, c, d] = [word(), word(), word(), word()]
    const found =
      i % 2 === 0
        ? walk(x86Paging({cr0: a, cr3: b, cr4: c, efer: d | 0x400n}), address, read)
        : walk(arm64Paging({sctlr: a, tcr: b & ~(1n << 59n), ttbr0: c, ttbr1: d}), address, read)
    expect(reads).toBeLessThanOrEqual(5)
    if (found === undefined) continue
    expect(found.length).toBeGreaterThan(0)
    expect(Number.isSafeInteger(found.address + found.length)).toBe(true)
  }
})
