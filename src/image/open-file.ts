// openFile: a host file that the user named, as bytes; and errors that name it.

import {closeSync, constants, fstatSync, openSync} from 'node:fs'
import {HvError, printable} from '../errors.ts'
import {descriptorPath} from '../vfs/descriptor-path.ts'
import {FileBytes} from './file-bytes.ts'

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
  throw new HvError('BAD_ARGUMENT', 'it is neither a directory nor a file', 'name one of those')
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
