// Entering an arm64 handler with a fake context and memory.

import {SA_SIGINFO} from '../../../../src/abi/signal.ts'
import {SignalSet} from '../../../../src/abi/signal-set.ts'
import type {SignalFrame} from '../../../../src/arch/architecture.ts'
import * as reg from '../../../../src/arch/arm64/registers.ts'
import {pushSignalFrame} from '../../../../src/arch/arm64/signal-frame.ts'
import {AlternateStack} from '../../../../src/sentry/signals/alternate-stack.ts'
import {FakeMemory} from '../fake-memory.ts'
import {FakeContext} from './fake-context.ts'

export const BASE = 0x7000_0000
export const SIZE = 0x10000
export const STACK = BASE + 0x8000
export const HANDLER = 0x402000
export const TRAMPOLINE = 0x403000
export const SYNDROME = 0x9200_0046
export const NO_FAULT = {trapNumber: 0, errorCode: 0, address: 0}

function frameOf(changes: Partial<SignalFrame> = {}): SignalFrame {
  return {
    signal: 11,
    info: new Uint8Array(128).fill(0x77),
    handler: HANDLER,
    flags: SA_SIGINFO,
    restorer: 0,
    trampoline: TRAMPOLINE,
    mask: SignalSet.of(1, 34),
    stack: new AlternateStack(),
    fault: {trapNumber: 0x24, errorCode: SYNDROME, address: 0xdead_0000_dead_0000n},
    ...changes,
  }
}

export function enter(stackPointer = STACK, changes: Partial<SignalFrame> = {}) {
  const context = new FakeContext(stackPointer)
  const memory = new FakeMemory(BASE, SIZE)
  const before = context.readRegisters()
  const push = () => {
    const registers = context.readRegisters()
    pushSignalFrame(context, memory, registers, frameOf(changes))
    context.writeRegisters(registers)
    return Number(registers[reg.SP])
  }
  return {context, memory, before, push}
}
