// Handles: what is read, written, listed or removed piece by piece for a sandbox's owner, between its questions.

import {EBADF, EIO, EMFILE, ENOENT, Errno} from '../../../abi/errno.ts'
import {IN_ACCESS, IN_MODIFY} from '../../../abi/inotify.ts'
import {readDirectoryNow} from '../../../vfs/directory-description.ts'
import type {ByteString, Time} from '../../../vfs/file.ts'
import type {Location} from '../../../vfs/location.ts'
import {childLocation} from '../../../vfs/mount-tree.ts'
import type {OpenResult} from '../../../vfs/open.ts'
import {tell} from '../../../vfs/watchers.ts'
import {OpenDescription} from '../../core/open-description.ts'
import {entryOf} from './entry.ts'
import {type FileEntry, type FileResult, PIECE_BYTES, PIECE_ENTRIES, PIECE_NAME_BYTES} from './operations.ts'

/** Takes an answer that is not ready at once. */
export type Later = (answered: FileResult) => void

export interface Handle {
  /**
   * @param later called with the answer, if none is returned
   * @throws Errno, after which the handle is of no use
   */
  more(bytes: Uint8Array, isEnd: boolean, later: Later): FileResult | undefined
  close(): void
}

/** A volume's files are also open on the host. */
const MAX_HANDLES = 512
/** Entries looked at in one go. */
const BATCH_ENTRIES = 64

export class Handles {
  readonly #open = new Map<number, Handle>()
  #last = 0

  /** Asks for the first piece, and keeps the handle if there are more. @throws Errno EMFILE, and the handle's errors */
  begin(bytes: Uint8Array, isEnd: boolean, open: () => Handle): FileResult {
    if (this.#open.size >= MAX_HANDLES) throw new Errno(EMFILE)
    const handle = ++this.#last
    this.#open.set(handle, open())
    return this.more(handle, bytes, isEnd, () => {})!
  }

  /** @throws Errno EBADF, and the handle's errors */
  more(handle: number, bytes: Uint8Array, isEnd: boolean, later: Later): FileResult | undefined {
    const open = this.#open.get(handle)
    if (open === undefined) throw new Errno(EBADF)
    try {
      const answered = open.more(bytes, isEnd, (given) => later(this.#finish(handle, given)))
      return answered && this.#finish(handle, answered)
    } catch (error) {
      this.close(handle)
      throw error
    }
  }

  /** Closing twice, or an unknown handle, does nothing. */
  close(handle: number): void {
    const open = this.#open.get(handle)
    this.#open.delete(handle)
    open?.close()
  }

  closeAll(): void {
    for (const handle of [...this.#open.keys()]) this.close(handle)
  }

  #finish(handle: number, {answer, bytes}: FileResult): FileResult {
    if (answer.isEnd) this.close(handle)
    return {answer: answer.isEnd ? answer : {...answer, handle}, bytes}
  }
}

const scratch = new Uint8Array(PIECE_BYTES)

/** What is open until the handle is closed. */
abstract class OpenHandle implements Handle {
  protected readonly description: OpenDescription

  constructor({file, location}: OpenResult) {
    this.description = new OpenDescription(file, location)
  }

  abstract more(bytes: Uint8Array, isEnd: boolean): FileResult

  close(): void {
    this.description.close()
  }
}

export class Reader extends OpenHandle {
  #isFirst = true

  more(): FileResult {
    const {file, location} = this.description
    const size = this.#isFirst ? {size: file.inode.attributes().size} : {}
    this.#isFirst = false
    let length = 0
    let count = 1
    while (count > 0 && length < scratch.length) {
      count = file.read(scratch.subarray(length))
      length += count
    }
    tell(file.inode, IN_ACCESS, location)
    return {answer: {isEnd: count === 0, ...size}, bytes: scratch.slice(0, length)}
  }
}

export class Writer extends OpenHandle {
  readonly #modified: Time | undefined

  /** @param modified the time of its content, if not now */
  constructor(opened: OpenResult, modified: Time | undefined) {
    super(opened)
    this.#modified = modified
  }

  more(bytes: Uint8Array, isEnd: boolean): FileResult {
    const {file, location} = this.description
    for (let done = 0; done < bytes.length; ) {
      const count = file.write(bytes.subarray(done))
      if (count === 0) throw new Errno(EIO)
      done += count
    }
    if (bytes.length > 0) tell(file.inode, IN_MODIFY, location)
    if (isEnd && this.#modified !== undefined) file.inode.setAttributes({mtime: this.#modified})
    return {answer: {isEnd}}
  }
}

export class Lister extends OpenHandle {
  /** At least one entry, except at the end. */
  more(): FileResult {
    const {file, location} = this.description
    const entries: FileEntry[] = []
    let nameBytes = 0
    while (entries.length < PIECE_ENTRIES && nameBytes < PIECE_NAME_BYTES) {
      const batch = readDirectoryNow(file, BATCH_ENTRIES)
      if (batch.length === 0) return {answer: {isEnd: true, entries}}
      let taken = 0
      for (const {name} of batch) {
        if (entries.length >= PIECE_ENTRIES || nameBytes >= PIECE_NAME_BYTES) break
        taken++
        const entry = name === '.' || name === '..' ? undefined : entryIn(location!, name)
        if (entry === undefined) continue
        entries.push(entry)
        nameBytes += entry.name.length + (entry.target?.length ?? 0)
      }
      if (taken < batch.length) file.unreadDirectory(taken)
    }
    return {answer: {isEnd: false, entries}}
  }
}

/** @returns undefined: it has gone meanwhile */
function entryIn(directory: Location, name: ByteString): FileEntry | undefined {
  try {
    return entryOf(childLocation(directory, name, directory.inode.lookup(name)).inode, name)
  } catch (error) {
    if (error instanceof Errno && error.code === ENOENT) return undefined
    throw error
  }
}
