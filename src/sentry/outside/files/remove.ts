// Remover: removes a file, or a tree of them, from the guest's tree, some names at a time.

import {EBUSY, ENAMETOOLONG, ENOENT, Errno} from '../../../abi/errno.ts'
import {S_IFDIR} from '../../../abi/file-mode.ts'
import {O_DIRECTORY, O_RDONLY} from '../../../abi/open-flags.ts'
import {readDirectoryNow} from '../../../vfs/directory-description.ts'
import type {ByteString} from '../../../vfs/file.ts'
import type {Location} from '../../../vfs/location.ts'
import {removeDirectory, unlinkPath} from '../../../vfs/names.ts'
import {openLocation} from '../../../vfs/open.ts'
import {type PathContext, resolve} from '../../../vfs/path-walk.ts'
import type {Handle} from './handles.ts'
import type {FileResult} from './operations.ts'

/** Steps in one go: a few milliseconds, 50 of them on a volume. */
const STEPS = 512
/** A guest can nest directories as deeply as it likes. */
const MAX_DEPTH = 16_384
/** When this many names wait, a directory gives only a few at a time. */
const MANY_NAMES = 100_000
const BATCH_NAMES = 4096
const SMALL_BATCH_NAMES = 16

interface Victim {
  parent: Location
  name: ByteString
  depth: number
}

export class Remover implements Handle {
  readonly #context: PathContext
  readonly #victims: Victim[]

  /** @param parent the directory of the name, which is not a path */
  constructor(context: PathContext, parent: Location, name: ByteString) {
    this.#context = context
    this.#victims = [{parent, name, depth: 0}]
  }

  more(): FileResult {
    for (let step = 0; step < STEPS; step++) {
      const victim = this.#victims.at(-1)
      if (victim === undefined) return {answer: {isEnd: true}}
      if (this.#remove(victim)) this.#victims.pop()
    }
    return {answer: {isEnd: false}}
  }

  close(): void {
    this.#victims.length = 0
  }

  /** @returns false: its contents must go first */
  #remove({parent, name, depth}: Victim): boolean {
    try {
      const found = resolve(this.#context, parent, name, false)
      if (found.inode.kind !== S_IFDIR) {
        unlinkPath(this.#context, parent, name)
        return true
      }
      // A volume, for example: nothing is removed from a directory that stays.
      if (found.mount !== parent.mount) throw new Errno(EBUSY)
      const names = this.#namesIn(found)
      if (names.length === 0) {
        removeDirectory(this.#context, parent, name)
        return true
      }
      if (depth >= MAX_DEPTH) throw new Errno(ENAMETOOLONG)
      for (const each of names) this.#victims.push({parent: found, name: each, depth: depth + 1})
      return false
    } catch (error) {
      // Something else removed it first.
      if (depth > 0 && error instanceof Errno && error.code === ENOENT) return true
      throw error
    }
  }

  #namesIn(directory: Location): ByteString[] {
    const {file} = openLocation(this.#context.credentials, directory, O_RDONLY | O_DIRECTORY)
    const count = this.#victims.length > MANY_NAMES ? SMALL_BATCH_NAMES : BATCH_NAMES
    try {
      return readDirectoryNow(file, count + 2)
        .map(({name}) => name)
        .filter((name) => name !== '.' && name !== '..')
    } finally {
      file.close()
    }
  }
}
