// The page allocator: blocks, references, zeroed pages, memory that is given back.

import {describe, expect, it} from 'vitest'
import {ENOMEM} from '../../../src/abi/errno.ts'
import type {MemoryFile} from '../../../src/platform/memory-file.ts'
import {createMemoryFile} from '../../../src/platform/page-allocator.ts'
import {errnoOf} from '../sentry/memory/simulated-guest.ts'

const PAGE = 4096
const MIB = 1 << 20

function create(bytes: number): {memory: MemoryFile; punched: Array<[number, number]>} {
  const buffer = new ArrayBuffer(bytes)
  const punched: Array<[number, number]> = []
  const memory = createMemoryFile({size: bytes, upTo: () => buffer}, (offset, length) => {
    punched.push([offset, length])
    new Uint8Array(buffer, offset, length).fill(0)
  })
  return {memory, punched}
}

function isZero(memory: MemoryFile, offset: number, length: number): boolean {
  return memory.bytes.subarray(offset, offset + length).every((byte) => byte === 0)
}

describe('page allocator', () => {
  it('aligns blocks of up to 2 MiB to their size', () => {
    const {memory} = create(16 * MIB)
    memory.allocate(PAGE)
    expect(memory.allocate(2 * MIB) % (2 * MIB)).toBe(0)
    expect(memory.allocate(64 << 10) % (64 << 10)).toBe(0)
  })

  it('gives single pages in ascending order, so that neighbours map with one call', () => {
    const {memory} = create(MIB)
    const offsets = Array.from({length: 20}, () => memory.allocate(PAGE))
    expect(offsets).toEqual(offsets.map((_, i) => offsets[0] + i * PAGE))
  })

  it('uses every page, whatever the sizes, and then says ENOMEM', () => {
    const {memory} = create(2 * MIB + 5 * PAGE)
    const sizes = [3, 100, 1, 7, 256, 16]
    for (const size of sizes) memory.allocate(size * PAGE)
    const left = 517 - sizes.reduce((a, b) => a + b)
    for (let i = 0; i < left; i++) memory.allocate(PAGE)
    expect(memory.allocatedBytes).toBe(memory.size)
    expect(errnoOf(() => memory.allocate(PAGE))).toBe(ENOMEM)
  })

  it('clears pages that were used before', () => {
    const {memory} = create(MIB)
    const offset = memory.allocate(16 * PAGE)
    memory.bytes.fill(0xaa, offset, offset + 16 * PAGE)
    memory.free(offset, 16 * PAGE)
    const again = memory.allocate(MIB)
    expect(isZero(memory, again, MIB)).toBe(true)
  })

  it('gives freed memory back to the host once more than 16 MiB wait', () => {
    const {memory, punched} = create(64 * MIB)
    const offset = memory.allocate(20 * MIB)
    memory.bytes.fill(1, offset, offset + 20 * MIB)
    memory.free(offset, 8 * MIB)
    expect(punched).toEqual([])
    memory.free(offset + 8 * MIB, 12 * MIB)
    expect(punched).toEqual([[offset, 20 * MIB]])
    expect(isZero(memory, memory.allocate(20 * MIB), 20 * MIB)).toBe(true)
  })

  it('keeps up to an eighth while something runs, and 16 MiB thereafter', () => {
    const {memory, punched} = create(256 * MIB)
    const offset = memory.allocate(24 * MIB)
    memory.free(offset, 24 * MIB)
    expect(punched).toEqual([])
    memory.trim()
    expect(punched).toEqual([[offset, 24 * MIB]])
  })

  it('tells memory that the host has from memory that is new', () => {
    const {memory} = create(MIB)
    const first = memory.allocate(4 * PAGE)
    expect(memory.isReused).toBe(false)
    memory.free(first, 4 * PAGE)
    expect([memory.allocate(4 * PAGE), memory.isReused]).toEqual([first, true])
    memory.free(first, 2 * PAGE)
    memory.allocate(8 * PAGE)
    expect(memory.isReused).toBe(false)
  })

  it('keeps a page until its last reference is dropped', () => {
    const {memory} = create(MIB)
    const offset = memory.allocate(2 * PAGE)
    memory.share(offset, PAGE)
    memory.free(offset, 2 * PAGE)
    expect([memory.references(offset), memory.references(offset + PAGE)]).toEqual([1, 0])
    expect(memory.allocatedBytes).toBe(PAGE)
  })

  it('is loud about a double free', () => {
    const {memory} = create(MIB)
    const offset = memory.allocate(PAGE)
    memory.free(offset, PAGE)
    expect(() => memory.free(offset, PAGE)).toThrow('not allocated')
  })

  it('makes discarded pages zero without freeing them', () => {
    const {memory, punched} = create(4 * MIB)
    const offset = memory.allocate(MIB)
    memory.bytes.fill(7, offset, offset + MIB)
    memory.discard(offset, PAGE)
    memory.discard(offset + PAGE, MIB - PAGE)
    expect(isZero(memory, offset, MIB)).toBe(true)
    expect(punched).toEqual([[offset + PAGE, MIB - PAGE]])
    expect(memory.references(offset)).toBe(1)
  })

  it('finds room for more than 2 MiB among freed chunks', () => {
    const {memory} = create(16 * MIB)
    const offsets = Array.from({length: 8}, () => memory.allocate(2 * MIB))
    memory.free(offsets[3], 2 * MIB)
    memory.free(offsets[4], 2 * MIB)
    expect(errnoOf(() => memory.allocate(5 * MIB))).toBe(ENOMEM)
    expect(memory.allocate(3 * MIB)).toBe(Math.min(offsets[3], offsets[4]))
    expect(memory.allocate(MIB)).toBe(Math.max(offsets[3], offsets[4]) + MIB)
  })

  it('survives 20,000 random operations without giving a page twice or dirty', () => {
    const {memory} = create(8 * MIB)
    const random = seeded(7)
    const live: Array<{offset: number; pages: number; tag: number}> = []
    const owner = new Map<number, number>()
    for (let step = 1; step <= 20_000; step++) {
      if (random() < 0.5 || live.length === 0) {
        const pages = 1 + Math.floor(random() ** 4 * 700)
        let offset = 0
        if (errnoOf(() => (offset = memory.allocate(pages * PAGE))) !== 0) continue
        for (let i = 0; i < pages; i++) {
          const page = offset / PAGE + i
          if (owner.has(page)) throw new Error(`page ${page} twice`)
          if (memory.int32s[page * 1024] !== 0) throw new Error(`page ${page} dirty`)
          owner.set(page, step)
          memory.int32s[page * 1024] = step
        }
        live.push({offset, pages, tag: step})
      } else {
        const [block] = live.splice(Math.floor(random() * live.length), 1)
        for (let i = 0; i < block.pages; i++) {
          if (memory.int32s[(block.offset / PAGE + i) * 1024] !== block.tag) throw new Error('overwritten')
          owner.delete(block.offset / PAGE + i)
        }
        memory.free(block.offset, block.pages * PAGE)
      }
    }
    expect(memory.allocatedBytes).toBe(owner.size * PAGE)
    for (const block of live) memory.free(block.offset, block.pages * PAGE)
    memory.allocate(8 * MIB)
  })
})

function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32
  }
}
