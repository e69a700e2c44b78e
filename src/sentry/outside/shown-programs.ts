// ShownPrograms: host programs in a guest's tree, each with what it needs.

import {fstatSync} from 'node:fs'
import type {MemoryFile} from '../../platform/memory-file.ts'
import type {Location} from '../../vfs/location.ts'
import {makeLink, mountFile} from './guest-tree.ts'
import {closeHostProgram, type HostProgram, openHostLibrary} from './host-program.ts'

/** Decides what the guest sees of a host program besides the file. The descriptor stays the caller's. @throws HvError */
export type ShowProgram = (
  program: HostProgram,
  libraryPath: string | undefined,
) => {
  /** Where the guest finds it. */
  readonly path: string
  /** By their host and guest paths. */
  readonly libraries: readonly {readonly host: string; readonly guest: string}[]
  readonly links: readonly {readonly path: string; readonly target: string}[]
}

export class ShownPrograms {
  readonly #root: Location
  readonly #memory: MemoryFile
  readonly #show: ShowProgram
  /** What is mounted, by guest path. */
  readonly #mounted = new Map<string, string>()

  constructor(root: Location, memory: MemoryFile, show: ShowProgram = showAlone) {
    this.#root = root
    this.#memory = memory
    this.#show = show
  }

  /**
   * @param program becomes the tree's, even on failure
   * @param libraryPath the guest's LD_LIBRARY_PATH
   * @returns its path in the guest
   * @throws HvError NOT_FOUND, NOT_EXECUTABLE, BAD_ARGUMENT
   */
  show(program: HostProgram, libraryPath: string | undefined): string {
    const {path, libraries, links} = this.#shown(program, libraryPath)
    this.#mount(program, path)
    for (const {host, guest} of libraries) this.#mount(openHostLibrary(host), guest)
    for (const link of links) makeLink(this.#root, link.path, link.target)
    return path
  }

  #shown(program: HostProgram, libraryPath: string | undefined): ReturnType<ShowProgram> {
    try {
      return this.#show(program, libraryPath)
    } catch (error) {
      closeHostProgram(program)
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
    mountFile(this.#root, file, guest, this.#memory)
    this.#mounted.set(guest, identity)
  }
}

/** Shows the file, and nothing that it needs. */
function showAlone({name}: HostProgram): ReturnType<ShowProgram> {
  return {path: `/bin/${name.slice(name.lastIndexOf('/') + 1)}`, libraries: [], links: []}
}

/** The same for the same file, whatever its path. */
function identityOf({fd}: HostProgram): string {
  const {dev, ino} = fstatSync(fd, {bigint: true})
  return `${dev}:${ino}`
}
