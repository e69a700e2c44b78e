// Which signal reaches a task, and when.

import {describe, expect, test} from 'vitest'
import {EAGAIN} from '../../../../src/abi/errno.ts'
import {killInfo, plainInfo, SI_QUEUE} from '../../../../src/abi/siginfo.ts'
import {
  SA_NODEFER,
  SA_RESETHAND,
  SA_SIGINFO,
  SIG_IGN,
  SIGCHLD,
  SIGCONT,
  SIGKILL,
  SIGSEGV,
  SIGTERM,
  SIGTSTP,
  SIGUSR1,
  SIGUSR2,
} from '../../../../src/abi/signal.ts'
import {SignalSet} from '../../../../src/abi/signal-set.ts'
import {RLIMIT_SIGPENDING} from '../../../../src/sentry/core/resource-limits.ts'
import {deliver} from '../../../../src/sentry/signals/deliver.ts'
import {forceFault} from '../../../../src/sentry/signals/force.ts'
import {type Fake, fakeTask} from '../fake-task.ts'
import {block, handle, handlersOf} from './handling.ts'

describe('a pending signal', () => {
  test('is nothing to look at until there is one', () => {
    const fake = fakeTask()
    expect(fake.task.signals.attention).toBe(0)
    handle(fake, SIGUSR1)
    fake.process.signals.raise(SIGUSR1)
    expect(fake.task.signals.attention).not.toBe(0)
    expect(fake.kernel.notified).toEqual([fake.task])
  })

  test('waits while it is blocked, and comes when it is not', () => {
    const fake = fakeTask()
    handle(fake, SIGUSR1)
    block(fake, SIGUSR1)
    fake.task.signals.raise(SIGUSR1)
    expect(fake.task.signals.attention).toBe(0)
    block(fake)
    expect(deliver(fake.task)).toBe(true)
    expect(handlersOf(fake)).toEqual([SIGUSR1])
    expect(fake.task.signals.attention).toBe(0)
  })

  test('is dropped when it is ignored, by choice or by default', () => {
    const fake = fakeTask()
    handle(fake, SIGUSR1)
    fake.process.signals.setAction(SIGUSR1, {handler: SIG_IGN, flags: 0, restorer: 0, mask: new SignalSet()})
    fake.process.signals.raise(SIGUSR1)
    fake.process.signals.raise(SIGCHLD)
    expect(fake.task.signals.pendingSet.isEmpty).toBe(true)
  })

  test('does not queue when standard, and queues when real-time', () => {
    const fake = fakeTask()
    block(fake, SIGUSR1, 40)
    for (let count = 0; count < 3; count++) {
      fake.process.signals.raise(SIGUSR1)
      fake.process.signals.raise(40)
    }
    expect(fake.process.signals.pending.size).toBe(4)
  })

  test('gets a frame by number, faults before all others', () => {
    const fake = fakeTask()
    for (const signal of [SIGUSR1, SIGUSR2, SIGSEGV]) handle(fake, signal)
    block(fake, SIGUSR1, SIGUSR2, SIGSEGV)
    for (const signal of [SIGUSR2, SIGUSR1, SIGSEGV]) fake.task.signals.raise(signal)
    block(fake)
    deliver(fake.task)
    // The last frame's handler runs first.
    expect(handlersOf(fake)).toEqual([SIGUSR2, SIGUSR1, SIGSEGV])
  })

  test('that is real-time fails to queue over RLIMIT_SIGPENDING', () => {
    const fake = fakeTask()
    fake.process.limits.set(RLIMIT_SIGPENDING, {soft: 2, hard: 2})
    block(fake, 40)
    const send = () => fake.process.signals.raise(40, plainInfo(40, SI_QUEUE))
    send()
    send()
    expect(send).toThrow(expect.objectContaining({code: EAGAIN}))
  })

  test("of a timer that asks when it is taken counts like others, but for a POSIX timer's", () => {
    for (const [isReserved, code] of [
      [false, EAGAIN],
      [true, undefined],
    ] as const) {
      const fake = fakeTask()
      fake.process.limits.set(RLIMIT_SIGPENDING, {soft: 1, hard: 1})
      block(fake, SIGUSR1)
      block(fake, 40)
      fake.process.signals.raise(SIGUSR1, undefined, {isReserved, taken: () => {}})
      const send = () => fake.process.signals.raise(40, plainInfo(40, SI_QUEUE))
      if (code === undefined) send()
      else expect(send).toThrow(expect.objectContaining({code}))
    }
  })
})

