// KvmSpace: edits of page tables that programs are using: nobody translates through removed entries, and others do not notice.

import {describe, expect, test} from 'vitest'
import {ENOMEM} from '../../../src/abi/errno.ts'
import {KvmPlatform} from '../../../src/platform/kvm/kvm.ts'
import {
  type AddressSpace,
  type Context,
  EVENT_DEADLINE,
  EVENT_FAULT,
  PAGE_SIZE,
  type Platform,
  PROT_READ,
  PROT_WRITE,
} from '../../../src/platform/platform.ts'
import {withCosts} from '../../helpers/costs.ts'
import {
  awaitCount,
  countAt,
  DATA_ADDRESS,
  inNs,
  LATE_NS,
  placeWith,
  startAt,
} from '../../helpers/running-code.ts'
import {userCode} from '../../helpers/user-code.ts'
import {describeKvm} from '../../helpers/vm.ts'

const ROUNDS = 60
const MOMENT_NS = 300_000
const READ_WRITE = PROT_READ | PROT_WRITE

const open = (cpus: number): Platform => withCosts(new KvmPlatform(1 << 24, cpus))

/** Waits until all of the contexts have faulted. */
function awaitFaults(platform: Platform, contexts: readonly Context[]): void {
  const faulted = contexts.map(() => {
    expect(platform.wait(inNs(LATE_NS))).toBe(EVENT_FAULT)
    expect(platform.trapped.fault.address).toBe(DATA_ADDRESS)
    return platform.trapped
  })
  expect(new Set(faulted)).toEqual(new Set(contexts))
}

function resumeAll(platform: Platform, contexts: readonly Context[], space: AddressSpace): void {
  for (const context of contexts) platform.resume(context, space)
  expect(platform.wait(inNs(MOMENT_NS))).toBe(EVENT_DEADLINE)
}

const takeAways: Record<string, (space: AddressSpace, data: number) => void> = {
  unmapped: (space) => space.unmap(DATA_ADDRESS, PAGE_SIZE),
  'made read-only': (space, data) => space.map(DATA_ADDRESS, PAGE_SIZE, data, PROT_READ),
}

describeKvm('pages under running programs', () => {
  describe.for([1, 2])('%i writers', (count) => {
    test.for(Object.keys(takeAways))('see no store land in a page that was %s', (kind) => {
      using platform = open(2)
      const {space, data} = placeWith(platform, userCode.count)
      const writers = Array.from({length: count}, () => startAt(platform))
      for (let round = 0; round < ROUNDS; round++) {
        resumeAll(platform, writers, space)
        takeAways[kind](space, data)
        space.commit()
        const atCommit = countAt(platform, data)
        awaitFaults(platform, writers)
        expect(countAt(platform, data)).toBe(atCommit)
        space.map(DATA_ADDRESS, PAGE_SIZE, data, READ_WRITE)
        space.commit()
      }
    })

    test('store in the new page alone once there is another one', () => {
      using platform = open(2)
      const {space, data} = placeWith(platform, userCode.count)
      const pages = [data, platform.memory.allocate(PAGE_SIZE)]
      const writers = Array.from({length: count}, () => startAt(platform))
      resumeAll(platform, writers, space)
      for (let round = 0; round < ROUNDS; round++) {
        const [before, after] = [pages[round % 2], pages[(round + 1) % 2]]
        space.map(DATA_ADDRESS, PAGE_SIZE, after, READ_WRITE)
        space.commit()
        const old = countAt(platform, before)
        awaitCount(platform, after)
        expect(countAt(platform, before)).toBe(old)
      }
    })
  })

  test('are taken from one space, and a program in another that shares them runs on', () => {
    using platform = open(2)
    const {space, data} = placeWith(platform, userCode.count)
    const child = space.fork()
    const [taken, kept] = [startAt(platform), startAt(platform)]
    platform.resume(kept, child)
    for (let round = 0; round < ROUNDS; round++) {
      platform.resume(taken, space)
      expect(platform.wait(inNs(MOMENT_NS))).toBe(EVENT_DEADLINE)
      space.unmap(DATA_ADDRESS, PAGE_SIZE)
      space.commit()
      awaitFaults(platform, [taken])
      space.map(DATA_ADDRESS, PAGE_SIZE, data, READ_WRITE)
      space.commit()
    }
    awaitCount(platform, data)
  })

  test('are gone for a context that comes back to a Cpu which was elsewhere meanwhile', () => {
    using platform = open(1)
    const {space, data} = placeWith(platform, userCode.count)
    const other = placeWith(platform, userCode.count)
    const [context, stranger] = [startAt(platform), startAt(platform)]
    for (let round = 0; round < 20; round++) {
      resumeAll(platform, [context], space)
      platform.stop(context)
      resumeAll(platform, [stranger], other.space)
      platform.stop(stranger)
      space.unmap(DATA_ADDRESS, PAGE_SIZE)
      space.commit()
      const atCommit = countAt(platform, data)
      platform.resume(context, space)
      awaitFaults(platform, [context])
      expect(countAt(platform, data)).toBe(atCommit)
      space.map(DATA_ADDRESS, PAGE_SIZE, data, READ_WRITE)
      space.commit()
    }
  })
})

describeKvm('a fork', () => {
  test('has the mappings of its parent, and from then on its own', () => {
    using platform = open(2)
    const {space, data} = placeWith(platform, userCode.count)
    const child = space.fork()
    const own = platform.memory.allocate(PAGE_SIZE)
    child.map(DATA_ADDRESS, PAGE_SIZE, own, READ_WRITE)
    child.commit()
    const [first, second] = [startAt(platform), startAt(platform)]
    platform.resume(first, space)
    platform.resume(second, child)
    awaitCount(platform, data)
    awaitCount(platform, own)
    platform.stop(first)
    const before = countAt(platform, data)
    awaitCount(platform, own)
    expect(countAt(platform, data)).toBe(before)
  })

  test('without memory for its tables is ENOMEM, and leaves no space behind', () => {
    using platform = open(1)
    const space = platform.createSpace()
    // 16 MiB and an eighth of the memory hold about 4,600 tables.
    for (let i = 0; i < 2600; i++) space.map(2 ** 21 * i, PAGE_SIZE, 0, PROT_READ)
    space.commit()
    for (let i = 0; i < 3; i++) expect(() => space.fork()).toThrow(expect.objectContaining({code: ENOMEM}))
    space.dispose()
    expect(() => platform.createSpace().fork()).not.toThrow()
  })
})

describeKvm('without memory for page tables', () => {
  test('a commit is ENOMEM, what found none is unmapped, and all else is in force', () => {
    using platform = open(1)
    const {space} = placeWith(platform, userCode.count)
    for (let i = 1; i < 6000; i++) space.map(2 ** 21 * i, PAGE_SIZE, 0, PROT_READ)
    space.unmap(DATA_ADDRESS, PAGE_SIZE)
    expect(() => space.commit()).toThrow(expect.objectContaining({code: ENOMEM}))
    const context = startAt(platform)
    platform.resume(context, space)
    awaitFaults(platform, [context])
  })
})
