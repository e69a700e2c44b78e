// KernelIpc: what processes share to talk to each other, one of each for a kernel: kernel.ipc.

import {Tmpfs} from '../../vfs/fs/tmpfs.ts'
import type {Kernel} from '../core/kernel.ts'
import type {Process} from '../core/process.ts'
import {FutexTable} from '../memory/futex-table.ts'
import {MessageQueues} from './message-queue.ts'
import {PosixQueues} from './posix-queues.ts'
import {SemaphoreSets} from './semaphore-set.ts'
import {SharedSegments} from './shared-segment.ts'

export class KernelIpc {
  readonly kernel: Kernel
  /** Sleepers on futexes that processes may share. */
  readonly futexes = new FutexTable()
  readonly segments = new SharedSegments(this)
  readonly semaphores: SemaphoreSets
  readonly messages: MessageQueues
  #queues: PosixQueues | undefined
  #memoryFiles: Tmpfs | undefined

  /** The kernel is still incomplete here. */
  constructor(kernel: Kernel) {
    this.kernel = kernel
    this.semaphores = new SemaphoreSets(kernel)
    this.messages = new MessageQueues(kernel)
  }

  get queues(): PosixQueues {
    this.#queues ??= new PosixQueues(this.kernel)
    return this.#queues
  }

  /** The tmpfs of memfd_create(2), which is mounted nowhere. */
  get memoryFiles(): Tmpfs {
    if (this.#memoryFiles === undefined) {
      const {platform, budget, vfs} = this.kernel
      this.#memoryFiles = new Tmpfs(platform.memory, {vfs, budget})
      vfs.admit(this.#memoryFiles)
    }
    return this.#memoryFiles
  }

  /** The process whose call is being answered. */
  get pid(): number {
    return this.kernel.current?.process.pid ?? 0
  }

  /** The process has ended: no queue notifies it. Segments go with memory maps, SEM_UNDOs with tasks. */
  forget(process: Process): void {
    this.#queues?.forget(process)
  }
}
