// Small guests in machine code: what tests of the VM API have of each architecture.

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
  /** Where the first vCPU's code goes; from here to the end of memory all is free. */
  readonly at: number
  readonly programCounter: RegisterName
  /** Two general registers. */
  readonly general: readonly [RegisterName, RegisterName]
  /** A vCPU that stands before `code` at `address`. */
  start(vm: Vm, address: number, code: Code, registers: RegisterValues): Vcpu
  /** Ends the run by an exit of `stopKind`; the next run goes on behind it. */
  readonly stop: Code
  readonly stopKind: Exit['kind']
  readonly spin: Code
  readonly nop: Code
  /** What a debugger writes over code. */
  readonly trap: Code
  /** Ends the run by an exit that `numberOf` gets the number out of. */
  tell(number: number): Code
  numberOf(exit: Exit): number
  /** Waits until the byte at an address is not 0. */
  await(address: number): Code
  increment(address: number): Code
  /** Its last instruction is the store. */
  store(address: number, byte: number): Code
  /** Loads a byte by its last instruction. */
  load(address: number): Code
}

export const guest: GuestCode = {x86_64, arm64}[arch.name]
