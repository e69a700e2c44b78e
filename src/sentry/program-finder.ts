// ProgramFinder: what the user calls a program, as an executable of the guest's tree.

import {fstatSync} from 'node:fs'
import {HvError, printable} from '../errors.ts'
import type {MemoryFile} from '../platform/memory-file.ts'
import {toByteString} from '../vfs/host-calls.ts'
import type {Location} from '../vfs/location.ts'
import {pathOf} from '../vfs/mount-tree.ts'
import type {Credentials} from './credentials.ts'
import {makeLink, mountFile} from './guest-tree.ts'
import {closeHostProgram, type HostProgram, openHostLibrary} from './host-program.ts'
import {type Executable, openExecutable} from './open-executable.ts'

interface Wanted {
  /** A guest path, a bare name for the guest's PATH, or what `onHost` was called. */
  readonly program: string
  /** Becomes the finder's. */
  readonly onHost?: HostProgram
  readonly env: Readonly<Record<string, string>>
}

/** What the guest sees of a host program besides the file. The descriptor stays the caller's. @throws HvError */
export type ShowProgram = (
  program: HostProgram,
  libraryPath: string | undefined,
) => {
  /** Where the guest finds it. */
  readonly path: string
  /** By paths of the host and of the guest. */
  readonly libraries: readonly {readonly host: string; readonly guest: string}[]
  readonly links: readonly {readonly path: string; readonly target: string}[]
}

export class ProgramFinder {
  readonly root: Location
  readonly credentials: Credentials
  readonly #memory: MemoryFile
  readonly #show: ShowProgram
  /** Programs of the host that are mounted, by guest path. */
  readonly #mounted = new Map<string, string>()

  constructor(root: Location, credentials: Credentials, memory: MemoryFile, show: ShowProgram = showAlone) {
    this.root = root
    this.credentials = credentials
    this.#memory = memory
    this.#show = show
  }

  /**
   * @param cwd the guest's working directory: relative paths begin there
   * @throws HvError NOT_FOUND, NOT_EXECUTABLE, BAD_ELF, NO_INTERPRETER, BAD_ARGUMENT
   */
  find(options: Wanted, cwd: Location): Executable {
    const {program, onHost} = options
    const {root} = this
    if (onHost !== undefined) {
      const {path, libraries, links} = this.#shown(onHost, options.env.LD_LIBRARY_PATH)
      this.#mount(onHost, path)
      for (const {host, guest} of libraries) this.#mount(openHostLibrary(host), guest)
      for (const link of links) makeLink(root, link.path, link.target)
      return openExecutable(this, root, toByteString(path), toByteString(program))
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

  #shown(onHost: HostProgram, libraryPath: string | undefined): ReturnType<ShowProgram> {
    try {
      return this.#show(onHost, libraryPath)
    } catch (error) {
      closeHostProgram(onHost)
      throw error
    }
  }

  /** The descriptor becomes the mount's. */
  #mount(file: HostProgram, guest: string): void {
    const identity = identityOf(file)
    if (this.#mounted.get(guest) === identity) {
      closeHostProgram(file)
      return
    }
    mountFile(this.root, file, guest, this.#memory)
    this.#mounted.set(guest, identity)
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

/** The file, and nothing that it needs. */
function showAlone({name}: HostProgram): ReturnType<ShowProgram> {
  return {path: `/bin/${name.slice(name.lastIndexOf('/') + 1)}`, libraries: [], links: []}
}

/** The same for the same file, by whatever path. */
function identityOf({fd}: HostProgram): string {
  const {dev, ino} = fstatSync(fd, {bigint: true})
  return `${dev}:${ino}`
}
