// nanosleep, sigtimedwait, futex: which tasks sleep, what wakes them, what they are told.

import {describe, expect, test} from 'vitest'
import {EAGAIN, ETIMEDOUT} from '../../../../src/abi/errno.ts'
import {SA_RESTORER, SIGUSR1} from '../../../../src/abi/signal.ts'
import {SignalSet} from '../../../../src/abi/signal-set.ts'
import {decodeTimespec, encodeTimespec, fromNs, toNs} from '../../../../src/abi/time.ts'
import {BLOCKED} from '../../../../src/sentry/core/syscall.ts'
import {FutexTable} from '../../../../src/sentry/memory/futex-table.ts'
import type {Space} from '../../../../src/sentry/memory/space.ts'
import {hasDeliverable, interruptWait} from '../../../../src/sentry/signals/deliver.ts'
import {futex} from '../../../../src/sentry/syscalls/futex.ts'
import {nanosleep} from '../../../../src/sentry/syscalls/nanosleep.ts'
import {rtSigtimedwait} from '../../../../src/sentry/syscalls/sigwaitinfo.ts'
import {resume} from '../blocked-call.ts'
import {BASE, call, type Fake, fakeTask} from '../fake-task.ts'

const SECOND = 1e9
const ARGUMENT = BASE + 0x100
const RESULT = BASE + 0x200

function errno(code: number): unknown {
  return expect.objectContaining({code})
}

function timespecAt({memory}: Fake, address: number): number {
  return toNs(decodeTimespec(memory.readBytes(address, 16)))
}

describe('nanosleep', () => {
  test('sleeps to its end', () => {
    const fake = fakeTask()
    fake.memory.writeBytes(ARGUMENT, encodeTimespec(fromNs(3 * SECOND)))
    expect(call(fake, nanosleep, ARGUMENT, 0)).toBe(BLOCKED)
    expect(fake.task.wait?.deadlineNs).toBe(fake.kernel.nowNs + 3 * SECOND)
    expect(resume(fake.task)).toBe(BLOCKED)
    fake.kernel.pass(3 * SECOND)
    expect(resume(fake.task, true)).toBe(0)
  })

  test('stores what was left when a handler ends it', () => {
    const fake = fakeTask()
    const handler = {handler: 1234, flags: SA_RESTORER, restorer: 1, mask: new SignalSet()}
    fake.process.signals.setAction(SIGUSR1, handler)
    fake.memory.writeBytes(ARGUMENT, encodeTimespec(fromNs(3 * SECOND)))
    call(fake, nanosleep, ARGUMENT, RESULT)
    fake.kernel.pass(SECOND)
    fake.process.signals.raise(SIGUSR1)
    expect(hasDeliverable(fake.task)).toBe(true)
    interruptWait(fake.task)
    expect(timespecAt(fake, RESULT)).toBe(2 * SECOND)
  })
})

describe('sigtimedwait', () => {
  function wait(fake: Fake, timeoutNs: number): number {
    fake.task.signals.mask = SignalSet.of(SIGUSR1)
    fake.memory.writeBytes(ARGUMENT, SignalSet.of(SIGUSR1).toBytes())
    fake.memory.writeBytes(ARGUMENT + 16, encodeTimespec(fromNs(timeoutNs)))
    return call(fake, rtSigtimedwait, ARGUMENT, RESULT, ARGUMENT + 16, 8)
  }

  test('takes a signal that is pending', () => {
    const fake = fakeTask()
    fake.task.signals.mask = SignalSet.of(SIGUSR1)
    fake.process.signals.raise(SIGUSR1)
    expect(wait(fake, SECOND)).toBe(SIGUSR1)
    expect(fake.memory.readInt32(RESULT)).toBe(SIGUSR1)
  })

  test('wakes for one that comes, and gives up at its deadline', () => {
    const fake = fakeTask()
    expect(wait(fake, SECOND)).toBe(BLOCKED)
    let woken = 0
    fake.task.wait?.queues?.[0].join({wake: () => woken++})
    fake.process.signals.raise(SIGUSR1)
    expect(woken).toBe(1)
    expect(resume(fake.task)).toBe(SIGUSR1)
    expect(wait(fake, SECOND)).toBe(BLOCKED)
    expect(() => resume(fake.task, true)).toThrow(errno(EAGAIN))
    expect(() => wait(fake, 0)).toThrow(errno(EAGAIN))
  })
})

class PrivateMap {
  readonly futexes = new FutexTable()
  readonly vmas = {at: () => ({isShared: false, protection: 3})}
}

describe('a futex', () => {
  const WAIT = 0
  const WAKE = 1

  test('lets nobody sleep on a value that changed', () => {
    const fake = futexTask()
    fake.memory.writeInt32(ARGUMENT, 5)
    expect(() => call(fake, futex, ARGUMENT, WAIT, 4, 0)).toThrow(errno(EAGAIN))
  })

  test('wakes who sleeps on it, or times out', () => {
    const fake = futexTask()
    expect(call(fake, futex, ARGUMENT, WAIT, 0, 0)).toBe(BLOCKED)
    expect(resume(fake.task)).toBe(BLOCKED)
    expect(call(fake, futex, ARGUMENT, WAKE, 1)).toBe(1)
    expect(resume(fake.task)).toBe(0)
    expect(call(fake, futex, ARGUMENT, WAKE, 1)).toBe(0)
    call(fake, futex, ARGUMENT, WAIT, 0, 0)
    expect(() => resume(fake.task, true)).toThrow(errno(ETIMEDOUT))
    const {next, progress} = fake.task.wait!
    next.ended?.(fake.task, progress)
    expect(call(fake, futex, ARGUMENT, WAKE, 1)).toBe(0)
  })

  test('that was woken says so, even if a signal comes before it runs', () => {
    const fake = futexTask()
    call(fake, futex, ARGUMENT, WAIT, 0, 0)
    expect(call(fake, futex, ARGUMENT, WAKE, 1)).toBe(1)
    interruptWait(fake.task)
    expect(fake.context.result).toBe(0)
  })

  test('moves sleepers to another word', () => {
    const fake = futexTask()
    call(fake, futex, ARGUMENT, WAIT, 0, 0)
    expect(call(fake, futex, ARGUMENT, 3, 0, 1, RESULT)).toBe(1)
    expect(call(fake, futex, ARGUMENT, WAKE, 1)).toBe(0)
    expect(call(fake, futex, RESULT, WAKE, 1)).toBe(1)
    expect(resume(fake.task)).toBe(0)
  })

  /** A task whose whole memory is private and writable. */
  function futexTask(): Fake {
    const fake = fakeTask()
    fake.process.space = {map: new PrivateMap()} as unknown as Space
    return fake
  }
})
