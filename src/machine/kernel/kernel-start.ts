// What a machine's code is given to start a kernel.

import {HvError} from '../../errors.ts'
import type {Vcpu} from '../../vm/vcpu.ts'
import type {Vm} from '../../vm/vm.ts'
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
  readonly devices: readonly PlacedDevice[]
}

/** A device as the kernel is told of it. */
export interface PlacedDevice {
  readonly kind: 'serial' | 'clock' | 'virtio'
  /** Guest physical; a port for a serial line of x86_64. */
  readonly first: number
  readonly length: number
  /** The input of the interrupt controller. */
  readonly gsi: number
}

export const failedKernel = (defect: string, nextStep: string): HvError =>
  new HvError('BAD_KERNEL', `the kernel ${defect}`, nextStep)
