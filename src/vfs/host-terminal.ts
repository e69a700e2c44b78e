// HostTerminalDescription: an open host terminal: its modes, its size, and whose job has it. man 2 ioctl_tty, man 3 termios.

import {opensForReading} from '../abi/access-mode.ts'
import {EAGAIN, EINVAL, EIO, ENOTTY, EPERM, Errno} from '../abi/errno.ts'
import * as abi from '../abi/ioctl.ts'
import {POLLIN} from '../abi/open-flags.ts'
import {SIGTTIN, SIGTTOU} from '../abi/signal.ts'
import {ICANON, TERMIOS_SIZE, TERMIOS2_SIZE, TOSTOP, VMIN, VTIME, WINSIZE_SIZE} from '../abi/termios.ts'
import type {Inode, IoctlMemory} from './file.ts'
import type {HostFsAddon} from './host-addon.ts'
import {check} from './host-calls.ts'
import {HostStreamDescription, StreamInode} from './host-stream.ts'
import {readInt, writeInt} from './int-argument.ts'
import {MustWait} from './must-wait.ts'
import type {VirtualFileSystem} from './virtual-file-system.ts'

/** In struct termios: c_lflag, c_cc. */
const LOCAL_OFFSET = 12
const CHARACTERS_OFFSET = 17
const TENTH_NS = 1e8
const INT_SIZE = 4

/** Sessions and jobs, which are the guest's own: the host's numbers would mean nothing to the guest. */
export interface JobControl {
  /** @throws Errno ENOTTY: the terminal does not control the caller. The others throw it, too */
  foregroundGroup(): number
  /** @throws Errno also EINVAL, ESRCH, EPERM */
  setForegroundGroup(group: number): void
  session(): number
  /** TIOCSCTTY. @throws Errno EPERM */
  acquire(isReadable: boolean, argument: number): void
  /** TIOCNOTTY. */
  release(): void
  /**
   * Sends the signal to a caller in the background, which must then try again. @returns whether it may go on
   * @throws Errno EIO when the signal would not stop it
   */
  admits(signal: number): boolean
  /** A signal key was typed, which the caller must see before it reads on. */
  hasSignal?(): boolean
  /** It controls the caller, whose job is not in the foreground. */
  readonly isInBackground: boolean
  /** Lets the guest set modes. */
  changeModes(change: () => number): number
}

export function isTerminal(files: HostFsAddon, fd: number): boolean {
  return files.hostIoctl(fd, abi.TCGETS, new Uint8Array(TERMIOS_SIZE)) >= 0
}

/** One of hv's descriptors as the kind of stream that it is. Access mode and status flags are those that the guest sees. */
export function openHostStream(vfs: VirtualFileSystem, fd: number, flags: number): HostStreamDescription {
  return new StreamInode(
    vfs,
    fd,
    isTerminal(vfs.host.files, fd) ? HostTerminalDescription : HostStreamDescription,
  ).open(flags)
}

export class HostTerminalDescription extends HostStreamDescription {
  readonly #jobs: JobControl | undefined

  /** @param jobs absent: a terminal that controls nobody */
  constructor(files: HostFsAddon, fd: number, flags: number, inode: Inode, jobs?: JobControl) {
    super(files, fd, flags, inode)
    this.#jobs = jobs
  }

