// HostTty: the host's terminal as one of the guest's: the first of /dev/pts, with the guest's own sessions and jobs.

import {SIGHUP} from '../../abi/signal.ts'
import type {Credentials, Inode} from '../../vfs/file.ts'
import type {HostFsAddon} from '../../vfs/host-addon.ts'
import {HostTerminalDescription, isTerminal, type JobControl} from '../../vfs/host-terminal.ts'
import type {Kernel} from '../core/kernel.ts'
import type {Process} from '../core/process.ts'
import {Terminal} from './terminal.ts'

export class HostTty extends Terminal implements JobControl {
  readonly #fd: number
  /** The process that hv was started for. */
  #first: Process | undefined
  /** No shell on the host can continue a stopped hv, so no process of its job is stopped for being in the background. */
  isAlone = false

  /** @param fd a descriptor of the host's terminal, valid as long as hv lives */
  constructor(fd: number, owner: Credentials, kernelOf: () => Kernel) {
    super(0, owner, kernelOf)
    this.#fd = fd
  }

  /** Whether a descriptor leads to hv's own controlling terminal: only that one sends hv its ^C. */
  static isControlling(files: HostFsAddon, fd: number): boolean {
    return isTerminal(files, fd) && files.isTerminalForeground(fd) >= 0
  }

  override open(inode: Inode, flags: number): HostTerminalDescription {
    this.acquireByOpening(flags)
    return new HostTerminalDescription(this.kernel.host.files, this.#fd, flags, inode, this)
  }

  /** Gives it to a program's first process, with its session and its group. */
  startWith(process: Process): void {
    this.#first = process
    this.giveTo(process)
  }

  /** A key's signal, a change of size, or a hang-up. If no session has the terminal, it goes to the process that hv was started for. */
  signalFromHost(signal: number, first: Process): void {
    if (this.isFree) first.signals.raise(signal)
    else if (signal === SIGHUP) this.hangUp()
    else this.signalForeground(signal)
  }

  /** The parent of the first process is the shell that started hv. */
  override isOrphaned(process: Process): boolean {
    const isFirst = process.job.group === this.#first?.job.group && this.#first.exit === undefined
    return isFirst ? this.isAlone : super.isOrphaned(process)
  }

  /** The first process leads in place of the shell that started hv, and that shell goes on: what gdb still holds is not hung up. */
  override leaderEnded(leader: Process): void {
    if (leader !== this.#first) super.leaderEnded(leader)
  }

  /** Signal keys reach hv before the keys after them can be read. */
  hasSignal(): boolean {
    this.kernel.takeHostSignals?.()
    return this.kernel.current!.signals.attention !== 0
  }

  changeModes(change: () => number): number {
    const {files} = this.kernel.host
    files.beginTerminalChange()
    try {
      return change()
    } finally {
      files.endTerminalChange()
    }
  }

  /** A job of the host has it: no process group of the guest, as Linux reports for other pid namespaces. */
  protected override get isShared(): boolean {
    return this.kernel.host.files.isTerminalForeground(this.#fd) === 0
  }
}
