// The state in which a bare-metal guest starts on x86_64: long mode, everything below 4 GiB mapped to itself.

import {startLongMode} from '../../vm/start-long-mode.ts'
import type {Vcpu} from '../../vm/vcpu.ts'
import type {Vm} from '../../vm/vm.ts'
import type {StartOfGuest} from '../machine.ts'

/** Up to 0x7fff, below ARGUMENTS. */
const TABLES = 0x1000
const CODE_SELECTOR = 0x08
const DATA_SELECTOR = 0x10

export function boot(vm: Vm, vcpu: Vcpu, {entry, stack, args}: StartOfGuest): void {
  const [rdi, rsi, rdx] = args
  enterLongMode(vm, vcpu, {rip: entry, rsp: stack, rdi, rsi, rdx, code: CODE_SELECTOR, data: DATA_SELECTOR})
}

export interface LongModeEntry {
  rip: number
  rsp: number
  rdi?: number
  rsi: number
  rdx?: number
  /** Selectors: 8 to 24. */
  code: number
  data: number
}

/** Ring 0 of 64-bit mode, everything below 4 GiB mapped to itself, interrupts off. */
export function enterLongMode(vm: Vm, vcpu: Vcpu, start: LongModeEntry): void {
  const {code, data, rip, rsp, rdi = 0, rsi, rdx = 0} = start
  startLongMode(vm, vcpu, {entry: rip, stack: rsp, tables: TABLES, codeSelector: code, dataSelector: data})
  vcpu.registers.set({rdi: BigInt(rdi), rsi: BigInt(rsi), rdx: BigInt(rdx)})
}
