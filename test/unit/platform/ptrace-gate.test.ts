// The gate of the ptrace platform: calls that are found without a stop, and what can be done to a program that waits there.

import {availableParallelism} from 'node:os'
import {describe, expect, test} from 'vitest'
import {addon} from '../../../src/addon.ts'
import {arch} from '../../../src/arch/index.ts'
import {
  type AddressSpace,
  type Context,
  EVENT_DEAD,
  EVENT_DEADLINE,
  EVENT_FAULT,
  EVENT_SYSCALL,
  PAGE_SIZE,
  type Platform,
  PROT_EXEC,
  PROT_READ,
} from '../../../src/platform/platform.ts'
import type {PtraceContext} from '../../../src/platform/ptrace/context.ts'
import {PtracePlatform} from '../../../src/platform/ptrace/ptrace.ts'
import {withCosts} from '../../helpers/costs.ts'
import {BEHIND, FORGED, forger, gateLoop, liar} from '../../helpers/gate-code.ts'
import {canTrace, openPtrace, pidOf} from '../../helpers/ptrace.ts'
import {
  countAt,
  DATA_ADDRESS,
  inNs,
  LATE_NS,
  placeWith,
  SOON_NS,
  startAt,
} from '../../helpers/running-code.ts'
import {CODE_ADDRESS, contextAt, expectKept, spaceWith, storeCode, userCode} from '../../helpers/user-code.ts'

const SEED = 0x1122_3344_5566_7700n
const canPoll = canTrace() && availableParallelism() > 1
/** What else a call leaves: on x86_64 its end in RCX; on arm64 X8 keeps its number. */
const [LINK, LINKED] = arch.name === 'x86_64' ? [11, BEHIND] : [8, arch.callLoopNumber]

function openGated(): Platform & {gate: number} {
  const platform = withCosts(new PtracePlatform(1 << 24))
  return Object.assign(platform, {gate: platform.openCallGate(true)})
}

function next(platform: Platform, expected = EVENT_SYSCALL): void {
  const deadlineNs = inNs(LATE_NS)
  expect(platform.wait(deadlineNs)).toBe(expected)
  // The deadline would have revealed an event that was overlooked.
  expect(addon.monotonicNs()).toBeLessThan(deadlineNs)
}

/** Answers the call, and goes on until the next one. */
function call(platform: Platform, context: Context, space: AddressSpace, result: number): void {
  context.setResult(result)
  platform.resume(context, space)
  next(platform)
  expect(context.callNumber).toBe(arch.callLoopNumber)
}

describe.skipIf(!canPoll)('a call through the gate', () => {
  function start(platform: ReturnType<typeof openGated>): {context: Context; space: AddressSpace} {
    const space = spaceWith(platform, storeCode(platform, gateLoop(platform.gate)))
    const context = contextAt(platform, SEED)
    platform.resume(context, space)
    next(platform)
    return {context, space}
  }

  test('is found without a stop, and the program goes on with all that it had', () => {
    using platform = openGated()
    const {context, space} = start(platform)
    // On a busy host many calls come late, and ring.
    const lateNs = inNs(LATE_NS)
    for (let i = 0; i < 1000 || platform.stats.polled <= 500; i++) {
      call(platform, context, space, i)
      expect(addon.monotonicNs()).toBeLessThan(lateNs)
    }
    expectKept(context, SEED)
    expect(context.callSite).toBe(0)
  })

  test('leaves the program where its registers can be read and written', () => {
    using platform = openGated()
    const {context, space} = start(platform)
    for (let i = 0; i < 20; i++) {
      call(platform, context, space, i)
      context.setResult(-i)
      const registers = context.readRegisters()
      expect([arch.programCounter(registers), arch.callResult(registers)]).toEqual([BEHIND, BigInt(-i)])
      expect(registers[LINK]).toBe(BigInt(LINKED))
      expectKept(context, SEED)
      if (i % 2 === 0) arch.setProgramCounter(registers, CODE_ADDRESS)
      context.writeRegisters(registers)
    }
  })

  test('is answered after a while, too, and after edits', () => {
    using platform = openGated()
    const {context, space} = start(platform)
    const data = platform.memory.allocate(PAGE_SIZE)
    for (let i = 0; i < 10; i++) {
      expect(platform.wait(inNs(SOON_NS / 10))).toBe(EVENT_DEADLINE)
      call(platform, context, space, i)
      space.map(DATA_ADDRESS, PAGE_SIZE, data, PROT_READ)
      space.commit()
      call(platform, context, space, i)
      space.unmap(DATA_ADDRESS, PAGE_SIZE)
      space.commit()
      call(platform, context, space, i)
      const child = space.fork()
      const forked = contextAt(platform, SEED)
      platform.resume(forked, child)
      next(platform)
      expect(platform.trapped).toBe(forked)
      forked.dispose()
      child.dispose()
      call(platform, context, space, i)
    }
    expectKept(context, SEED)
  })

  test('is the last one of a program that is killed meanwhile', () => {
    using platform = openGated()
    const {context, space} = start(platform)
    for (let i = 0; i < 20; i++) call(platform, context, space, i)
    process.kill(pidOf(space), 'SIGKILL')
    platform.resume(context, space)
    next(platform, EVENT_DEAD)
    expect(platform.deathSignal).toBe(9)
  })

  test('is forgotten with its context', () => {
    using platform = openGated()
    for (let i = 0; i < 20; i++) {
      const {context, space} = start(platform)
      call(platform, context, space, 1)
      context.dispose()
      space.dispose()
    }
  })

  test.each(['takes away', 'sleeps'])(
    'of a program that lies, and runs on, is none once the sentry %s',
    (what) => {
      using platform = openGated()
      const {space, data} = placeWith(platform, liar(platform.gate))
      const context = startAt(platform)
      platform.resume(context, space)
      next(platform)
      platform.resume(context, space)
      // When the sentry has stopped looking, a deadline ends its wait, and it looks again.
      const lateNs = inNs(LATE_NS)
      while (platform.wait(inNs(SOON_NS)) === EVENT_DEADLINE) expect(addon.monotonicNs()).toBeLessThan(lateNs)
      expect([context.callNumber, (context as PtraceContext).wasPolled]).toEqual([arch.callLoopNumber, true])
      if (what === 'sleeps') {
        // Long enough to sleep, even on a busy host.
        expect(platform.wait(inNs(10 * SOON_NS))).toBe(EVENT_DEADLINE)
      } else {
        space.unmap(DATA_ADDRESS, PAGE_SIZE)
        space.commit()
      }
      const before = countAt(platform, data)
      const endNs = inNs(SOON_NS)
      while (addon.monotonicNs() < endNs) expect(countAt(platform, data)).toBe(before)
      if (what === 'sleeps') return
      // The program may have been about to lie once more.
      let event = EVENT_SYSCALL
      for (let i = 0; i < 2 && event === EVENT_SYSCALL; i++) {
        platform.resume(context, space)
        event = platform.wait(lateNs)
      }
      expect(event).toBe(EVENT_FAULT)
    },
  )
})

