// KernelIpc: what processes share to talk to each other, one of each for a kernel: kernel.ipc.

import type {Kernel} from '../kernel.ts'
import {FutexTable} from './futex-table.ts'

export class KernelIpc {
  /** Who sleeps on futexes that processes may share. */
  readonly futexes = new FutexTable()
  readonly kernel: Kernel

  constructor(kernel: Kernel) {
    this.kernel = kernel
  }
}
