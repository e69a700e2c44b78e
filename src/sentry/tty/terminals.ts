// Terminals: all terminals of a guest: the host's, if any, pseudo-terminals, their nodes, and which one /dev/tty is.

import {ENOSPC, ENXIO, Errno} from '../../abi/errno.ts'
import {minorOf} from '../../abi/file-mode.ts'
import {O_NOCTTY, O_RDWR} from '../../abi/open-flags.ts'
import {type Budget, COST} from '../../vfs/budget.ts'
import {PTMX_DEV, TTY_DEV} from '../../vfs/devices.ts'
import type {Credentials, FileDescription, Inode} from '../../vfs/file.ts'
import type {DevTerminals} from '../../vfs/fs/dev.ts'
import {Devpts, isTerminalDev, MOST_TERMINALS, type PtsNode} from '../../vfs/fs/devpts.ts'
import type {VirtualFileSystem} from '../../vfs/virtual-file-system.ts'
import type {Kernel} from '../core/kernel.ts'
import {HostTty} from './host-tty.ts'
import {Pty} from './pty.ts'
import {PtyMasterDescription} from './pty-master.ts'
import type {Terminal} from './terminal.ts'

/** The group that may write to all terminals, as Debian numbers it: old C libraries look for it (grantpt). */
const TTY_GROUP = 5

export class Terminals implements DevTerminals {
  readonly fs: Devpts
  /** The host's. */
  readonly host: HostTty | undefined
  readonly #budget: Budget
  readonly #kernelOf: () => Kernel
  /** By number. */
  readonly #terminals = new Map<number, Terminal>()

  /** @param hostFd a descriptor of the host's terminal that becomes the guest's first */
  constructor(
    {clock}: VirtualFileSystem,
    budget: Budget,
    kernelOf: () => Kernel,
    owner: Credentials,
    hostFd: number | undefined,
  ) {
    this.#budget = budget
    this.#kernelOf = kernelOf
    this.fs = new Devpts((inode, flags) => this.openPair(inode, flags), clock, budget)
    if (hostFd === undefined) return
    this.host = new HostTty(hostFd, owner, kernelOf)
    this.#terminals.set(0, this.host)
    this.fs.add(this.host)
  }

  openDevice(inode: Inode, rdev: number, flags: number): FileDescription | undefined {
    if (rdev === PTMX_DEV) return this.openPair(inode, flags)
    const isControlling = rdev === TTY_DEV
    if (!isControlling && !isTerminalDev(rdev)) return undefined
    const terminal = isControlling
      ? this.#kernelOf().current?.process.job.terminal
      : this.#terminals.get(minorOf(rdev))
    if (terminal === undefined) throw new Errno(ENXIO)
    return terminal.open(inode, flags)
  }

  /** /dev/ptmx: a new pseudo-terminal; its master. @throws Errno ENOSPC */
  openPair(inode: Inode, flags: number): PtyMasterDescription {
    const {pty} = this.#newPty(this.#kernelOf().current?.credentials.uid ?? 0)
    return new PtyMasterDescription(pty, inode, flags)
  }

  /**
   * A pseudo-terminal whose master the sentry holds: it types, sees and closes it. Also its slave, to read and write.
   * @throws Errno ENOSPC
   */
  openOwn(uid: number): {pty: Pty; slave: FileDescription} {
    const {pty, node} = this.#newPty(uid)
    pty.isLocked = false
    const slave = node.open(O_RDWR | O_NOCTTY)
    slave.flags &= ~O_NOCTTY
    return {pty, slave}
  }

  #newPty(uid: number): {pty: Pty; node: PtsNode} {
    const number = this.#freeNumber()
    this.#budget.take(COST.pty, ENOSPC)
    const pty: Pty = new Pty(number, {uid, gid: TTY_GROUP}, this.#kernelOf, {
      masterClosed: () => this.fs.remove(node),
      freed: () => {
        this.#terminals.delete(number)
        this.#budget.give(COST.pty)
      },
    })
    const node = this.fs.add(pty)
    this.#terminals.set(number, pty)
    return {pty, node}
  }

  /** @throws Errno ENOSPC */
  #freeNumber(): number {
    if (this.#terminals.size >= MOST_TERMINALS) throw new Errno(ENOSPC)
    let number = 0
    while (this.#terminals.has(number)) number++
    return number
  }
}