describe.skipIf(!canTrace())("a call that stops its program at the gate's bell", () => {
  function start(code: (gate: number) => ArrayLike<number>) {
    const platform = openPtrace()
    const space = spaceWith(platform, storeCode(platform, code(platform.openCallGate(false))))
    const context = contextAt(platform, SEED) as PtraceContext
    const goOn = () => {
      platform.resume(context, space)
      next(platform)
    }
    goOn()
    return {platform, space, context, goOn}
  }

  test('is answered there, and the program goes on with all that it had', () => {
    const {platform, context, goOn} = start(gateLoop)
    using _ = platform
    for (let i = 0; i < 100; i++) {
      expect([context.callNumber, context.callSite, context.wasPolled]).toEqual([
        arch.callLoopNumber,
        0,
        false,
      ])
      context.setResult(-i)
      if (i % 3 === 0) {
        const registers = context.readRegisters()
        expect([arch.programCounter(registers), arch.callResult(registers)]).toEqual([BEHIND, BigInt(-i)])
        expect(registers[LINK]).toBe(BigInt(LINKED))
        if (i % 2 === 0) context.writeRegisters(registers)
      }
      goOn()
    }
    expectKept(context, SEED)
  })

  test('is answered after edits, and has the result of a fork', () => {
    const {platform, space, context, goOn} = start(gateLoop)
    using _ = platform
    const data = platform.memory.allocate(PAGE_SIZE)
    for (let i = 0; i < 20; i++) {
      space.map(DATA_ADDRESS, PAGE_SIZE, data, PROT_READ)
      space.commit()
      goOn()
      space.unmap(DATA_ADDRESS, PAGE_SIZE)
      space.commit()
      const child = space.fork()
      context.setResult(i)
      goOn()
      expect(context.callNumber).toBe(arch.callLoopNumber)
      child.dispose()
    }
    expectKept(context, SEED)
  })

  test('is what the program says, though it made another one elsewhere', () => {
    const {platform, context, goOn} = start(forger)
    using _ = platform
    for (let i = 0; i < 100; i++) {
      expect(context.callNumber).toBe(FORGED)
      if (i % 2 === 0) {
        context.setResult(i)
        expect(arch.callResult(context.readRegisters())).toBe(BigInt(i))
      }
      goOn()
    }
  })
})

describe.skipIf(!canPoll)('two contexts of a space', () => {
  // A stopped thread of its process makes the thread for the other context.
  test('run, and one has trapped by the time that the other gets its thread', () => {
    using platform = openPtrace()
    const [calls, spins] = [storeCode(platform, arch.callLoop), storeCode(platform, userCode.spin)]
    for (let i = 0; i < 200; i++) {
      const space = spaceWith(platform, calls)
      space.map(CODE_ADDRESS + PAGE_SIZE, PAGE_SIZE, spins, PROT_READ | PROT_EXEC)
      space.commit()
      const [caller, spinner] = [contextAt(platform, SEED), contextAt(platform, SEED)]
      spinner.writeRegisters(arch.initialRegisters(CODE_ADDRESS + PAGE_SIZE, 0))
      // Moves it to another processor, where it runs meanwhile.
      const {native} = caller as PtraceContext
      native.poll(1, 1, 1)
      platform.resume(caller, space)
      next(platform)
      native.poll(0, 0, 0)
      platform.resume(caller, space)
      platform.resume(spinner, space)
      next(platform)
      expect(platform.trapped).toBe(caller)
      platform.stop(spinner)
      for (const context of [caller, spinner]) context.dispose()
      space.dispose()
    }
  })
})
