// KvmPlatform: several contexts at a time, more contexts than Cpus, and stopping some of them.

import {availableParallelism} from 'node:os'
import {expect, test} from 'vitest'
import {arch} from '../../../src/arch/index.ts'
import {ALWAYS_POLLING} from '../../../src/platform/costs.ts'
import {KvmPlatform} from '../../../src/platform/kvm/kvm.ts'
import {
  type Context,
  EVENT_DEADLINE,
  EVENT_PREEMPTED,
  EVENT_SYSCALL,
  type Platform,
} from '../../../src/platform/platform.ts'
import {withCosts} from '../../helpers/costs.ts'
import {
  awaitCount,
  countAt,
  inNs,
  LATE_NS,
  placeWith,
  runCounting,
  SOON_NS,
  startAt,
} from '../../helpers/running-code.ts'
import {contextAt, expectKept, userCode} from '../../helpers/user-code.ts'
import {describeKvm} from '../../helpers/vm.ts'

const open = (cpus: number): Platform => withCosts(new KvmPlatform(1 << 24, cpus))
const callLoop = [...arch.callLoop]

describeKvm('several contexts', () => {
  test('run at the same time, and hand a token to each other without an exit', () => {
    using platform = open(2)
    const {space} = placeWith(platform, userCode.pass)
    const [mine, other, times] = userCode.passed
    // Where the host has too few processors, a round may take the rest of a time slice.
    const rounds = 100
    for (const first of [0, 1])
      platform.resume(startAt(platform, {[mine]: first, [other]: 1 - first, [times]: rounds}), space)
    const before = platform.stats.exits + platform.stats.polled
    expect([platform.wait(inNs(LATE_NS)), platform.wait(inNs(LATE_NS))]).toEqual([
      EVENT_SYSCALL,
      EVENT_SYSCALL,
    ])
    expect(platform.stats.exits + platform.stats.polled - before).toBe(2)
  })

  test.for([1, 2, 4])('keep their registers apart, 50 of them on %i Cpus', (cpus) => {
    using platform = open(cpus)
    const {space} = placeWith(platform, callLoop)
    const contexts = Array.from({length: 50}, (_, i) => contextAt(platform, 0x1000n * BigInt(i + 1)))
    const left = new Map(contexts.map((context) => [context as Context, 6]))
    const queue: Context[] = [...contexts]
    for (let running = 0; left.size > 0; ) {
      for (; running < Math.min(cpus, left.size) && queue.length > 0; running++)
        platform.resume(queue.shift()!, space)
      expect(platform.wait(inNs(LATE_NS))).toBe(EVENT_SYSCALL)
      running--
      const {trapped} = platform
      expect(trapped.callNumber).toBe(arch.callLoopNumber)
      trapped.setResult(left.get(trapped)!)
      if (left.get(trapped)! > 1) queue.push(trapped)
      if (left.get(trapped)! > 1) left.set(trapped, left.get(trapped)! - 1)
      else left.delete(trapped)
    }
    for (const [i, context] of contexts.entries()) {
      expectKept(context, 0x1000n * BigInt(i + 1))
      expect(arch.callResult(context.readRegisters())).toBe(1n)
    }
  })

  test.runIf(availableParallelism() > 1).each([1, 2])(
    'by turns on %i Cpus, they are polled one after the other',
    (cpus) => {
      using platform: Platform = new KvmPlatform(1 << 24, cpus)
      platform.useCosts(ALWAYS_POLLING)
      const {space} = placeWith(platform, callLoop)
      const contexts = [1n, 2n].map((which) => contextAt(platform, 0x1000n * which))
      const lateNs = inNs(LATE_NS)
      const {stats} = platform
      for (let turn = 0; turn < 10 || stats.polled <= 100; turn++) {
        const context = contexts[turn % 2]
        for (let i = 0; i < 20; i++) {
          context.setResult(i)
          platform.resume(context, space)
          expect(platform.wait(lateNs)).toBe(EVENT_SYSCALL)
          expect(context.callNumber).toBe(arch.callLoopNumber)
        }
      }
      for (const [i, context] of contexts.entries()) {
        expectKept(context, 0x1000n * BigInt(i + 1))
        expect(arch.callResult(context.readRegisters())).toBe(19n)
      }
    },
  )

  test('a result that comes while its context is in no Cpu is not lost', () => {
    using platform = open(1)
    const {space} = placeWith(platform, callLoop)
    const [first, second] = [startAt(platform), startAt(platform)]
    for (const context of [first, second]) {
      platform.resume(context, space)
      expect(platform.wait(inNs(LATE_NS))).toBe(EVENT_SYSCALL)
    }
    first.setResult(-38)
    expect(first.callNumber).toBe(arch.callLoopNumber)
    expect(arch.callResult(first.readRegisters())).toBe(-38n)
  })

  test('one is interrupted, and the other runs on', () => {
    using platform = open(2)
    const {data, contexts} = runCounting(platform, 2)
    const [first] = contexts
    platform.interrupt(first)
    expect(platform.wait(inNs(LATE_NS))).toBe(EVENT_PREEMPTED)
    expect(platform.trapped).toBe(first)
    awaitCount(platform, data)
  })

  test('one is stopped for good, at once and without an event', () => {
    using platform = open(2)
    const {space, data, contexts} = runCounting(platform, 2)
    const [first, second] = contexts
    platform.stop(first)
    platform.stop(second)
    const before = countAt(platform, data)
    expect(platform.wait(inNs(SOON_NS))).toBe(EVENT_DEADLINE)
    expect(countAt(platform, data)).toBe(before)
    platform.resume(second, space)
    awaitCount(platform, data)
  })

  test('more at a time than there are Cpus are refused', () => {
    using platform = open(1)
    const {space} = placeWith(platform, userCode.spin)
    platform.resume(startAt(platform), space)
    expect(() => platform.resume(startAt(platform), space)).toThrow('more contexts than CPUs')
  })

  test('of several spaces are each in its own, whatever Cpu they come to', () => {
    using platform = open(2)
    const places = Array.from({length: 5}, () => placeWith(platform, userCode.count))
    const contexts = places.map(() => startAt(platform))
    for (let round = 0; round < 10; round++) {
      const pair = [round % 5, (round + 2) % 5]
      const before = places.map(({data}) => countAt(platform, data))
      for (const i of pair) platform.resume(contexts[i], places[i].space)
      for (const i of pair) awaitCount(platform, places[i].data)
      for (const i of pair) platform.stop(contexts[i])
      for (const [i, {data}] of places.entries())
        expect(countAt(platform, data) !== before[i]).toBe(pair.includes(i))
    }
  })
})
