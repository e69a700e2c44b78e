// ProgramFinder: finds what the user calls a program, as an executable of the guest's tree.

import {HvError, printable} from '../../errors.ts'
import type {MemoryFile} from '../../platform/memory-file.ts'
import {toByteString} from '../../vfs/host-calls.ts'
import type {Location} from '../../vfs/location.ts'
import {pathOf} from '../../vfs/mount-tree.ts'
import type {Credentials} from '../core/credentials.ts'
import {type Executable, openExecutable} from '../exec/open-executable.ts'
import type {HostProgram} from './host-program.ts'
import {programError} from './program-error.ts'
import {ShownPrograms, type ShowProgram} from './shown-programs.ts'

interface ProgramRequest {
  /** A guest path, a bare name for the guest's PATH, or what `onHost` was called. */
  readonly program: string
  /** Becomes the finder's. */
  readonly onHost?: HostProgram
  readonly env: Readonly<Record<string, string>>
}

export class ProgramFinder {
  readonly root: Location
  readonly credentials: Credentials
  readonly #shown: ShownPrograms

  constructor(root: Location, credentials: Credentials, memory: MemoryFile, show?: ShowProgram) {
    this.root = root
    this.credentials = credentials
    this.#shown = new ShownPrograms(root, memory, show)
  }

  /**
   * @param cwd the guest's working directory: relative paths start there
   * @throws HvError NOT_FOUND, NOT_EXECUTABLE, BAD_ELF, NO_INTERPRETER, BAD_ARGUMENT
   */
  find(options: ProgramRequest, cwd: Location): Executable {
    const {program, onHost, env} = options
    const shown = toByteString(program)
    if (onHost !== undefined)
      return this.#open(this.root, this.#shown.show(onHost, env.LD_LIBRARY_PATH), shown)
    if (program.startsWith('/')) return this.#open(this.root, program, shown)
    if (program.includes('/')) return this.#findFrom(cwd, program)
    for (const directory of (env.PATH ?? '').split(':')) {
      const path = `${directory || '.'}/${program}`
      try {
        return this.#open(cwd, path)
      } catch (error) {
        if (!isNotFound(error)) throw error
      }
    }
    throw new HvError('NOT_FOUND', `${program}: not in the guest's PATH`, 'give its path in the guest')
  }

  #findFrom(cwd: Location, program: string): Executable {
    try {
      return this.#open(cwd, program)
    } catch (error) {
      if (!isNotFound(error)) throw error
      const {path} = pathOf(cwd, this.root)
      const message = `${printable(program)}: no such program in the guest, looked for from ${printable(path)}`
      throw new HvError('NOT_FOUND', message, 'check the path, or give the whole of it', {cause: error})
    }
  }

  #open(start: Location, path: string, shown = toByteString(path)): Executable {
    try {
      return openExecutable(this, start, toByteString(path), {shown})
    } catch (error) {
      throw programError(error, shown)
    }
  }
}

function isNotFound(error: unknown): boolean {
  return error instanceof HvError && error.code === 'NOT_FOUND'
}
