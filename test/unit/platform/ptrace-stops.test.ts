// PtracePlatform with several CPUs: how one of the running contexts is stopped, or dies.

import {expect, test} from 'vitest'
import {SIGKILL} from '../../../src/abi/signal.ts'
import {addon} from '../../../src/addon.ts'
import {
  type Context,
  EVENT_DEAD,
  EVENT_DEADLINE,
  EVENT_PREEMPTED,
  type EventKind,
  type Platform,
} from '../../../src/platform/platform.ts'
import {PtracePlatform} from '../../../src/platform/ptrace/ptrace.ts'
import {withCosts} from '../../helpers/costs.ts'
import {contextOf, parallelCode, SEED} from '../../helpers/parallel-code.ts'
import {describePtrace, pidOf} from '../../helpers/ptrace.ts'
import {inNs, LATE_NS, placeWith} from '../../helpers/running-code.ts'
import {contextAt, expectKept, spaceWith, storeCode, userCode} from '../../helpers/user-code.ts'

const openCpus = (cpus: number): Platform => withCosts(new PtracePlatform(1 << 24, cpus))
const within = (ms: number): number => addon.monotonicNs() + ms * 1e6

function next(platform: Platform, expected: EventKind): Context {
  expect(platform.wait(inNs(LATE_NS))).toBe(expected)
  return platform.trapped
}

describePtrace('one of two that run', () => {
  test.each([0, 1])('is interrupted, and the other runs on (%i)', (which) => {
    using platform = openCpus(2)
    const space = spaceWith(platform, storeCode(platform, userCode.spin))
    const contexts = [contextAt(platform, SEED), contextAt(platform, SEED + 1n)]
    for (const context of contexts) platform.resume(context, space)
    expect(platform.wait(within(20))).toBe(EVENT_DEADLINE)
    platform.interrupt(contexts[which])
    expect(next(platform, EVENT_PREEMPTED)).toBe(contexts[which])
    expectKept(contexts[which], SEED + BigInt(which))
    expect(platform.wait(within(20))).toBe(EVENT_DEADLINE)
  })

  test('is stopped for good, and gives no event', () => {
    using platform = openCpus(2)
    const {space, data} = placeWith(platform, parallelCode.storeForEver)
    const contexts = [contextOf(platform, 1), contextOf(platform, 2)]
    for (const context of contexts) platform.resume(context, space)
    expect(platform.wait(within(20))).toBe(EVENT_DEADLINE)
    platform.stop(contexts[0])
    platform.memory.bytes[data] = 0
    while (platform.memory.bytes[data] === 0) expect(platform.wait(within(1))).toBe(EVENT_DEADLINE)
    expect(platform.memory.bytes[data]).toBe(2)
    platform.stop(contexts[1])
    platform.memory.bytes[data] = 0
    expect(platform.wait(within(20))).toBe(EVENT_DEADLINE)
    expect(platform.memory.bytes[data]).toBe(0)
  })

  test('is disposed of while it runs', () => {
    using platform = openCpus(2)
    const space = spaceWith(platform, storeCode(platform, userCode.spin))
    const contexts = [contextAt(platform, SEED), contextAt(platform, SEED + 1n)]
    for (const context of contexts) platform.resume(context, space)
    expect(platform.wait(within(5))).toBe(EVENT_DEADLINE)
    contexts[0].dispose()
    expect(platform.wait(within(20))).toBe(EVENT_DEADLINE)
    platform.interrupt(contexts[1])
    expect(next(platform, EVENT_PREEMPTED)).toBe(contexts[1])
  })

  test('dies, and the other runs on', () => {
    using platform = openCpus(2)
    const code = storeCode(platform, userCode.spin)
    const spaces = [spaceWith(platform, code), spaceWith(platform, code)]
    const contexts = spaces.map((space, index) => {
      const context = contextAt(platform, SEED + BigInt(index))
      platform.resume(context, space)
      return context
    })
    expect(platform.wait(within(5))).toBe(EVENT_DEADLINE)
    process.kill(pidOf(spaces[0]), 'SIGKILL')
    expect(next(platform, EVENT_DEAD)).toBe(contexts[0])
    expect(platform.deathSignal).toBe(SIGKILL)
    expect(platform.wait(within(20))).toBe(EVENT_DEADLINE)
    platform.interrupt(contexts[1])
    expect(next(platform, EVENT_PREEMPTED)).toBe(contexts[1])
    expectKept(contexts[1], SEED + 1n)
  })

  test('dies with the other, in the same process', () => {
    using platform = openCpus(2)
    const space = spaceWith(platform, storeCode(platform, userCode.spin))
    const contexts = [contextAt(platform, SEED), contextAt(platform, SEED + 1n)]
    for (const context of contexts) platform.resume(context, space)
    expect(platform.wait(within(5))).toBe(EVENT_DEADLINE)
    process.kill(pidOf(space), 'SIGKILL')
    const dead = [next(platform, EVENT_DEAD), next(platform, EVENT_DEAD)]
    expect(new Set(dead)).toEqual(new Set(contexts))
  })

  test('dies with its process while the other one is stopped', () => {
    using platform = openCpus(2)
    const space = spaceWith(platform, storeCode(platform, userCode.spin))
    const contexts = [contextAt(platform, SEED), contextAt(platform, SEED + 1n)]
    for (const context of contexts) platform.resume(context, space)
    for (const kept of [0, 1]) {
      expect(platform.wait(within(5))).toBe(EVENT_DEADLINE)
      platform.interrupt(contexts[kept])
      expect(next(platform, EVENT_PREEMPTED)).toBe(contexts[kept])
      if (kept === 0) platform.resume(contexts[0], space)
    }
    process.kill(pidOf(space), 'SIGKILL')
    expect(next(platform, EVENT_DEAD)).toBe(contexts[0])
    platform.resume(contexts[1], space)
    expect(next(platform, EVENT_DEAD)).toBe(contexts[1])
  })
})
