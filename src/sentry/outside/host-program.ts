// openHostProgram: opens a host program outside the jail, without reading it.

import {constants, lstatSync, openSync, readlinkSync, type Stats, statSync} from 'node:fs'
import {basename, dirname, join, resolve} from 'node:path'
import {errnoName} from '../../abi/errno.ts'
import {HvError, printable} from '../../errors.ts'
import {descriptorPath} from '../../vfs/descriptor-path.ts'
import {toByteString} from '../../vfs/host-calls.ts'
import {nativeHost} from '../../vfs/native-host.ts'

/** Linux's MAXSYMLINKS. */
const MOST_LINKS = 40

/** A jailed sentry opens no host path. */
export interface HostProgram {
  /** Open for reading. The sentry closes it. */
  readonly fd: number
  /** Without links. */
  readonly path: string
  /** What it was called; absolute, with its links. */
  readonly name: string
}

/** @throws HvError NOT_FOUND, NOT_EXECUTABLE */
export function openHostProgram(path: string): HostProgram {
  const shown = printable(path)
  let stat: Stats
  try {
    stat = statSync(path)
  } catch (error) {
    throw cannotFind(shown, (error as NodeJS.ErrnoException).code)
  }
  // Opening a fifo would wait.
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
  return {fd, path: descriptorPath(fd, 'utf8') ?? path, name: resolve(path)}
}

export function closeHostProgram(program: HostProgram | undefined): void {
  if (program !== undefined) nativeHost.files.hostClose(program.fd)
}

/**
 * One of its libraries, opened by the sentry itself, through the addon: when a thread ends, Node closes the descriptors that it
 * opened there, even if they were closed before.
 * @throws HvError NOT_FOUND, NOT_EXECUTABLE
 */
export function openHostLibrary(name: string): HostProgram {
  let path: string
  try {
    path = realPath(name)
  } catch (error) {
    throw cannotFind(printable(name), (error as NodeJS.ErrnoException).code)
  }
  const folder = nativeHost.files.hostOpenRoot(toByteString(dirname(path)))
  const fd =
    folder < 0
      ? folder
      : nativeHost.files.hostOpen(folder, toByteString(basename(path)), constants.O_RDONLY, 0)
  if (folder >= 0) nativeHost.files.hostClose(folder)
  if (fd >= 0) return {fd, path, name}
  const reason = errnoName(-fd)
  throw new HvError('NOT_EXECUTABLE', `${printable(name)}: cannot be opened (${reason})`, 'check the file')
}

/** Like realpath(3). Bun's own asks /proc, which a jail does not have. */
function realPath(path: string): string {
  const partsOf = (of: string): string[] => of.split('/').filter((part) => part !== '')
  const parts = partsOf(resolve(path))
  let real = '/'
  let links = 0
  for (let part = parts.shift(); part !== undefined; part = parts.shift()) {
    const next = join(real, part)
    if (!lstatSync(next).isSymbolicLink()) {
      real = next
      continue
    }
    if (++links > MOST_LINKS) throw Object.assign(new Error('too many links'), {code: 'ELOOP'})
    const target = readlinkSync(next)
    if (target.startsWith('/')) real = '/'
    parts.unshift(...partsOf(target))
  }
  return real
}

function remedyOf({mode}: Stats): string {
  return (mode & 0o111) === 0 ? 'make it executable: `chmod +x`' : 'make it readable: `chmod +r`'
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
