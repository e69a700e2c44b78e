// ShownRegion, and the MemoryFile over one: V8 sees only the used part, until more is used, and then all.

import {describe, expect, test} from 'vitest'
import {FIRST_BYTES, ShownRegion} from '../../../src/platform/memory-file.ts'
import {createMemoryFile} from '../../../src/platform/page-allocator.ts'
import type {Platform} from '../../../src/platform/platform.ts'
import {platforms} from '../../helpers/platforms.ts'

const MIB = 1 << 20
const PAGE = 4096

function region(mebibytes: number) {
  const shown: number[] = []
  const show = (bytes: number) => {
    shown.push(bytes)
    return new ArrayBuffer(bytes)
  }
  return {region: new ShownRegion(mebibytes * MIB, 4 * MIB, show), shown}
}

test('shows a part at first, all beyond it, and nothing twice', () => {
  const {region: large, shown} = region(100)
  large.upTo(4 * MIB)
  large.words(4 * MIB - 8, 2)
  expect(shown).toEqual([4 * MIB])
  expect(large.words(4 * MIB, 2).byteOffset).toBe(4 * MIB)
  large.upTo(100 * MIB)
  expect(shown).toEqual([4 * MIB, 100 * MIB])
  expect(region(2).shown).toEqual([2 * MIB])
})

test('a MemoryFile is shown as far as pages were ever used', () => {
  const {region: large, shown} = region(100)
  const memory = createMemoryFile(large, () => {})
  for (let i = 0; i < 3; i++) memory.free(memory.allocate(MIB), MIB)
  expect(memory.bytes.length).toBe(4 * MIB)
  memory.allocate(5 * MIB)
  expect([memory.bytes.length, memory.int32s.length, memory.buffer.length]).toEqual([
    100 * MIB,
    25 * MIB,
    100 * MIB,
  ])
  expect(shown).toEqual([4 * MIB, 100 * MIB])
})

describe.each(platforms)('on $name', ({isHere, open}) => {
  test.skipIf(!isHere)('what was stored before stays, in old views, too; all are empty in the end', () => {
    const platform: Platform = open(64 * MIB)
    const {memory} = platform
    const offset = memory.allocate(PAGE)
    const before = memory.bytes
    expect(before.length).toBe(FIRST_BYTES.memory)
    before[offset] = 7
    const far = memory.allocate(32 * MIB) + 32 * MIB - 1
    expect(memory.bytes.length).toBe(64 * MIB)
    expect(memory.bytes[offset]).toBe(7)
    memory.bytes[offset] = 8
    memory.bytes[far] = 9
    expect([before[offset], memory.bytes[far]]).toEqual([8, 9])
    const after = memory.bytes
    platform[Symbol.dispose]()
    expect([before.length, after.length]).toEqual([0, 0])
  })
})
