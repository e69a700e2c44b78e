// What a guest is started with, and the architecture that does it.

import {arch} from '../arch/index.ts'
import {HvError} from '../errors.ts'
import type {Vcpu} from '../vm/vcpu.ts'
import type {Vm} from '../vm/vm.ts'
import {boot as bootX86} from './x86_64/boot.ts'

/** Guest physical addresses. */
export interface StartOfGuest {
  entry: number
  /** The stack grows down from here. */
  stack: number
  /** The first three arguments of the entry point: memory bytes, argc, argv. */
  args: readonly [number, number, number]
}

/** Below: the architecture's tables. From here to GUEST_START: the arguments. */
export const ARGUMENTS = 0x8000
/** A guest's segments begin at or above it. */
export const GUEST_START = 0x10000

const boots: Record<string, (vm: Vm, vcpu: Vcpu, start: StartOfGuest) => void> = {x86_64: bootX86}

/** @throws HvError */
export function boot(vm: Vm, vcpu: Vcpu, start: StartOfGuest): void {
  const bootHere = boots[arch.name]
  if (bootHere === undefined) throw new HvError('KVM_UNUSABLE', `there is no bare machine on ${arch.name}`)
  bootHere(vm, vcpu, start)
}
