// openDisk: a raw image or a block device of the host, locked as QEMU locks it: machines that would write over each other are refused.

import {closeSync, constants, fstatSync, openSync} from 'node:fs'
import {EACCES, EAGAIN} from '../../abi/errno.ts'
import {F_RDLCK, F_UNLCK, F_WRLCK} from '../../abi/fcntl.ts'
import {SEEK_END} from '../../abi/open-flags.ts'
import {badArgument, HvError} from '../../errors.ts'
import {nativeHost} from '../../vfs/native-host.ts'
import {SECTOR} from '../devices/block-request.ts'
import type {DiskOptions} from './kernel-options.ts'

/** What a machine may do with a disk: QEMU's BLK_PERM_CONSISTENT_READ, WRITE and RESIZE (block-common.h), by bit. */
const [READ, WRITE, RESIZE] = [0, 1, 3]
/** Nobody else may: a disk that changes under a machine breaks its file systems. */
const UNSHARED = [WRITE, RESIZE]
/** QEMU's bytes (block/file-posix.c): one for each permission that a machine uses, one for each that it does not share. */
const usedByte = (permission: number): number => 100 + permission
const unsharedByte = (permission: number): number => 200 + permission
/** Writers lock this one exclusively: those who lock the whole file for reading, as Cloud Hypervisor does, are refused, too. */
const WRITER_BYTE = 0

export interface Disk {
  /** Holds the locks until it is closed. */
  readonly fd: number
  readonly bytes: number
}

/** @throws HvError NOT_FOUND, BAD_ARGUMENT */
export function openDisk({path, readOnly = false}: DiskOptions): Disk {
  const fd = openFile(path, readOnly)
  try {
    const stat = fstatSync(fd)
    if (!stat.isFile() && !stat.isBlockDevice()) {
      throw badArgument(`${path} is no disk`, 'name a raw image, or a block device')
    }
    // A block device's st_size is 0.
    const bytes = nativeHost.files.hostSeek(fd, 0, SEEK_END)
    if (bytes % SECTOR !== 0) {
      throw badArgument(
        `the disk ${path} has ${bytes} bytes, no multiple of ${SECTOR}`,
        `is it a raw image? \`truncate -s %${SECTOR} FILE\` fills up its last sector`,
      )
    }
    if (!lock(fd, readOnly)) {
      throw badArgument(
        `the disk ${path} is in use, by another machine or twice by this one`,
        'give it to one at a time, or to all of them read-only',
      )
    }
    return {fd, bytes}
  } catch (error) {
    closeSync(fd)
    throw error
  }
}

/** Any file that is no disk cannot seek, or waits: O_NONBLOCK. */
function openFile(path: string, readOnly: boolean): number {
  const access = readOnly ? constants.O_RDONLY : constants.O_RDWR
  try {
    return openSync(path, access | constants.O_NONBLOCK)
  } catch (cause) {
    const reason = (cause as NodeJS.ErrnoException).code
    const code = reason === 'ENOENT' ? 'NOT_FOUND' : 'BAD_ARGUMENT'
    throw new HvError(code, `the disk ${path} cannot be opened (${reason})`, 'name a raw image', {cause})
  }
}

/**
 * QEMU's protocol: each machine locks its own bytes for reading, and then looks whether anybody locks an opposite one. Of two that do so
 * at the same time, both may fail, but never none.
 */
function lock(fd: number, readOnly: boolean): boolean {
  const used = readOnly ? [READ] : [READ, WRITE]
  const own = [...used.map(usedByte), ...UNSHARED.map(unsharedByte)]
  const opposite = [...used.map(unsharedByte), ...UNSHARED.map(usedByte)]
  return (
    own.every((byte) => takes(fd, F_RDLCK, byte)) &&
    opposite.every((byte) => isFree(fd, byte)) &&
    (readOnly || takes(fd, F_WRLCK, WRITER_BYTE))
  )
}

/** Other failures mean that the file system has no locks: its disks go unlocked, as QEMU's do. */
function takes(fd: number, type: number, byte: number): boolean {
  const result = nativeHost.files.hostLock(fd, type, byte, 1)
  return result !== -EAGAIN && result !== -EACCES
}

function isFree(fd: number, byte: number): boolean {
  const found = new Float64Array(4)
  return nativeHost.files.hostGetLock(fd, F_WRLCK, byte, 1, found) < 0 || found[0] === F_UNLCK
}
