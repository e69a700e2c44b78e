// Terminal: the guest's controlling terminal: the host's, with sessions and jobs of the guest's own.

import {EINVAL, EIO, ENOTTY, EPERM, Errno, ESRCH} from '../../abi/errno.ts'
import {makeDev, S_IFCHR} from '../../abi/file-mode.ts'
import {SIGCONT, SIGHUP, SIGTTIN} from '../../abi/signal.ts'
import type {Credentials, Inode} from '../../vfs/file.ts'
import type {DevTerminal} from '../../vfs/fs/dev.ts'
import {host} from '../../vfs/host-calls.ts'
import {HostTerminal, isTerminal, type JobControl} from '../../vfs/host-terminal.ts'
import type {Kernel} from '../kernel.ts'
import type {Process} from '../process.ts'

export class Terminal implements JobControl, DevTerminal {
  /** The first of Unix98's. */
  readonly rdev = makeDev(136, 0)
  readonly mode = S_IFCHR | 0o620
  readonly owner: Credentials
  readonly #fd: number
  readonly #kernelOf: () => Kernel
  #session: number | undefined
  #foregroundGroup = 0
  /** No shell on the host can continue a stopped hv, so nobody is stopped for being in the background. */
  isOrphaned = false

  /**
   * @param fd a descriptor of the host's terminal, for as long as hv lives
   * @param kernelOf asked later: the kernel is made after the tree that has the terminal
   */
  constructor(fd: number, owner: Credentials, kernelOf: () => Kernel) {
    this.#fd = fd
    this.owner = owner
    this.#kernelOf = kernelOf
  }

  /** Whether a descriptor leads to the terminal that controls hv itself: only that one sends hv its ^C. */
  static isControlling(fd: number): boolean {
    return isTerminal(fd) && host.isTerminalForeground(fd) >= 0
  }

  open(inode: Inode, flags: number): HostTerminal {
    return new HostTerminal(this.#fd, flags, inode, this)
  }

  openControlling(inode: Inode, flags: number): HostTerminal | undefined {
    return this.#kernel.current?.process.terminal === this ? this.open(inode, flags) : undefined
  }

  /** A program's first process has it, with its session and its group. */
  giveTo(process: Process): void {
    this.#session = process.session
    this.#foregroundGroup = process.processGroup
    process.terminal = this
  }

  foregroundGroup(): number {
    this.#requireControl()
    return this.foregroundGroupSeen
  }

  get foregroundGroupSeen(): number {
    // Some job of the host's has it: in no process group of the guest's, as Linux says of other pid namespaces.
    return this.#hasHostForeground ? this.#foregroundGroup : 0
  }

  setForegroundGroup(group: number): void {
    const {session} = this.#requireControl()
    if (group < 0) throw new Errno(EINVAL)
    const members = [...this.#kernel.processes.values()].filter((other) => other.processGroup === group)
    if (members.length === 0) throw new Errno(ESRCH)
    if (!members.some((other) => other.session === session)) throw new Errno(EPERM)
    this.#foregroundGroup = group
  }

  session(): number {
    return this.#requireControl().session
  }

  acquire(): void {
    const {process} = this.#kernel.current!
    if (process.terminal === this && process.session === process.pid) return
    if (process.session !== process.pid || process.terminal !== undefined || this.#session !== undefined)
      throw new Errno(EPERM)
    this.giveTo(process)
  }

  release(): void {
    const process = this.#requireControl()
    process.terminal = undefined
    if (process.session !== process.pid) return
    // man 4 tty: with its leader the whole session loses it.
    for (const other of this.#kernel.processes.values()) {
      if (other.session === process.session) other.terminal = undefined
      if (other.processGroup !== this.#foregroundGroup) continue
      other.signals.raise(SIGHUP)
      other.signals.raise(SIGCONT)
    }
    this.#session = undefined
  }

  admits(signal: number): boolean {
    const {process, signals} = this.#kernel.current!
    if (process.terminal !== this) return true
    const isForeground = process.processGroup === this.#foregroundGroup && this.#hasHostForeground
    if (isForeground) return true
    const goesOn = process.signals.ignores(signal) || signals.blocks(signal)
    // Who ignores SIGTTOU may change modes all the same.
    if (goesOn && signal !== SIGTTIN) return true
    if (goesOn || this.isOrphaned) throw new Errno(EIO)
    process.signals.raise(signal)
    return false
  }

  changeModes(change: () => number): number {
    host.beginTerminalChange()
    try {
      return change()
    } finally {
      host.endTerminalChange()
    }
  }

  get #hasHostForeground(): boolean {
    return host.isTerminalForeground(this.#fd) !== 0
  }

  get #kernel(): Kernel {
    return this.#kernelOf()
  }

  /** @throws Errno ENOTTY */
  #requireControl(): Process {
    const {process} = this.#kernel.current!
    if (process.terminal !== this) throw new Errno(ENOTTY)
    return process
  }
}