  override read(target: Uint8Array, position?: number): number {
    this.requireReadable()
    if (this.#jobs?.admits(SIGTTIN) === false) throw new MustWait()
    // In this order: then no unseen signal precedes what is there to read.
    if (this.readiness() & POLLIN && this.#jobs?.hasSignal?.()) throw new MustWait()
    return super.read(target, position)
  }

  override write(source: Uint8Array, position?: number): number {
    this.requireWritable()
    if (this.#jobs?.isInBackground && this.#modes().local & TOSTOP) this.#requireForeground()
    return super.write(source, position)
  }

  /** VTIME, where VMIN is 0: the host's own read never waits. */
  override readDeadlineNs(sinceNs: number): number | undefined {
    const {local, least, tenths} = this.#modes()
    return local & ICANON || least > 0 ? undefined : sinceNs + tenths * TENTH_NS
  }

  /** @throws Errno EAGAIN: it would wait, and the caller tries again. */
  override ioctl(request: number, argument: number, memory: IoctlMemory): number {
    switch (request) {
      case abi.TCGETS:
        return this.copyOut(request, argument, memory, TERMIOS_SIZE)
      case abi.TCGETS2:
        return this.copyOut(request, argument, memory, TERMIOS2_SIZE)
      case abi.TIOCGWINSZ:
        return this.copyOut(request, argument, memory, WINSIZE_SIZE)
      case abi.TIOCOUTQ:
        return this.copyOut(request, argument, memory, INT_SIZE)
      case abi.TCSETS:
      case abi.TCSETSW:
      case abi.TCSETSF:
        return this.#setModes(request, memory.read(argument, TERMIOS_SIZE), request !== abi.TCSETS)
      case abi.TCSETS2:
      case abi.TCSETSW2:
      case abi.TCSETSF2:
        return this.#setModes(request, memory.read(argument, TERMIOS2_SIZE), request !== abi.TCSETS2)
      case abi.TIOCSWINSZ:
        return this.#copyIn(request, memory.read(argument, WINSIZE_SIZE))
      case abi.TCFLSH:
      case abi.TCXONC:
        this.#requireForeground()
        if (argument < 0 || argument > 3) throw new Errno(EINVAL)
        return this.#copyIn(request, Uint8Array.of(argument))
      case abi.TCSBRK:
      case abi.TCSBRKP:
        this.#requireForeground()
        this.#requireDrained()
        return 0
      case abi.TIOCGPGRP:
        return writeInt(memory, argument, this.#controlling.foregroundGroup())
      case abi.TIOCSPGRP:
        this.#requireForeground()
        this.#controlling.foregroundGroup()
        this.#controlling.setForegroundGroup(readInt(memory, argument))
        return 0
      case abi.TIOCGSID:
        return writeInt(memory, argument, this.#controlling.session())
      case abi.TIOCSCTTY:
        if (this.#jobs === undefined) throw new Errno(EPERM)
        this.#jobs.acquire(opensForReading(this.flags), argument)
        return 0
      case abi.TIOCNOTTY:
        this.#controlling.release()
        return 0
      case abi.TIOCSTI:
        // As where dev.tty.legacy_tiocsti is 0: it would type into the shell that started hv.
        throw new Errno(EIO)
      default:
        return super.ioctl(request, argument, memory)
    }
  }

  #setModes(request: number, modes: Uint8Array, waits: boolean): number {
    this.#requireForeground()
    // TCSETSW and TCSETSF wait until output is sent: in the sentry, not in the host's call.
    if (waits) this.#requireDrained()
    const change = (): number => this.#copyIn(request, modes)
    return this.#jobs === undefined ? change() : this.#jobs.changeModes(change)
  }

  #modes(): {local: number; least: number; tenths: number} {
    const bytes = new Uint8Array(TERMIOS_SIZE)
    check(this.files.hostIoctl(this.fd, abi.TCGETS, bytes))
    const characters = bytes.subarray(CHARACTERS_OFFSET)
    const local = new DataView(bytes.buffer).getUint32(LOCAL_OFFSET, true)
    return {local, least: characters[VMIN], tenths: characters[VTIME]}
  }

  get #controlling(): JobControl {
    if (this.#jobs === undefined) throw new Errno(ENOTTY)
    return this.#jobs
  }

  /** @throws MustWait */
  #requireForeground(): void {
    if (this.#jobs?.admits(SIGTTOU) === false) throw new MustWait()
  }

  /** @throws Errno EAGAIN */
  #requireDrained(): void {
    const queued = new Int32Array(1)
    const answer = this.files.hostIoctl(this.fd, abi.TIOCOUTQ, new Uint8Array(queued.buffer))
    if (answer === 0 && queued[0] > 0) throw new Errno(EAGAIN)
  }

  #copyIn(request: number, bytes: Uint8Array): number {
    return check(this.files.hostIoctl(this.fd, request, bytes))
  }
}
