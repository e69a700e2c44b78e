// Small guests in machine code: what tests of the VM API need of each architecture.

import {arch} from '../../src/arch/index.ts'
import type {Exit} from '../../src/vm/exit.ts'
import type {RegisterName, RegisterValues} from '../../src/vm/registers.ts'
import type {Vcpu} from '../../src/vm/vcpu.ts'
import type {Vm} from '../../src/vm/vm.ts'
import {arm64} from './arm64-code.ts'
import {x86_64} from './x86-code.ts'

export type Code = readonly number[]

export interface GuestCode {
  readonly memoryBase: number
  /** Where the first vCPU's code goes; everything from here to the end of memory is free. */
  readonly at: number
  readonly programCounter: RegisterName
  /** Two general registers. */
  readonly general: readonly [RegisterName, RegisterName]
  /** A vCPU about to run `code` at `address`. */
  start(vm: Vm, address: number, code: Code, registers: RegisterValues): Vcpu
  /** Ends the run with an exit of `stopKind`; the next run goes on after it. */
  readonly stop: Code
  readonly stopKind: Exit['kind']
  readonly spin: Code
  /** `code`, at most 100 bytes, again and again. */
  repeat(code: Code): Code
  readonly nop: Code
  /** The trap that a debugger writes over code. */
  readonly trap: Code
  /** Ends the run with an exit from which `numberOf` gets the number. */
  tell(number: number): Code
  numberOf(exit: Exit): number
  /** Waits until the byte at an address is not 0. */
  await(address: number): Code
  increment(address: number): Code
  /** Its last instruction is the store. */
  store(address: number, byte: number): Code
  /** Its last instruction loads a byte. */
  load(address: number): Code
}

export const guest: GuestCode = {x86_64, arm64}[arch.name]
