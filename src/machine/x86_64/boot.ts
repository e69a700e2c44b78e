// The state in which a bare-metal guest starts on x86_64: long mode, everything below 4 GiB mapped to itself; or, flat, another mode.

import {startLongMode} from '../../vm/start-long-mode.ts'
import {startProtectedMode} from '../../vm/start-protected-mode.ts'
import {startRealMode} from '../../vm/start-real-mode.ts'
import type {Vcpu} from '../../vm/vcpu.ts'
import type {Vm} from '../../vm/vm.ts'
import {type FlatPlaces, GUEST_START, LINK_AT, type StartOfGuest} from '../machine.ts'
import {STUB, writeRealVectors} from './real-vectors.ts'

/** Up to 0x7fff, below ARGUMENTS. */
export const TABLES = 0x1000

export const flatPlaces: FlatPlaces = {
  // From a PC's boot sector on, above the vectors and what a BIOS keeps for itself, and below a BIOS.
  real: {usual: 0x7c00, first: 0x500, end: STUB},
  protected: {usual: LINK_AT, first: GUEST_START},
  long: {usual: LINK_AT, first: GUEST_START},
}

export function boot(vm: Vm, vcpu: Vcpu, {mode, entry, stack, args}: StartOfGuest): void {
  if (mode === 'real') {
    writeRealVectors(vm.memory)
    startRealMode(vm, vcpu, {entry, stack})
    return
  }
  const start = mode === 'protected' ? startProtectedMode : startLongMode
  start(vm, vcpu, {entry, stack, tables: TABLES})
  const [rdi, rsi, rdx] = args.map(BigInt)
  vcpu.registers.set({rdi, rsi, rdx})
}
