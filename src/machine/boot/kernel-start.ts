// What a machine's code is given to start a kernel.

import {HvError} from '../../errors.ts'
import type {Vcpu} from '../../vm/vcpu.ts'
import type {Vm} from '../../vm/vm.ts'
import type {PlacedDevice} from '../bus.ts'
import type {MemoryPiece} from './memory-pieces.ts'
import type {Source} from './source.ts'

export interface KernelStart {
  readonly vm: Vm
  /** Besides the first piece, `vm.memory`. */
  readonly highMemory: MemoryPiece | undefined
  /** The first one starts the kernel, which starts the others. */
  readonly vcpus: readonly Vcpu[]
  readonly kernel: Source
  readonly initrd: Source | undefined
  readonly commandLine: string
  /** The end of `commandLine`: what its user gave. */
  readonly append: string
  readonly devices: readonly PlacedDevice[]
}

export const failedKernel = (defect: string, nextStep: string): HvError =>
  new HvError('BAD_KERNEL', `the kernel ${defect}`, nextStep)
