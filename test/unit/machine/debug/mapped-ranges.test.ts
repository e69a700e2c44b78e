// mappedRanges: it finds what the walk of a single address finds, and ends even in tables that are made to be endless.

import {describe, expect, test} from 'vitest'
import {type MappedRange, mappedRanges} from '../../../../src/machine/debug/mapped-ranges.ts'
import {type Arm64Registers, arm64Paging} from '../../../../src/vm/paging/arm64-paging.ts'
import {type PageTree, type ReadEntry, type Translation, walk} from '../../../../src/vm/paging/page-tables.ts'
import {type X86Registers, x86Paging} from '../../../../src/vm/paging/x86-paging.ts'
import {seededRandom} from '../../../helpers/mutate.ts'

const PAGE = 4096
const PAGES = 64

/** Physical memory from 0 on, as both walks read it. */
class Tables {
  readonly bytes = new DataView(new ArrayBuffer(PAGES * PAGE))

  set(table: number, index: number, entry: bigint): void {
    this.bytes.setBigUint64(table + 8 * index, entry, true)
  }

  readonly entry: ReadEntry = (at, bytes) => {
    if (at + bytes > this.bytes.byteLength) return undefined
    return bytes === 8 ? this.bytes.getBigUint64(at, true) : BigInt(this.bytes.getUint32(at, true))
  }

  readonly ranges = (trees: readonly PageTree[]): MappedRange[] =>
    mappedRanges(trees, (at, words) =>
      at + 4 * words <= this.bytes.byteLength ? new Uint32Array(this.bytes.buffer, at, words) : undefined,
    )
}

const x86: X86Registers = {cr0: 1n << 31n, cr3: 0x1000n, cr4: 0x20n, efer: 0x500n}
const pae = {...x86, efer: 0n}
const legacy = {...pae, cr4: 0x10n}
/** Addresses of 48 bits in each half. */
const arm64: Arm64Registers = {
  sctlr: 1n,
  tcr: 16n | (16n << 16n) | (2n << 30n),
  ttbr0: 0x1000n,
  ttbr1: 0x2000n,
}

describe('x86_64', () => {
  test('pages that follow one another are one range, in both halves', () => {
    const tables = new Tables()
    tables.set(0x1000, 0, 0x2003n)
    tables.set(0x1000, 511, 0x3003n)
    tables.set(0x2000, 0, 0x4003n)
    tables.set(0x4000, 0, 0x5003n)
    for (const [index, frame] of [0x7003n, 0x8003n, 0xa003n].entries()) tables.set(0x5000, index, frame)
    tables.set(0x4000, 1, 0x40_0083n)
    tables.set(0x3000, 510, 0x4000_0083n)
    expect(tables.ranges(x86Paging(x86).trees)).toEqual([
      {address: 0n, physical: 0x7000, length: 0x2000},
      {address: 0x2000n, physical: 0xa000, length: 0x1000},
      {address: 0x20_0000n, physical: 0x40_0000, length: 0x20_0000},
      {address: 0xffff_ffff_8000_0000n, physical: 0x4000_0000, length: 0x4000_0000},
    ])
  })

  test('without paging there are none', () => {
    expect(x86Paging({...x86, cr0: 1n}).trees).toEqual([])
  })
})

describe('arm64', () => {
  test('pages and blocks of both halves', () => {
    const tables = new Tables()
    tables.set(0x1000, 0, 0x3003n)
    tables.set(0x3000, 1, 0x4000_0001n)
    tables.set(0x2000, 511, 0x4003n)
    tables.set(0x4000, 511, 0x5003n)
    tables.set(0x5000, 511, 0x6003n)
    tables.set(0x6000, 511, 0x9003n)
    expect(tables.ranges(arm64Paging(arm64).trees)).toEqual([
      {address: 0x4000_0000n, physical: 0x4000_0000, length: 0x4000_0000},
      {address: 0xffff_ffff_ffff_f000n, physical: 0x9000, length: 0x1000},
    ])
  })

  test('with the MMU off, or in a granule of which there are none, there are none', () => {
    expect(arm64Paging({...arm64, sctlr: 0n}).trees).toEqual([])
    expect(arm64Paging({...arm64, tcr: arm64.tcr | (3n << 14n)}).trees).toHaveLength(1)
  })
})

test.each<
  [
    name: string,
    trees: readonly PageTree[],
    walk: (address: bigint, read: ReadEntry) => Translation | undefined,
  ]
>([
  ['x86_64', x86Paging(x86).trees, (address, read) => walk(x86Paging(x86), address, read)],
  ['PAE', x86Paging(pae).trees, (address, read) => walk(x86Paging(pae), address, read)],
  ['32-bit paging', x86Paging(legacy).trees, (address, read) => walk(x86Paging(legacy), address, read)],
  ['arm64', arm64Paging(arm64).trees, (address, read) => walk(arm64Paging(arm64), address, read)],
])('%s: in tables at random each range is where the walk of its addresses leads', (_, trees, walk) => {
  const wrong: MappedRange[] = []
  let found = 0
  for (let seed = 0; seed < 20; seed++) {
    const random = seededRandom(seed)
    const tables = new Tables()
    for (let count = 0; count < 400; count++) {
      const frame = BigInt(random(PAGES + 4)) << 12n
      tables.set(PAGE * random(PAGES), random(4) * 170, frame | BigInt([1, 3, 0x81, 0x83][random(4)]))
    }
    const leadsTo = (at: bigint): number | undefined => walk(at, tables.entry)?.address
    for (const range of tables.ranges(trees)) {
      const {address, physical, length} = range
      const last = length - PAGE
      const isRight = leadsTo(address) === physical && leadsTo(address + BigInt(last)) === physical + last
      if (!isRight) wrong.push(range)
      found++
    }
  }
  expect(wrong).toEqual([])
  expect(found).toBeGreaterThan(40)
})

test('a table that is its own, or in many places, is read once; so many tables, and ranges, there are', () => {
  const tables = new Tables()
  for (let index = 0; index < 512; index++) tables.set(0x1000, index, 0x1003n)
  expect(tables.ranges(x86Paging(x86).trees)).toEqual([])

  let read = 0
  const endless = (stride: number): MappedRange[] =>
    mappedRanges(x86Paging(x86).trees, () => {
      read++
      return new Uint32Array(1024).map((_, i) => (i % 2 ? 0 : (read * 512 + (i / 2) * stride) * PAGE + 3))
    })
  expect(endless(1).length).toBeLessThanOrEqual(2 ** 15 + 512)
  expect(read).toBe(2 ** 14)
  expect(endless(2).length).toBeLessThanOrEqual(2 ** 15)
})
