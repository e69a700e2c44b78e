// The state in which a bare-metal guest starts on x86_64: long mode, everything below 4 GiB mapped to itself.

import {startLongMode} from '../../vm/start-long-mode.ts'
import type {Vcpu} from '../../vm/vcpu.ts'
import type {Vm} from '../../vm/vm.ts'
import type {StartOfGuest} from '../machine.ts'

/** Up to 0x7fff, below ARGUMENTS. */
export const TABLES = 0x1000

export function boot(vm: Vm, vcpu: Vcpu, {entry, stack, args}: StartOfGuest): void {
  startLongMode(vm, vcpu, {entry, stack, tables: TABLES})
  const [rdi, rsi, rdx] = args.map(BigInt)
  vcpu.registers.set({rdi, rsi, rdx})
}
