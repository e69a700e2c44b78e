// SignalFdDescription: reads signals: signalfd(2).

import {EAGAIN, EINVAL, Errno} from '../../abi/errno.ts'
import {O_NONBLOCK, POLLIN} from '../../abi/open-flags.ts'
import {signalfdInfo} from '../../abi/siginfo.ts'
import type {SignalSet} from '../../abi/signal-set.ts'
import {AnonymousDescription} from '../../vfs/anonymous-description.ts'
import type {WaitQueue} from '../../vfs/wait-queue.ts'
import type {Kernel} from '../core/kernel.ts'
import {maskText} from './signal-masks.ts'
import type {TaskSignals} from './task-signals.ts'

const INFO_BYTES = 128

export class SignalFdDescription extends AnonymousDescription {
  /** Those of the present caller. */
  declare readonly waiters: WaitQueue
  readonly #kernel: Pick<Kernel, 'current'>
  #set: SignalSet

  /** @param flags O_NONBLOCK counts */
  constructor(kernel: Pick<Kernel, 'current' | 'vfs'>, set: SignalSet, flags: number) {
    super(kernel.vfs, '[signalfd]', flags & O_NONBLOCK)
    this.#kernel = kernel
    this.#set = set
    Object.defineProperty(this, 'waiters', {get: () => this.#signals.process.arrivals})
  }

  /** It gives, and is ready for, the signals of the present caller, as in Linux. */
  get #signals(): TaskSignals {
    return this.#kernel.current!.signals
  }

  change(set: SignalSet): void {
    this.#set = set
    this.waiters.wakeAll()
  }

  override read(target: Uint8Array): number {
    if (target.length < INFO_BYTES) throw new Errno(EINVAL)
    let length = 0
    while (length + INFO_BYTES <= target.length) {
      const pending = this.#signals.take(this.#set)
      if (pending === undefined) break
      target.set(signalfdInfo(pending.info), length)
      length += INFO_BYTES
    }
    if (length === 0) throw new Errno(EAGAIN)
    return length
  }

  override fdinfo(): string {
    return `sigmask:\t${maskText(this.#set)}\n`
  }

  override readiness(): number {
    return this.#signals.pendingSet.intersection(this.#set).isEmpty ? 0 : POLLIN
  }
}
