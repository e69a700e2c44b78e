// Programs that run alone by turns on the ptrace platform, and are polled through the gate, one after the other.

import {availableParallelism} from 'node:os'
import {describe, expect, test} from 'vitest'
import {addon} from '../../../src/addon.ts'
import {arch} from '../../../src/arch/index.ts'
import {
  type AddressSpace,
  type Context,
  EVENT_DEADLINE,
  EVENT_SYSCALL,
  type Platform,
} from '../../../src/platform/platform.ts'
import {PtracePlatform} from '../../../src/platform/ptrace/ptrace.ts'
import {withCosts} from '../../helpers/costs.ts'
import {gateLoop, liar} from '../../helpers/gate-code.ts'
import {canTrace} from '../../helpers/ptrace.ts'
import {countAt, inNs, LATE_NS, placeWith, SOON_NS, startAt} from '../../helpers/running-code.ts'
import {contextAt, expectKept, spaceWith, storeCode} from '../../helpers/user-code.ts'

const SEED = 0x1122_3344_5566_7700n
const canPoll = canTrace() && availableParallelism() > 1

function openGated() {
  const platform: Platform = withCosts(new PtracePlatform(1 << 24))
  const gate = platform.openCallGate(true)
  const next = (): void => {
    const deadlineNs = inNs(LATE_NS)
    expect(platform.wait(deadlineNs)).toBe(EVENT_SYSCALL)
    // The deadline would have revealed an event that was overlooked.
    expect(addon.monotonicNs()).toBeLessThan(deadlineNs)
  }
  /** Answers the call, and goes on until the next one. */
  const call = (context: Context, space: AddressSpace, result: number): void => {
    context.setResult(result)
    platform.resume(context, space)
    next()
    expect(context.callNumber).toBe(arch.callLoopNumber)
  }
  return Object.assign(platform, {gate, next, call})
}

describe.skipIf(!canPoll)('two programs that run by turns', () => {
  test('are both polled, and go on with all that they had', () => {
    using platform = openGated()
    const programs = [0n, 1n].map((which) => {
      const space = spaceWith(platform, storeCode(platform, gateLoop(platform.gate)))
      const context = contextAt(platform, SEED + which * 8n)
      platform.resume(context, space)
      platform.next()
      return {context, space}
    })
    const lateNs = inNs(LATE_NS)
    const {stats} = platform
    for (let turn = 0; turn < 16 || stats.polled <= 100; turn++) {
      const {context, space} = programs[turn % 2]
      for (let i = 0; i < turn % 20; i++) platform.call(context, space, i)
      if (turn % 7 === 0) context.setResult(arch.programCounter(context.readRegisters()))
      expect(addon.monotonicNs()).toBeLessThan(lateNs)
    }
    expectKept(programs[0].context, SEED)
    expectKept(programs[1].context, SEED + 8n)
  })

  test('one that lies, and runs on, is stopped soon after the other has the turn', () => {
    using platform = openGated()
    const {space, data} = placeWith(platform, liar(platform.gate))
    const context = startAt(platform)
    platform.resume(context, space)
    platform.next()
    platform.resume(context, space)
    const lateNs = inNs(LATE_NS)
    while (platform.wait(inNs(SOON_NS)) === EVENT_DEADLINE) expect(addon.monotonicNs()).toBeLessThan(lateNs)
    const honest = spaceWith(platform, storeCode(platform, gateLoop(platform.gate)))
    const other = contextAt(platform, SEED)
    for (let i = 0; i < 40; i++) {
      platform.resume(other, honest)
      platform.next()
    }
    const before = countAt(platform, data)
    const endNs = inNs(SOON_NS)
    while (addon.monotonicNs() < endNs) expect(countAt(platform, data)).toBe(before)
    expectKept(other, SEED)
  })
})
