// HostSource: a host directory or file, opened to be shown to a guest, but not read.

import {existsSync, realpathSync} from 'node:fs'
import {EACCES, ENOENT, ENOTDIR, EPERM, Errno, EXDEV} from '../../abi/errno.ts'
import {S_IFDIR, S_IFMT, S_IFREG} from '../../abi/file-mode.ts'
import {badArgument, HvError} from '../../errors.ts'
import type {OwnFiles} from '../../own-files.ts'
import {descriptorPath} from '../descriptor-path.ts'
import type {ByteString} from '../file.ts'
import type {HostFsAddon} from '../host-addon.ts'
import {STAT_FIELDS, STAT_MODE, toByteString} from '../host-calls.ts'
import {nativeHost} from '../native-host.ts'

const {files} = nativeHost

/** The file system made from it closes it. */
export interface HostSource {
  readonly files: HostFsAddon
  readonly fd: number
  /** Without links; undefined: unknown. */
  readonly path: ByteString | undefined
  /** For one in which the guest may write: what it may not. */
  readonly own?: OwnFiles
}

/**
 * Works while host paths can be opened, which a jail forbids.
 * @param own present: the guest may write in it
 * @throws HvError NOT_FOUND, BAD_ARGUMENT, HOST_SYSCALL
 */
export function openHostSource(path: string, own?: OwnFiles): HostSource {
  const fd = checkRoot(files.hostOpenRoot(toByteString(path)), path)
  if (own?.isBelow(realpathSync(path))) {
    files.hostClose(fd)
    const message = `${path} is code that hv itself runs on`
    throw badArgument(message, 'let the guest only read it, or write in a copy')
  }
  const kind = statOf({files, fd})[STAT_MODE] & S_IFMT
  if (kind !== S_IFDIR && kind !== S_IFREG) {
    files.hostClose(fd)
    throw badArgument(`${path}: neither a directory nor a regular file`, 'mount one of those')
  }
  // hostOpenSelf needs it.
  if (kind === S_IFREG && !existsSync('/proc/self/fd')) {
    files.hostClose(fd)
    const nextStep = 'mount it: `mount -t proc proc /proc`'
    throw new HvError('HOST_SYSCALL', '/proc is not mounted, and hv opens files through it', nextStep)
  }
  return {files, fd, path: descriptorPath(fd, 'latin1'), own}
}

/**
 * For a file that is already open for reading.
 * @param fd the new owner closes it
 * @param path without links
 * @throws HvError like openHostSource
 */
export function adoptHostFile({fd, path}: {fd: number; path: string}): HostSource {
  return {files, fd: checkRoot(files.hostAdopt(fd), path), path: toByteString(path)}
}

export function statOf({files, fd}: Pick<HostSource, 'files' | 'fd'>): Float64Array {
  const stat = new Float64Array(STAT_FIELDS)
  files.hostStat(fd, '', stat)
  return stat
}

/** @throws HvError NOT_FOUND, BAD_ARGUMENT, HOST_SYSCALL */
function checkRoot(fd: number, path: string): number {
  if (fd === -ENOENT || fd === -ENOTDIR) {
    throw new HvError('NOT_FOUND', `${path}: no such file or directory`, 'name one that exists on this host')
  }
  if (fd === -EACCES || fd === -EPERM) {
    throw new HvError('HOST_SYSCALL', `${path}: permission denied`, 'run hv as a user who may read it')
  }
  if (fd === -EXDEV) {
    throw badArgument(
      `${path} belongs to this host's kernel (procfs, sysfs, cgroup …): no guest sees that`,
      'mount a directory of ordinary files; the guest has a /proc of its own',
    )
  }
  if (fd < 0) throw new HvError('HOST_SYSCALL', `${path}: cannot be opened: ${new Errno(-fd)}`)
  return fd
}
