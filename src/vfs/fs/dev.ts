// /dev: a tmpfs that holds the memory devices, the terminal, links to the standard streams, and a place for /dev/shm.

import {ENXIO, Errno} from '../../abi/errno.ts'
import {S_IFCHR, S_ISVTX} from '../../abi/file-mode.ts'
import type {MemoryFile} from '../../platform/memory-file.ts'
import {FULL_DEV, NULL_DEV, openDevice, RANDOM_DEV, TTY_DEV, URANDOM_DEV, ZERO_DEV} from '../devices.ts'
import type {Credentials, FileDescription, Inode} from '../file.ts'
import {ROOT, Tmpfs, type TmpfsOptions} from './tmpfs.ts'

export interface DevOptions extends Pick<TmpfsOptions, 'budget'> {
  /** A terminal, as /dev/pts/0. */
  terminal?: DevTerminal
}

export interface DevTerminal {
  readonly mode: number
  readonly rdev: number
  readonly owner: Credentials
  open(inode: Inode, flags: number): FileDescription
  /** /dev/tty: undefined when the terminal does not control who asks. */
  openControlling(inode: Inode, flags: number): FileDescription | undefined
}

const nodes: readonly [name: string, rdev: number][] = [
  ['null', NULL_DEV],
  ['zero', ZERO_DEV],
  ['full', FULL_DEV],
  ['random', RANDOM_DEV],
  ['urandom', URANDOM_DEV],
  ['tty', TTY_DEV],
]

const links: readonly [name: string, target: string][] = [
  ['fd', '/proc/self/fd'],
  ['stdin', '/proc/self/fd/0'],
  ['stdout', '/proc/self/fd/1'],
  ['stderr', '/proc/self/fd/2'],
]

/** A new /dev. It is writable, as on Linux: a guest that is root may add to it. */
export function createDevFs(memory: MemoryFile, options: DevOptions = {}): Tmpfs {
  const dev = new Tmpfs(memory, {
    budget: options.budget,
    type: 'devtmpfs',
    mode: 0o755,
    openDevice: (inode, rdev, flags) => openNode(inode, rdev, flags, options),
  })
  for (const [name, rdev] of nodes) dev.root.mknod(name, S_IFCHR | 0o666, rdev, ROOT)
  for (const [name, target] of links) dev.root.symlink(name, target, ROOT)
  dev.root.mkdir('shm', S_ISVTX | 0o777, ROOT)
  const pts = dev.root.mkdir('pts', 0o755, ROOT)
  const {terminal} = options
  if (terminal !== undefined) pts.mknod('0', terminal.mode, terminal.rdev, terminal.owner)
  return dev
}

function openNode(inode: Inode, rdev: number, flags: number, {terminal}: DevOptions): FileDescription {
  if (terminal?.rdev === rdev) return terminal.open(inode, flags)
  if (rdev !== TTY_DEV) return openDevice(inode, rdev, flags)
  const controlling = terminal?.openControlling(inode, flags)
  if (controlling === undefined) throw new Errno(ENXIO)
  return controlling
}
