// Handlers and masks for tests of signals, and which handlers are about to run.

import {expect} from 'vitest'
import {SA_RESTORER} from '../../../../src/abi/signal.ts'
import {SignalSet} from '../../../../src/abi/signal-set.ts'
import {arch} from '../../../../src/arch/index.ts'
import {REGISTERS_SET} from '../../../../src/sentry/core/syscall.ts'
import {rtSigreturn} from '../../../../src/sentry/syscalls/sigreturn.ts'
import {call, type Fake} from '../fake-task.ts'

/** A signal's handler lies that many bytes after this address. */
export const HANDLER = 0x402000

export function handle({process}: Fake, signal: number, flags = 0, mask = new SignalSet()): void {
  process.signals.setAction(signal, {
    handler: HANDLER + signal,
    flags: flags | SA_RESTORER,
    restorer: 1,
    mask,
  })
}

export function block({task}: Fake, ...signals: number[]): void {
  task.signals.mask = SignalSet.of(...signals)
}

/** The signals whose handlers would run; the innermost, which runs first, comes first. */
export function handlersOf(fake: Fake): number[] {
  const running: number[] = []
  while (arch.programCounter(fake.context.readRegisters()) > HANDLER) {
    running.push(Number(fake.context.handlerArguments[0]))
    fake.context.leaveHandler()
    expect(call(fake, rtSigreturn)).toBe(REGISTERS_SET)
  }
  return running
}
