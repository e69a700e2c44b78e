// FileBytes: a part of an open host file, read a block at a time; and a file that the user named, with errors that name it.

import {closeSync, constants, fstatSync, openSync, readSync} from 'node:fs'
import {badArgument, HvError, printable} from '../errors.ts'
import {descriptorPath} from '../vfs/descriptor-path.ts'
import type {ArchiveSource} from '../vfs/fs/archive.ts'

/** Headers lie between files, and most files are small. */
const WINDOW_BYTES = 1 << 16

export class FileBytes {
  readonly source: ArchiveSource
  /** In the file. */
  readonly start: number
  readonly size: number
  readonly #window = Buffer.allocUnsafeSlow(WINDOW_BYTES)
  #windowAt = 0
  #windowLength = 0

  constructor(source: ArchiveSource, start: number, size: number) {
    this.source = source
    this.start = start
    this.size = size
  }

  /** Returns fewer bytes than asked for at the end. The next call may overwrite them. @throws the system error of pread(2) */
  read(position: number, length: number): Buffer {
    const wanted = Math.max(0, Math.min(length, this.size - position))
    if (wanted > WINDOW_BYTES) return this.#readInto(Buffer.allocUnsafeSlow(wanted), position)
    if (position < this.#windowAt || position + wanted > this.#windowAt + this.#windowLength) {
      const most = Math.min(WINDOW_BYTES, this.size - position)
      this.#windowLength = this.#readInto(this.#window.subarray(0, most), position).length
      this.#windowAt = position
    }
    const from = position - this.#windowAt
    return this.#window.subarray(from, Math.min(from + wanted, this.#windowLength))
  }

  #readInto(target: Buffer, position: number): Buffer {
    let done = 0
    while (done < target.length) {
      const count = readSync(this.source.fd, target, done, target.length - done, this.start + position + done)
      if (count === 0) break
      done += count
    }
    return target.subarray(0, done)
  }
}

/** Call it within `about`. @throws HvError NOT_FOUND, HOST_SYSCALL, BAD_ARGUMENT */
export function openFile(path: string): FileBytes {
  let fd: number
  try {
    // Opening a fifo would wait.
    fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  } catch (error) {
    const {code} = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR')
      throw new HvError('NOT_FOUND', 'no such file', 'name one that exists on this host')
    throw new HvError('HOST_SYSCALL', `it cannot be opened (${code})`, 'make it readable')
  }
  const stat = fstatSync(fd)
  if (stat.isFile())
    return new FileBytes({fd, path: descriptorPath(fd, 'latin1'), close: () => closeSync(fd)}, 0, stat.size)
  closeSync(fd)
  throw badArgument('it is neither a directory nor a file', 'name one of those')
}

/** Errors of `work` are reported as errors of `path`. */
export async function about<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof HvError) {
      const {code, message, nextStep} = error
      throw new HvError(code, `${printable(path)}: ${message}`, nextStep, {cause: error})
    }
    const {syscall, code} = error as NodeJS.ErrnoException
    if (syscall !== 'read') throw error
    throw new HvError('HOST_SYSCALL', `${printable(path)}: cannot be read (${code})`, 'check the file', {
      cause: error,
    })
  }
}
