// The dirty log: page by page, by KVM's bitmaps and by rings, while the guest runs on.

import {setTimeout as sleep} from 'node:timers/promises'
import {expect, test} from 'vitest'
import {addon} from '../../../src/addon.ts'
import {checkExtension} from '../../../src/vm/capabilities.ts'
import type {DirtyRange} from '../../../src/vm/dirty-ranges.ts'
import {Vm} from '../../../src/vm/vm.ts'
import {guest} from '../../helpers/guest-code.ts'
import {aim, pageWalk, WALKED} from '../../helpers/page-walk.ts'
import {codeOf, describeKvm, isPvmHost} from '../../helpers/vm.ts'

const page = addon.pageBytes
const RING = Math.max(1024, page / 16)
/** More than a ring holds. */
const PAGES = RING + 100
const memoryBytes = 2 ** 20 + (PAGES + 64) * page
const make = (dirtyRing = 0): Vm =>
  Vm.create({memoryBytes, memoryBase: guest.memoryBase, logsDirty: true, dirtyRing})

/** The numbers of the pages from WALKED on; what else a guest writes, tables or its stack, is left out. */
const pagesOf = (ranges: readonly DirtyRange[]): number[] =>
  ranges
    .flatMap(({address, length}) => Array.from({length: length / page}, (_, at) => address / page + at))
    .map((number) => number - WALKED / page)
    .filter((number) => number >= 0)
const upTo = (count: number): number[] => Array.from({length: count}, (_, at) => at)

describeKvm('a dirty log', () => {
  test('is taken by ranges, and keeps the pages of others', () => {
    using vm = make()
    pageWalk(vm, WALKED, 130).run()
    const take = (first: number, count: number): number[] =>
      pagesOf(vm.memory.takeDirty(WALKED + first * page, count * page))
    expect(take(60, 10)).toEqual([60, 61, 62, 63, 64, 65, 66, 67, 68, 69])
    expect(take(60, 10)).toEqual([])
    expect(take(0, 0)).toEqual([])
    expect(take(127, 2)).toEqual([127, 128])
    const left = upTo(130).filter((each) => (each < 60 || each > 69) && each !== 127 && each !== 128)
    expect(pagesOf(vm.memory.takeDirty())).toEqual(left)
    expect(vm.memory.takeDirty()).toEqual([])
  })

  test('logs a page again once it was taken, and no other', () => {
    using vm = make()
    const vcpu = pageWalk(vm, WALKED, 3)
    vcpu.run()
    vm.memory.takeDirty(WALKED + page, page)
    aim(vm, vcpu, WALKED + page, 2)
    vcpu.run()
    expect(pagesOf(vm.memory.takeDirty(WALKED + page))).toEqual([1, 2])
    expect(pagesOf(vm.memory.takeDirty())).toEqual([0])
  })

  test.each([
    ['in part of a page', WALKED + 1, page],
    ['beyond the memory', WALKED, memoryBytes],
    ['of less than nothing', WALKED, -page],
    ['from nowhere', Number.NaN, page],
  ])('has nothing %s', (_, address, length) => {
    using vm = make()
    expect(codeOf(() => vm.memory.takeDirty(address, length))).toBe('MEMORY_RANGE')
  })
})

/** A PVM host's are refused. */
const hasRings = checkExtension('KVM_CAP_DIRTY_LOG_RING_ACQ_REL') > 0 && !isPvmHost

describeKvm.each(hasRings ? [0, RING] : [0])('with a dirty ring of %d entries', (dirtyRing) => {
  test('no page that is written while others are taken is lost', async () => {
    using vm = make(dirtyRing)
    const copy = new Uint8Array(PAGES)
    const seen: number[] = []
    const take = (): void => {
      for (const at of pagesOf(vm.memory.takeDirty())) {
        seen.push(at)
        copy[at] = vm.memory.read(WALKED + at * page, 1)[0]
      }
    }
    const run = pageWalk(vm, WALKED, PAGES).runAsync()
    let isOver = false
    void run.finally(() => {
      isOver = true
    })
    while (!isOver) {
      take()
      await sleep(2)
    }
    expect((await run).kind).toBe(guest.stopKind)
    take()
    expect(copy.every((byte) => byte === 1)).toBe(true)
    expect([...new Set(seen)]).toHaveLength(PAGES)
  })

  test('the log holds more pages than the ring', () => {
    using vm = make(dirtyRing)
    expect(pageWalk(vm, WALKED, PAGES).run().kind).toBe(guest.stopKind)
    expect(pagesOf(vm.memory.takeDirty())).toEqual(upTo(PAGES))
    expect(vm.memory.takeDirty()).toEqual([])
  })

  test('a slot starts with nothing written, also where another one was', () => {
    using vm = make(dirtyRing)
    const [address, bytes] = [guest.memoryBase + 2 ** 28, 64 * page]
    const slot = vm.addMemory({address, bytes, logsDirty: true})
    const vcpu = pageWalk(vm, address, 64)
    vcpu.run()
    slot[Symbol.dispose]()
    expect(codeOf(() => slot.takeDirty(address, page))).toBe('DISPOSED')
    const next = vm.addMemory({address, bytes, logsDirty: true})
    expect(next.takeDirty()).toEqual([])
    aim(vm, vcpu, address + 2 * page, 1)
    vcpu.run()
    expect(next.takeDirty()).toEqual([{address: address + 2 * page, length: page}])
  })
})

describeKvm('a dirty ring', () => {
  test.each([1, 1000, RING + 1, 2 ** 30, -RING, 0.5, Number.NaN])('of %d entries is refused', (dirtyRing) => {
    expect(codeOf(() => make(dirtyRing))).toBe(hasRings ? 'BAD_ARGUMENT' : 'KVM_UNUSABLE')
  })
})
