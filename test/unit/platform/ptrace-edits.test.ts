// PtracePlatform: a process's mappings are what the edits of its space say, whatever those are.

import {readdirSync} from 'node:fs'
import {expect, test} from 'vitest'
import {arch} from '../../../src/arch/index.ts'
import {
  type AddressSpace,
  EVENT_SYSCALL,
  PAGE_SIZE,
  type Platform,
  PROT_EXEC,
  PROT_READ,
  PROT_WRITE,
} from '../../../src/platform/platform.ts'
import {type Random, seededRandom} from '../../helpers/mutate.ts'
import {describePtrace, openPtrace, pidOf, procOf} from '../../helpers/ptrace.ts'
import {contextAt, spaceWith, storeCode} from '../../helpers/user-code.ts'

const FIRST = 0x40000
const PAGES = 48
const PROTECTIONS = [PROT_READ, PROT_READ | PROT_WRITE, PROT_READ | PROT_EXEC]

/** For each page the offset in the MemoryFile, and the rights; undefined: the page is not mapped. */
type Model = (readonly [offset: number, protection: number] | undefined)[]

function edit(space: AddressSpace, model: Model, memory: number, random: Random): void {
  const first = random(PAGES)
  const count = 1 + random(Math.min(8, PAGES - first))
  const address = FIRST + first * PAGE_SIZE
  const kind = random(4)
  if (kind === 0) {
    space.unmap(address, count * PAGE_SIZE)
    model.fill(undefined, first, first + count)
    return
  }
  const protection = PROTECTIONS[random(PROTECTIONS.length)]
  // Often the same memory as before, with other rights.
  const offset = memory + (kind === 1 ? random(PAGES - count) : first) * PAGE_SIZE
  space.map(address, count * PAGE_SIZE, offset, protection, random(2) === 0)
  for (let i = 0; i < count; i++) model[first + i] = [offset + i * PAGE_SIZE, protection]
}

function mappedIn(space: AddressSpace): Model {
  const model: Model = new Array(PAGES).fill(undefined)
  for (const line of procOf(pidOf(space), 'maps').split('\n')) {
    const [, start, end, rights, offset] = /^(\w+)-(\w+) (\S+) (\w+)/.exec(line) ?? []
    const at = Number.parseInt(start, 16)
    if (!(at >= FIRST) || at >= FIRST + PAGES * PAGE_SIZE) continue
    const protection = [...rights].reduce((sum, right, bit) => sum | ('rwx'[bit] === right ? 1 << bit : 0), 0)
    const first = (at - FIRST) / PAGE_SIZE
    for (let i = 0; at + i * PAGE_SIZE < Number.parseInt(end, 16); i++)
      model[first + i] = [Number.parseInt(offset, 16) + i * PAGE_SIZE, protection]
  }
  return model
}

function trap(platform: Platform, space: AddressSpace): void {
  const context = contextAt(platform, 1n)
  platform.resume(context, space)
  expect(platform.wait(Number.POSITIVE_INFINITY)).toBe(EVENT_SYSCALL)
  context.dispose()
}

describePtrace('edits at random', () => {
  test.each([1, 2, 3, 4])('are what the process has mapped, and a fork of it (seed %i)', (seed) => {
    using platform = openPtrace()
    const space = spaceWith(platform, storeCode(platform, arch.callLoop))
    const memory = platform.memory.allocate(PAGES * PAGE_SIZE)
    const model: Model = new Array(PAGES).fill(undefined)
    const random = seededRandom(seed)
    for (let turn = 0; turn < 60; turn++) {
      for (let i = random(20); i >= 0; i--) edit(space, model, memory, random)
      space.commit()
      trap(platform, space)
      expect(mappedIn(space)).toEqual(model)
    }
    const child = space.fork()
    expect(mappedIn(child)).toEqual(model)
    for (let i = 0; i < 20; i++) edit(child, model, memory, random)
    child.commit()
    trap(platform, child)
    expect(mappedIn(child)).toEqual(model)
  })
})

describePtrace('the descriptors of this process', () => {
  test('do not grow with spaces', () => {
    using platform = openPtrace()
    const before = readdirSync('/proc/self/fd').length
    const spaces = Array.from({length: 20}, () => platform.createSpace())
    expect(readdirSync('/proc/self/fd')).toHaveLength(before)
    for (const space of spaces) space.dispose()
  })
})
