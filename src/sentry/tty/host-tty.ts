// HostTty: the guest's terminal that is the host's: the first of /dev/pts, with sessions and jobs of the guest's own.

import {SIGHUP} from '../../abi/signal.ts'
import type {Credentials, Inode} from '../../vfs/file.ts'
import {host} from '../../vfs/host-calls.ts'
import {HostTerminal, isTerminal, type JobControl} from '../../vfs/host-terminal.ts'
import type {Kernel} from '../kernel.ts'
import type {Process} from '../process.ts'
import {Terminal} from './terminal.ts'

export class HostTty extends Terminal implements JobControl {
  readonly #fd: number
  /** What hv was started for. */
  #first: Process | undefined
  /** No shell on the host can continue a stopped hv, so nobody of its job is stopped for being in the background. */
  isAlone = false

  /** @param fd a descriptor of the host's terminal, for as long as hv lives */
  constructor(fd: number, owner: Credentials, kernelOf: () => Kernel) {
    super(0, owner, kernelOf)
    this.#fd = fd
  }

  /** Whether a descriptor leads to the terminal that controls hv itself: only that one sends hv its ^C. */
  static isControlling(fd: number): boolean {
    return isTerminal(fd) && host.isTerminalForeground(fd) >= 0
  }

  override open(inode: Inode, flags: number): HostTerminal {
    this.acquireByOpening(flags)
    return new HostTerminal(this.#fd, flags, inode, this)
  }

  /** A program's first process has it, with its session and its group. */
  startWith(process: Process): void {
    this.#first = process
    this.giveTo(process)
  }

  /** A key's signal, a change of size, or a hang-up. When no session has it, it is for whom hv was started for. */
  signalFromHost(signal: number, first: Process): void {
    if (this.isFree) first.signals.raise(signal)
    else if (signal === SIGHUP) this.hangUp()
    else this.signalForeground(signal)
  }

  /** The parent of the first process is the shell that started hv. */
  override isOrphaned(process: Process): boolean {
    const isFirst = process.processGroup === this.#first?.processGroup && this.#first.exit === undefined
    return isFirst ? this.isAlone : super.isOrphaned(process)
  }

  /** Keys that are signals reach hv before those behind them can be read. */
  hasSignal(): boolean {
    this.kernel.takeHostSignals?.()
    return this.kernel.current!.signals.attention !== 0
  }

  changeModes(change: () => number): number {
    host.beginTerminalChange()
    try {
      return change()
    } finally {
      host.endTerminalChange()
    }
  }

  /** Some job of the host's has it: in no process group of the guest's, as Linux says of other pid namespaces. */
  protected override get isShared(): boolean {
    return host.isTerminalForeground(this.#fd) === 0
  }
}