describe('a handler', () => {
  test('blocks its signal and its mask until it returns', () => {
    const fake = fakeTask()
    handle(fake, SIGUSR1, 0, SignalSet.of(SIGTERM))
    fake.task.signals.raise(SIGUSR1)
    deliver(fake.task)
    expect([...fake.task.signals.mask]).toEqual([SIGUSR1, SIGTERM])
    handlersOf(fake)
    expect(fake.task.signals.mask.isEmpty).toBe(true)
  })

  test('may be entered again with SA_NODEFER', () => {
    const fake = fakeTask()
    handle(fake, SIGUSR1, SA_NODEFER)
    fake.task.signals.raise(SIGUSR1)
    deliver(fake.task)
    expect(fake.task.signals.blocks(SIGUSR1)).toBe(false)
  })

  test('is gone after one signal with SA_RESETHAND', () => {
    const fake = fakeTask()
    handle(fake, SIGUSR1, SA_RESETHAND)
    fake.task.signals.raise(SIGUSR1)
    deliver(fake.task)
    expect(handlersOf(fake)).toEqual([SIGUSR1])
    fake.task.signals.raise(SIGUSR1)
    expect(deliver(fake.task)).toBe(false)
    expect(fake.process.exit).toEqual({code: undefined, signal: SIGUSR1})
  })

  test('that has no room for its frame ends in SIGSEGV', () => {
    const fake = fakeTask()
    handle(fake, SIGUSR1)
    fake.context.stackPointer = 0x1000
    fake.task.signals.raise(SIGUSR1)
    expect(deliver(fake.task)).toBe(false)
    expect(fake.process.exit?.signal).toBe(SIGSEGV)
  })

  test('of SIGSEGV without room for its frame does not run for ever', () => {
    const fake = fakeTask()
    handle(fake, SIGSEGV)
    fake.context.stackPointer = 0x1000
    fake.task.signals.raise(SIGSEGV)
    expect(deliver(fake.task)).toBe(false)
    expect(fake.process.exit?.signal).toBe(SIGSEGV)
  })
})

describe('a fault', () => {
  const fault = {
    ...{signal: SIGSEGV, code: 1, address: 0x123},
    ...{isPageFault: true, access: 1, trapNumber: 14, errorCode: 4},
  }

  function enterHandler(fake: Fake): void {
    forceFault(fake.task, fault)
    deliver(fake.task)
  }

  test.each([
    ['is blocked', (fake: Fake) => block(fake, SIGSEGV)],
    ['is in its handler', enterHandler],
  ])('ends the process when its signal %s', (_, prepare) => {
    const fake = fakeTask()
    handle(fake, SIGSEGV)
    prepare(fake)
    forceFault(fake.task, fault)
    expect(deliver(fake.task)).toBe(false)
    expect(fake.process.exit?.signal).toBe(SIGSEGV)
  })

  test('in the kernel half keeps its address to the last bit', () => {
    const fake = fakeTask()
    handle(fake, SIGSEGV, SA_SIGINFO)
    forceFault(fake.task, {...fault, address: -(2 ** 47) + 0x123})
    deliver(fake.task)
    const info = Number(fake.context.handlerArguments[1])
    expect(fake.memory.view(info + 16, 8).getBigUint64(0, true)).toBe(0xffff_8000_0000_0123n)
  })
})

describe('a stop signal', () => {
  test('stops the process until SIGCONT', () => {
    const fake = fakeTask()
    handle(fake, SIGUSR1)
    fake.process.signals.raise(SIGTSTP)
    expect(deliver(fake.task)).toBe(false)
    fake.process.signals.raise(SIGUSR1)
    expect(deliver(fake.task)).toBe(false)
    fake.process.signals.raise(SIGCONT)
    expect(fake.process.signals.stopped).toBe(false)
    expect(deliver(fake.task)).toBe(true)
    expect(handlersOf(fake)).toEqual([SIGUSR1])
  })

  test('does not keep SIGKILL away', () => {
    const fake = fakeTask()
    fake.process.signals.raise(SIGTSTP)
    deliver(fake.task)
    fake.process.signals.raise(SIGKILL)
    expect(deliver(fake.task)).toBe(false)
    expect(fake.process.exit?.signal).toBe(SIGKILL)
  })

  test('is forgotten when SIGCONT comes, though blocked', () => {
    const fake = fakeTask()
    block(fake, SIGTSTP, SIGCONT)
    fake.process.signals.raise(SIGTSTP)
    fake.process.signals.raise(SIGCONT)
    expect(fake.task.signals.pendingSet.has(SIGTSTP)).toBe(false)
  })
})

test('SIGKILL and SIGSTOP cannot be blocked', () => {
  const fake = fakeTask()
  fake.task.signals.mask = new SignalSet().inverted()
  expect(fake.task.signals.mask.has(SIGKILL)).toBe(false)
  fake.process.signals.raise(SIGKILL, killInfo(SIGKILL, 0, 1, 0))
  deliver(fake.task)
  expect(fake.process.exit?.signal).toBe(SIGKILL)
})
