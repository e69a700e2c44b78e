// /dev: a tmpfs that holds the memory devices, the terminals, links to the standard streams, and a place for /dev/shm.

import {S_IFCHR, S_ISVTX} from '../../abi/file-mode.ts'
import type {MemoryFile} from '../../platform/memory-file.ts'
import {FULL_DEV, NULL_DEV, PTMX_DEV, RANDOM_DEV, TTY_DEV, URANDOM_DEV, ZERO_DEV} from '../devices.ts'
import type {FileDescription, Inode} from '../file.ts'
import {ROOT, Tmpfs, type TmpfsOptions} from './tmpfs.ts'

export interface DevOptions extends Pick<TmpfsOptions, 'vfs' | 'budget' | 'disk'> {
  /** Absent: there are only the names. */
  terminals?: DevTerminals
}

export interface DevTerminals {
  /** Opens one of their nodes, /dev/tty or /dev/ptmx; undefined for another device. @throws Errno ENXIO, EIO … */
  openDevice(inode: Inode, rdev: number, flags: number): FileDescription | undefined
}

const nodes: readonly [name: string, rdev: number][] = [
  ['null', NULL_DEV],
  ['zero', ZERO_DEV],
  ['full', FULL_DEV],
  ['random', RANDOM_DEV],
  ['urandom', URANDOM_DEV],
  ['tty', TTY_DEV],
  ['ptmx', PTMX_DEV],
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
    vfs: options.vfs,
    budget: options.budget,
    disk: options.disk,
    type: 'devtmpfs',
    mode: 0o755,
    openDevice: (inode, rdev, flags) => options.terminals?.openDevice(inode, rdev, flags),
  })
  for (const [name, rdev] of nodes) dev.root.mknod(name, S_IFCHR | 0o666, rdev, ROOT)
  for (const [name, target] of links) dev.root.symlink(name, target, ROOT)
  dev.root.mkdir('shm', S_ISVTX | 0o777, ROOT)
  dev.root.mkdir('pts', 0o755, ROOT)
  return dev
}
