// SignalOwner: gets a signal when a file description is ready, or its lease is broken: fcntl(2).

import {POLLHUP, POLLIN, POLLOUT} from '../../abi/open-flags.ts'
import {plainInfo, pollInfo, SI_KERNEL, type SignalInfo} from '../../abi/siginfo.ts'
import {SIGIO, SIGURG} from '../../abi/signal.ts'
import type {FileDescription} from '../../vfs/file.ts'
import type {Waiter, WaitQueue} from '../../vfs/wait-queue.ts'
import {type Credentials, isSendersUser} from '../core/credentials.ts'
import type {Kernel} from '../core/kernel.ts'
import type {LastCloseListener} from '../core/open-description.ts'
import type {Process} from '../core/process.ts'

declare module '../core/open-description.ts' {
  interface OpenDescription {
    /** Who gets signals about it. */
    owner: SignalOwner | undefined
  }
}

export const F_OWNER_TID = 0
export const F_OWNER_PID = 1
export const F_OWNER_PGRP = 2

const POLL_IN = 1
const POLL_OUT = 2
export const POLL_MSG = 3
/** si_band of each reason: POLLIN | POLLRDNORM; POLLOUT | POLLWRNORM | POLLWRBAND; and what a broken lease sends. */
const BANDS: Record<number, number> = {[POLL_IN]: 0x041, [POLL_OUT]: 0x304, [POLL_MSG]: 0x441}

export class SignalOwner implements Waiter, LastCloseListener {
  readonly #kernel: Kernel
  #type = F_OWNER_PID
  #id = 0
  /** The credentials of the task that chose it. */
  #chooser: Credentials | undefined
  /** F_SETSIG: 0 is SIGIO without its reason. */
  signal = 0
  /** O_ASYNC: the file whose readiness it is told of, and the descriptor that the signal reports. */
  #source: {readonly file: FileDescription; readonly waiters: WaitQueue; readonly fd: number} | undefined

  constructor(kernel: Kernel) {
    this.#kernel = kernel
  }

  /** F_OWNER_*. */
  get type(): number {
    return this.#type
  }

  /** A pid, tid or process group; 0: nobody. */
  get id(): number {
    return this.#id
  }

  /** @param chooser its rights decide, later, whether the owner is told: sigio_perm in Linux */
  become(type: number, id: number, chooser: Credentials): void {
    this.#type = type
    this.#id = id
    this.#chooser = chooser
  }

  /** O_ASYNC: `fd` is what the signal reports. */
  listen(file: FileDescription, fd: number): void {
    const {waiters} = file
    if (this.#source !== undefined || waiters === undefined) return
    this.#source = {file, waiters, fd}
    waiters.join(this)
  }

  wake(events: number): void {
    // Another waiter of the same queue may have made it stop.
    if (this.#source === undefined) return
    const {file, fd} = this.#source
    const ready = file.readiness() & events
    if (ready & (POLLIN | POLLHUP)) this.tell(POLL_IN, fd)
    else if (ready & POLLOUT) this.tell(POLL_OUT, fd)
  }

  stopListening(): void {
    this.#source?.waiters.leave(this)
    this.#source = undefined
  }

  lastClosed(): void {
    this.stopListening()
  }

  /** @param reason POLL_* */
  tell(reason: number, fd: number): void {
    const info =
      this.signal === 0 ? plainInfo(SIGIO, SI_KERNEL) : pollInfo(this.signal, reason, BANDS[reason], fd)
    this.#raise(this.signal || SIGIO, info)
  }

  /** An urgent byte has come to its socket. F_SETSIG and O_ASYNC do not matter. */
  tellUrgent(): void {
    this.#raise(SIGURG, plainInfo(SIGURG, SI_KERNEL))
  }

  #raise(signal: number, info: SignalInfo): void {
    for (const process of this.#processes()) {
      if (!this.#mayTell(process)) continue
      try {
        process.signals.raise(signal, info)
      } catch {
        // The queue of real-time signals is full: fcntl(2), F_SETSIG.
        process.signals.raise(SIGIO)
      }
    }
  }

  /** Like kill(2), but without capabilities. */
  #mayTell({credentials}: Process): boolean {
    if (this.#chooser === undefined) return false
    return this.#chooser.euid === 0 || isSendersUser(this.#chooser, credentials)
  }

  #processes(): Process[] {
    const {processes, tasks} = this.#kernel
    if (this.#id === 0) return []
    if (this.#type === F_OWNER_PGRP) return [...processes.values()].filter(({job}) => job.group === this.#id)
    const found = this.#type === F_OWNER_TID ? tasks.get(this.#id)?.process : processes.get(this.#id)
    return found === undefined ? [] : [found]
  }
}
