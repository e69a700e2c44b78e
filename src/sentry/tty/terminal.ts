// Terminal: something that can control a session: the host's terminal (host-tty.ts), or a pseudo-terminal's slave (pty.ts). man 4 tty.

import {opensForReading} from '../../abi/access-mode.ts'
import {CAP_SYS_ADMIN, hasCapability} from '../../abi/capability.ts'
import {EINVAL, EIO, ENOTTY, EPERM, Errno, ESRCH} from '../../abi/errno.ts'
import {makeDev, S_IFCHR} from '../../abi/file-mode.ts'
import {O_NOCTTY} from '../../abi/open-flags.ts'
import {SIGCONT, SIGHUP, SIGTTIN, SIGTTOU} from '../../abi/signal.ts'
import type {FileDescription, Inode} from '../../vfs/file.ts'
import type {PtsDevice} from '../../vfs/fs/devpts.ts'
import {MustWait} from '../../vfs/must-wait.ts'
import type {Kernel} from '../core/kernel.ts'
import type {Process} from '../core/process.ts'
import {isOrphanedGroup, signalGroup} from './groups.ts'

/** The first of Unix98's. */
const PTS_MAJOR = 136

export abstract class Terminal implements PtsDevice {
  /** As named in /proc/PID/stat. */
  readonly rdev: number
  readonly mode = S_IFCHR | 0o620
  readonly owner: PtsDevice['owner']
  readonly #kernelOf: () => Kernel
  #session: number | undefined
  #foregroundGroup = 0

  /**
   * @param number its name in /dev/pts
   * @param kernelOf called later: the kernel is made after the tree that has the terminal
   */
  constructor(number: number, owner: PtsDevice['owner'], kernelOf: () => Kernel) {
    this.rdev = makeDev(PTS_MAJOR, number)
    this.owner = owner
    this.#kernelOf = kernelOf
  }

  /** What open(2) of a node makes. @throws Errno */
  abstract open(inode: Inode, flags: number): FileDescription

  /** Gives it to a leader's session, with the leader's group in the foreground. */
  giveTo(leader: Process): void {
    this.#session = leader.job.session
    this.#foregroundGroup = leader.job.group
    leader.job.terminal = this
  }

  /** A session without a terminal gets this one when its leader opens it: man 2 open, O_NOCTTY. */
  acquireByOpening(flags: number): void {
    const process = this.kernel.current?.process
    if (process === undefined || flags & O_NOCTTY || !opensForReading(flags)) return
    if (
      process.job.session !== process.pid ||
      process.job.terminal !== undefined ||
      this.#session !== undefined
    )
      return
    this.giveTo(process)
  }

  get isFree(): boolean {
    return this.#session === undefined
  }

  foregroundGroup(): number {
    this.#requireControl()
    return this.foregroundGroupSeen
  }

  /** 0: none. */
  get foregroundGroupSeen(): number {
    return this.isShared ? 0 : this.#foregroundGroup
  }

  /** Something outside the guest has it: no job of the guest is in the foreground. */
  protected get isShared(): boolean {
    return false
  }

  get sessionSeen(): number | undefined {
    return this.#session
  }

  setForegroundGroup(group: number): void {
    const {session} = this.#requireControl().job
    if (group < 0) throw new Errno(EINVAL)
    const members = [...this.kernel.processes.values()].filter((other) => other.job.group === group)
    if (members.length === 0) throw new Errno(ESRCH)
    if (!members.some((other) => other.job.session === session)) throw new Errno(EPERM)
    this.#foregroundGroup = group
  }

  session(): number {
    return this.#requireControl().job.session
  }

  acquire(isReadable: boolean, argument: number): void {
    const {process} = this.kernel.current!
    const leads = process.job.session === process.pid
    if (leads && this.#session === process.job.session) return
    if (!leads || process.job.terminal !== undefined) throw new Errno(EPERM)
    const isAdministrator = this.isAskedByAdministrator
    if (this.#session !== undefined && !(argument === 1 && isAdministrator)) throw new Errno(EPERM)
    if (!isReadable && !isAdministrator) throw new Errno(EPERM)
    this.#leave()
    this.giveTo(process)
  }

  release(): void {
    const process = this.#requireControl()
    process.job.terminal = undefined
    if (process.job.session === process.pid) this.#dismiss([SIGHUP, SIGCONT])
  }

  /** Its session's leader has ended. Linux sends SIGCONT only if that orphans jobs: groups.ts. */
  leaderEnded(_leader: Process): void {
    this.#dismiss([SIGHUP])
  }

  /** The other end is gone, or vhangup(2): tells the leader now, and the foreground group when the leader ends. */
  hangUp(): void {
    const leader = this.#session === undefined ? undefined : this.kernel.processes.get(this.#session)
    const group = this.#foregroundGroup
    this.#leave()
    if (leader === undefined || leader.exit !== undefined) return
    leader.job.hungUpGroup = group
    leader.signals.raise(SIGHUP)
    leader.signals.raise(SIGCONT)
  }

  signalForeground(signal: number): void {
    if (this.#foregroundGroup !== 0)
      signalGroup(this.kernel.processes.values(), this.#foregroundGroup, signal)
  }

  admits(signal: number): boolean {
    const {process, signals} = this.kernel.current!
    if (process.job.terminal !== this || this.isForeground(process)) return true
    const goesOn = process.signals.ignores(signal) || signals.blocks(signal)
    // A process that ignores SIGTTOU may write and change modes all the same.
    if (goesOn && signal !== SIGTTIN) return true
    if (goesOn || this.isOrphaned(process)) throw new Errno(EIO)
    // A process that was already stopped gets no second signal: it tries again.
    if (!process.signals.stopped) signalGroup(this.kernel.processes.values(), process.job.group, signal)
    return false
  }

  /** @throws MustWait for a background job, which is stopped and asks again; Errno EIO */
  requireForeground(): void {
    if (!this.admits(SIGTTOU)) throw new MustWait()
  }

  isForeground({job}: Process): boolean {
    return job.group === this.#foregroundGroup && !this.isShared
  }

  get isInBackground(): boolean {
    const {process} = this.kernel.current!
    return process.job.terminal === this && !this.isForeground(process)
  }

  /** Whether nobody could continue the process's job if it were stopped. */
  isOrphaned({job}: Process): boolean {
    return isOrphanedGroup(this.kernel.processes, job.group)
  }

  protected get kernel(): Kernel {
    return this.#kernelOf()
  }

  /** CAP_SYS_ADMIN of the caller. */
  get isAskedByAdministrator(): boolean {
    const {current} = this.kernel
    return current !== undefined && hasCapability(current.credentials.capabilities, CAP_SYS_ADMIN)
  }

  #dismiss(signals: readonly number[]): void {
    const group = this.#foregroundGroup
    this.#leave()
    for (const signal of signals) signalGroup(this.kernel.processes.values(), group, signal)
  }

  /** man 4 tty: the whole session loses it with its leader. */
  #leave(): void {
    for (const other of this.kernel.processes.values())
      if (other.job.terminal === this) other.job.terminal = undefined
    this.#session = undefined
    this.#foregroundGroup = 0
  }

  /** @throws Errno ENOTTY */
  #requireControl(): Process {
    const {process} = this.kernel.current!
    if (process.job.terminal !== this) throw new Errno(ENOTTY)
    return process
  }
}
