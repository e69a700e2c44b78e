// openHostProgram: a program of the host's, opened by whoever may open it, and not read.

import {type BigIntStats, closeSync, constants, openSync, readlinkSync, statSync} from 'node:fs'
import {HvError, printable} from '../errors.ts'

/** A sentry in its jail opens no path of the host's. */
export interface HostProgram {
  /** Open for reading. The sentry closes it. */
  readonly fd: number
  /** Without links. */
  readonly path: string
}

/** @throws HvError NOT_FOUND, NOT_EXECUTABLE */
export function openHostProgram(path: string): HostProgram {
  const shown = printable(path)
  let stat: BigIntStats
  try {
    stat = statSync(path, {bigint: true})
  } catch (error) {
    throw cannotFind(shown, (error as NodeJS.ErrnoException).code)
  }
  // A fifo would be waited for.
  if (!stat.isFile())
    throw new HvError('NOT_EXECUTABLE', `${shown} is no regular file`, 'name an ELF program')
  let fd: number
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY)
  } catch (error) {
    const {code} = error as NodeJS.ErrnoException
    if (code !== 'EACCES')
      throw new HvError('NOT_EXECUTABLE', `${shown}: cannot be opened (${code})`, 'check the file')
    throw new HvError('NOT_EXECUTABLE', `${shown}: permission denied`, remedyOf(stat))
  }
  return {fd, path: pathOf(fd) ?? path}
}

export function closeHostProgram(program: HostProgram | undefined): void {
  if (program !== undefined) closeSync(program.fd)
}

function remedyOf({mode}: BigIntStats): string {
  return (mode & 0o111n) === 0n ? 'make it executable: `chmod +x`' : 'make it readable: `chmod +r`'
}

function pathOf(fd: number): string | undefined {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`)
  } catch {
    return undefined
  }
}

function cannotFind(path: string, code: string | undefined): HvError {
  switch (code) {
    case 'ENOENT':
      return new HvError('NOT_FOUND', `${path}: no such file on this host`, 'check the path')
    case 'ENOTDIR':
    case 'ELOOP':
    case 'ENAMETOOLONG':
      return new HvError('NOT_FOUND', `${path}: no such file on this host (${code})`, 'check the path')
    default: {
      const remedy = 'check the permissions of the directories above it'
      return new HvError('NOT_EXECUTABLE', `${path}: cannot be reached (${code})`, remedy)
    }
  }
}
