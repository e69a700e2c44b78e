// ProgramFinder: what the user calls a program, as an executable of the guest's tree.

import {type BigIntStats, statSync} from 'node:fs'
import {HvError, printable} from '../errors.ts'
import type {MemoryFile} from '../platform/memory-file.ts'
import {toByteString} from '../vfs/host-calls.ts'
import type {Location} from '../vfs/location.ts'
import {pathOf} from '../vfs/mount-tree.ts'
import type {Credentials} from './credentials.ts'
import {mountFile} from './guest-tree.ts'
import {type Executable, openExecutable} from './open-executable.ts'

interface Wanted {
  /** A guest path, a bare name for the guest's PATH, or (`onHost`) a host path. */
  readonly program: string
  readonly onHost: boolean
  readonly env: Readonly<Record<string, string>>
}

export class ProgramFinder {
  readonly root: Location
  readonly credentials: Credentials
  readonly #memory: MemoryFile
  /** Programs of the host that are mounted, by guest path. */
  readonly #mounted = new Map<string, string>()

  constructor(root: Location, credentials: Credentials, memory: MemoryFile) {
    this.root = root
    this.credentials = credentials
    this.#memory = memory
  }

  /**
   * @param cwd the guest's working directory: relative paths begin there
   * @throws HvError NOT_FOUND, NOT_EXECUTABLE, BAD_ELF, NO_INTERPRETER, BAD_ARGUMENT
   */
  find(options: Wanted, cwd: Location): Executable {
    const {program, onHost} = options
    const {root} = this
    if (onHost) {
      const guestPath = `/bin/${program.slice(program.lastIndexOf('/') + 1)}`
      const identity = hostIdentity(program)
      if (this.#mounted.get(guestPath) !== identity) {
        mountFile(root, program, guestPath, this.#memory)
        this.#mounted.set(guestPath, identity)
      }
      return openExecutable(this, root, toByteString(guestPath), toByteString(program))
    }
    if (program.startsWith('/')) return openExecutable(this, root, toByteString(program))
    if (program.includes('/')) return this.#findFrom(cwd, program)
    for (const directory of (options.env.PATH ?? '').split(':')) {
      try {
        return openExecutable(this, cwd, toByteString(`${directory || '.'}/${program}`))
      } catch (error) {
        if (!(error instanceof HvError) || error.code !== 'NOT_FOUND') throw error
      }
    }
    throw new HvError('NOT_FOUND', `${program}: not in the guest's PATH`, 'give its path in the guest')
  }

  #findFrom(cwd: Location, program: string): Executable {
    try {
      return openExecutable(this, cwd, toByteString(program))
    } catch (error) {
      if (!(error instanceof HvError) || error.code !== 'NOT_FOUND') throw error
      const {path} = pathOf(cwd, this.root)
      const message = `${printable(program)}: no such program in the guest, looked for from ${printable(path)}`
      throw new HvError('NOT_FOUND', message, 'check the path, or give the whole of it', {cause: error})
    }
  }
}

/** The same for the same file, by whatever path. @throws HvError NOT_FOUND, NOT_EXECUTABLE */
function hostIdentity(path: string): string {
  let stat: BigIntStats
  try {
    stat = statSync(path, {bigint: true})
  } catch (error) {
    throw cannotFind(printable(path), (error as NodeJS.ErrnoException).code)
  }
  if (stat.isFile()) return `${stat.dev}:${stat.ino}`
  throw new HvError('NOT_EXECUTABLE', `${printable(path)} is no regular file`, 'name an ELF program')
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
