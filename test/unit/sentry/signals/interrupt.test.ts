// What happens to a sleeping call when a signal comes.

import {describe, expect, test} from 'vitest'
import {EINTR} from '../../../../src/abi/errno.ts'
import {SA_RESTART, SIGCHLD, SIGTERM, SIGUSR1} from '../../../../src/abi/signal.ts'
import {SignalSet} from '../../../../src/abi/signal-set.ts'
import {arch} from '../../../../src/arch/index.ts'
import {deliver, hasDeliverable, interruptWait} from '../../../../src/sentry/signals/deliver.ts'
import {asleep} from '../blocked-call.ts'
import {type Fake, fakeTask} from '../fake-task.ts'
import {block, handle, handlersOf} from './handling.ts'

describe('a blocked call', () => {
  /** Puts the task to sleep in call 0 and lets a handled signal find it. */
  function interrupt(fake: Fake, restart: 'sa-restart' | 'never', flags: number): number {
    handle(fake, SIGUSR1, flags)
    fake.context.callNumber = 23
    const progress = {interrupted: 0}
    fake.task.block({restart, next: asleep, progress})
    fake.process.signals.raise(SIGUSR1)
    expect(hasDeliverable(fake.task)).toBe(true)
    interruptWait(fake.task)
    expect(deliver(fake.task)).toBe(true)
    expect(handlersOf(fake)).toEqual([SIGUSR1])
    return progress.interrupted
  }

  test('is made anew after a handler with SA_RESTART', () => {
    const fake = fakeTask()
    const expected = fake.context.readRegisters()
    arch.restartCall(expected, 23, fake.task.arguments.raw(0))
    interrupt(fake, 'sa-restart', SA_RESTART)
    const registers = fake.context.readRegisters()
    expect(arch.programCounter(registers)).toBe(arch.programCounter(expected))
    expect(arch.callResult(registers)).toBe(arch.callResult(expected))
  })

  test.each([
    ['without SA_RESTART', 'sa-restart', 0],
    ['that never restarts', 'never', SA_RESTART],
  ] as const)('gives EINTR %s', (_, restart, flags) => {
    const fake = fakeTask()
    interrupt(fake, restart, flags)
    expect(arch.programCounter(fake.context.readRegisters())).toBe(0x401000)
    expect(arch.callResult(fake.context.readRegisters())).toBe(BigInt(-EINTR))
  })

  test('stores what it owes before EINTR', () => {
    const fake = fakeTask()
    expect(interrupt(fake, 'never', 0)).toBe(1)
  })

  test('sleeps on when an ignored signal comes', () => {
    const fake = fakeTask()
    fake.task.block({restart: 'never', next: asleep, progress: {interrupted: 0}})
    fake.process.signals.raise(SIGCHLD)
    expect(hasDeliverable(fake.task)).toBe(false)
    expect(fake.task.wait).toBeDefined()
  })

  test('with a temporary mask returns to the old one', () => {
    const fake = fakeTask()
    handle(fake, SIGUSR1)
    block(fake, SIGUSR1, SIGTERM)
    fake.task.signals.raise(SIGUSR1)
    fake.task.signals.setTemporaryMask(new SignalSet())
    fake.task.block({restart: 'never', next: asleep, progress: {interrupted: 0}})
    expect(hasDeliverable(fake.task)).toBe(true)
    interruptWait(fake.task)
    deliver(fake.task)
    expect([...fake.task.signals.mask]).toEqual([SIGUSR1])
    handlersOf(fake)
    expect([...fake.task.signals.mask]).toEqual([SIGUSR1, SIGTERM])
    expect(fake.task.signals.attention).toBe(0)
  })

  test('that ends of itself puts the old mask back, and nothing that it blocks is delivered', () => {
    const fake = fakeTask()
    handle(fake, SIGUSR1)
    block(fake, SIGUSR1)
    fake.task.signals.setTemporaryMask(new SignalSet())
    fake.task.signals.raise(SIGUSR1)
    expect(deliver(fake.task)).toBe(true)
    expect([...fake.task.signals.mask]).toEqual([SIGUSR1])
    expect(handlersOf(fake)).toEqual([])
  })
})
