// Walks of guests' page tables: what they find, and tables that a guest made to mislead them.

import {describe, expect, test} from 'vitest'
import {type Arm64Registers, arm64Paging} from '../../../../src/vm/paging/arm64-paging.ts'
import {type ReadEntry, walk} from '../../../../src/vm/paging/page-tables.ts'
import {type X86Registers, x86Paging} from '../../../../src/vm/paging/x86-paging.ts'
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
    expect(walk(x86Paging(long), 0x1ff0n, read)).toMatchObject({address: 0xabff0, length: 0x10})
    expect(walk(x86Paging(long), 0x20_0100n, read)).toMatchObject({address: 0x60_0100, length: 0x1f_ff00})
    expect(walk(x86Paging(long), 0x4000_0000n, read)).toMatchObject({
      address: 0x4000_0000,
      length: 0x4000_0000,
    })
    expect(walk(x86Paging(long), 0x5000n, read)).toBeUndefined()
  })

  test('the upper half, and five levels', () => {
    const read = tables({8184: 0x2001n, 12280: 0x4000_0081n})
    expect(walk(x86Paging(long), 0xffff_ffff_c000_0010n, read)?.address).toBe(0x4000_0010)
    const deep = tables({4096: 0x5001n, 24568: 0x2001n, 8192: 0x4000_0081n})
    expect(walk(x86Paging(five), 0x0000_ff80_0000_0010n, deep)?.address).toBe(0x4000_0010)
  })

  test('32-bit paging: pages of 4 KiB, and of 4 MiB where CR4 has them, above 4 GiB as well', () => {
    const legacy = {cr0: 1n << 31n, cr3: 0x1018n, cr4: 0x10n, efer: 0n}
    const read = tables({4096: 0x2003n, 8196: 0xab003n, 4100: 0x0080_2083n})
    expect(walk(x86Paging(legacy), 0x1ff0n, read)).toMatchObject({address: 0xabff0, length: 0x10})
    expect(walk(x86Paging(legacy), 0x40_0100n, read)).toMatchObject({
      address: 0x1_0080_0100,
      length: 0x3f_ff00,
    })
    expect(walk(x86Paging({...legacy, cr4: 0n}), 0x40_0100n, tables({4100: 0x2083n}))).toBeUndefined()
    expect(walk(x86Paging(legacy), 0x1_0000_1ff0n, read)).toBeUndefined()
  })

  test('PAE: pages of 4 KiB and 2 MiB, from a root of 32 bytes', () => {
    const pae = {cr0: 1n << 31n, cr3: 0x1039n, cr4: 0x20n, efer: 0n}
    const read = tables({4152: 0x2001n, 8192: 0x3003n, 8200: 0x60_0083n, 12296: 0xf_0000_000a_b003n})
    expect(walk(x86Paging(pae), 0xc000_1ff0n, read)).toMatchObject({
      address: 0xf_0000_000a_bff0,
      length: 0x10,
    })
    expect(walk(x86Paging(pae), 0xc020_0100n, read)?.address).toBe(0x60_0100)
    expect(walk(x86Paging(pae), 0xc000_1ff0n, tables({4152: 0x2081n}))).toBeUndefined()
  })

  test.each([
    ['all', 7n, 7n, {privileged: 'rwx', user: 'rwx'}],
    ['an upper level takes writing away', 5n, 7n, {privileged: 'r-x', user: 'r-x'}],
    ['a page for ring 0', 7n, 3n, {privileged: 'rwx', user: '---'}],
    ['data', 7n | (1n << 63n), 7n, {privileged: 'rw-', user: 'rw-'}],
  ])('rights: %s', (_, upper, lower, rights) => {
    const read = tables({4096: 0x2000n | upper, 8192: 0x3007n, 12288: 0x4007n, 16384: 0x5000n | lower})
    const strict = {...long, cr0: 0x8001_0000n, efer: 0xd00n}
    expect(walk(x86Paging(strict), 0n, read)).toMatchObject(rights)
  })

  test('rights: what CR0.WP, CR4.SMEP and EFER.NXE say', () => {
    const read = everywhere(0x1005n | (1n << 63n))
    expect(walk(x86Paging(long), 0n, read)).toMatchObject({privileged: 'rwx', user: 'r-x'})
    expect(walk(x86Paging({...long, cr4: 0x10_0020n}), 0n, read)?.privileged).toBe('rw-')
    expect(walk(x86Paging({...long, efer: 0xd00n}), 0n, read)?.user).toBe('r--')
  })

  test('without paging an address is itself', () => {
    expect(walk(x86Paging({...long, cr0: 1n}), 0xfff0n, nothing)).toMatchObject({
      address: 0xfff0,
      length: 0x10,
    })
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
    expect(walk(x86Paging(long), 0x1ff8n, everywhere(0x1003n))).toMatchObject({address: 0x1ff8, length: 8})
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
    expect(walk(arm64Paging(on), 0x1ff0n, read)).toMatchObject({address: 0xabff0, length: 0x10})
    expect(walk(arm64Paging(on), 0x20_0100n, read)).toMatchObject({address: 0x60_0100, length: 0x1f_ff00})
    expect(walk(arm64Paging(on), 0x4000_0000n, read)).toMatchObject({
      address: 0x4000_0000,
      length: 0x4000_0000,
    })
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
    expect(walk(arm64Paging({...on, sctlr: 0n}), 0x4000_0ff8n, nothing)).toMatchObject({
      address: 0x4000_0ff8,
      length: 8,
    })
  })

  test.each([
    ['16 KiB', 14, 28n | (2n << 14n), 25],
    ['64 KiB', 16, 22n | (1n << 14n), 29],
  ])('granules of %s: a page, and a block', (_, pageBits, granule, blockBits) => {
    const page = 2 ** pageBits
    const read = tables({
      [page]: BigInt(2 * page) | 3n,
      [page + 8]: (1n << BigInt(blockBits)) | 0x401n,
      [2 * page + 8]: BigInt(5 * page) | 0x403n,
    })
    const paging = arm64Paging({sctlr: 1n, tcr: granule, ttbr0: BigInt(page), ttbr1: 0n})
    expect(walk(paging, BigInt(page + 16), read)).toMatchObject({address: 5 * page + 16, length: page - 16})
    expect(walk(paging, (1n << BigInt(blockBits)) + 16n, read)).toMatchObject({
      address: 2 ** blockBits + 16,
      length: 2 ** blockBits - 16,
    })
  })

  test.each([
    ['4 KiB', 12, 12n, 1n << 59n, 39],
    ['16 KiB', 14, 12n | (2n << 14n), 1n << 59n, 36],
    ['64 KiB', 16, 12n | (1n << 14n), 6n << 32n, 42],
  ])('52 bits in granules of %s: a page, a table, a block', (_, pageBits, granule, wide, blockBits) => {
    const page = 2 ** pageBits
    const levels = Math.ceil((52 - pageBits) / (pageBits - 3))
    /** 0xf: bits 48 to 51. */
    const top = 0xf * 2 ** 48
    const topBits = pageBits === 16 ? 0xf000n : (3n << 48n) | 0x300n
    const entries = {
      // Each level has its table a page further.
      ...Object.fromEntries(
        Array.from({length: levels - 1}, (_, i) => [
          top + (i + 1) * page,
          BigInt((i + 2) * page) | topBits | 3n,
        ]),
      ),
      [top + levels * page + 8]: BigInt(9 * page) | topBits | 0x403n,
      [top + (blockBits - pageBits === (levels - 1) * (pageBits - 3) ? 1 : 2) * page + 8]: topBits | 0x401n,
    }
    const ttbr0 = BigInt(page) | (0xfn << 2n)
    const paging = arm64Paging({sctlr: 1n, tcr: granule | wide, ttbr0, ttbr1: 0n})
    const found = walk(paging, BigInt(page + 16), tables(entries))
    expect(found).toMatchObject({address: top + 9 * page + 16, length: page - 16})
    const block = walk(paging, (1n << BigInt(blockBits)) + 16n, tables(entries))
    expect(block).toMatchObject({address: top + 16, length: 2 ** blockBits - 16})
    const narrow = arm64Paging({sctlr: 1n, tcr: granule, ttbr0, ttbr1: 0n})
    expect(walk(narrow, BigInt(page + 16), tables(entries))).toBeUndefined()
  })

  test.each([
    ['of EL1 alone', 0n, 0n, {privileged: 'rwx', user: '--x'}],
    ['of both, where EL1 does not execute', 0n, 1n << 6n, {privileged: 'rw-', user: 'rwx'}],
    ['read-only', 0n, 3n << 6n, {privileged: 'r-x', user: 'r-x'}],
    ['never executed', 0n, (3n << 6n) | (3n << 53n), {privileged: 'r--', user: 'r--'}],
    ['read-only by a table', 1n << 62n, 1n << 6n, {privileged: 'r-x', user: 'r-x'}],
    ["a table's for EL1", 1n << 61n, 1n << 6n, {privileged: 'rwx', user: '--x'}],
    ["a table's without code", 3n << 59n, 3n << 6n, {privileged: 'r--', user: 'r--'}],
  ])('rights: %s', (_, table, page, rights) => {
    const read = tables({
      ...{4096: 0x3003n | table, 12288: 0x4003n, 16384: 0x5003n, 20480: 0x6403n | page},
    })
    expect(walk(arm64Paging(on), 0n, read)).toMatchObject(rights)
  })

  test('rights: SCTLR.WXN, and TCR.HPD', () => {
    const read = everywhere(0x1403n | (1n << 61n))
    expect(walk(arm64Paging({...on, sctlr: 1n | (1n << 19n)}), 0n, read)?.privileged).toBe('rw-')
    const flat = arm64Paging({...on, tcr: tcr | (1n << 41n)})
    expect(walk(flat, 0n, everywhere(0x1443n | (1n << 61n)))?.user).toBe('rwx')
  })

  test.each([
    ['granules of which there are none', 16n | (3n << 14n)],
    ['no walks', 16n | (1n << 7n)],
    ['52 bits of virtual addresses without TCR.DS', 12n],
    ['a size that there is not', 3n],
    ['another', 63n],
  ])('%s are not walked', (_, other) => {
    expect(walk(arm64Paging({...on, tcr: other}), 0x1000n, everywhere(0x1003n))).toBeUndefined()
  })

  test('tables that are no memory, their own, a block at level 0, a page that is none', () => {
    expect(walk(arm64Paging(on), 0x1000n, nothing)).toBeUndefined()
    expect(walk(arm64Paging(on), 0x1ff8n, everywhere(0x1003n))).toMatchObject({address: 0x1ff8, length: 8})
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
        ? walk(x86Paging({cr0: a, cr3: b, cr4: c, efer: d}), address, read)
        : walk(arm64Paging({sctlr: a, tcr: b, ttbr0: c, ttbr1: d}), address, read)
    expect(reads).toBeLessThanOrEqual(5)
    if (found === undefined) continue
    expect(found.length).toBeGreaterThan(0)
    expect(Number.isSafeInteger(found.address + found.length)).toBe(true)
  }
})
