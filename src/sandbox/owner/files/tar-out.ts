// tarOut: a guest's directory as a tar archive, made here from checked names and from what the sentry's process gives.

import type {FileEntry} from '../../../sentry/outside/files/operations.ts'
import type {ByteString} from '../../../vfs/file.ts'
import {fileError} from './file-error.ts'
import {toText} from './file-paths.ts'
import {GuestErrno, type RemoteFiles} from './remote-files.ts'
import {END, padding, type TarFile, tarHeader} from './tar-header.ts'

const MAX_ENTRIES = 1_000_000

/** Nothing is read before it is asked for. @throws HvError FILE_FAILED */
export async function* tarOut(files: RemoteFiles, directory: ByteString): AsyncGenerator<Uint8Array> {
  const walk = new Walk(files, directory)
  try {
    yield* walk.all()
  } catch (error) {
    const path = walk.path === '' ? directory : `${directory}/${walk.path}`
    throw fileError(`archive ${toText(path)}`, error)
  }
  yield END
}

class Walk {
  /** The entry at work, relative to the directory. */
  path: ByteString = ''
  readonly #files: RemoteFiles
  readonly #directory: ByteString
  readonly #directories: ByteString[] = ['']
  #entries = 0

  constructor(files: RemoteFiles, directory: ByteString) {
    this.#files = files
    this.#directory = directory
  }

  async *all(): AsyncGenerator<Uint8Array> {
    for (let next = this.#directories.pop(); next !== undefined; next = this.#directories.pop()) {
      this.path = next
      for await (const {answer} of this.#pieces('list', next))
        for (const entry of answer.entries!) yield* this.#entry(next, entry)
    }
  }

  async *#entry(directory: ByteString, entry: FileEntry): AsyncGenerator<Uint8Array> {
    if (++this.#entries > MAX_ENTRIES) throw new GuestErrno('EOVERFLOW')
    const {name, kind, mode, uid, gid, modifiedMs, target} = entry
    const path = directory === '' ? name : `${directory}/${name}`
    this.path = path
    const header = {name: path, mode, uid, gid, size: 0, modified: Math.max(0, Math.floor(modifiedMs / 1e3))}
    if (kind === 'directory') {
      yield tarHeader({...header, name: `${path}/`, type: '5'})
      this.#directories.push(path)
    } else if (kind === 'symlink') yield tarHeader({...header, type: '2', linkName: target ?? ''})
    else if (kind === 'file') yield* this.#file({...header, type: '0'})
  }

  /** With the length it had when it was opened: a program may be writing to it. */
  async *#file(header: TarFile): AsyncGenerator<Uint8Array> {
    let size: number | undefined
    let left = 0
    for await (const {answer, bytes} of this.#pieces('read', header.name)) {
      if (size === undefined) {
        size = left = answer.size ?? 0
        if (!Number.isSafeInteger(size)) throw new GuestErrno('EFBIG')
        yield tarHeader({...header, size})
      }
      const wanted = bytes.subarray(0, left)
      left -= wanted.length
      if (wanted.length > 0) yield wanted
      if (left === 0) break
    }
    if (left > 0) throw new GuestErrno('EIO')
    if (size !== undefined) yield padding(size)
  }

  /** None of what a program has removed meanwhile. */
  async *#pieces(name: 'list' | 'read', path: ByteString): ReturnType<RemoteFiles['pieces']> {
    const at = {path: path === '' ? '.' : path, beneath: this.#directory}
    try {
      yield* this.#files.pieces({name, at})
    } catch (error) {
      const isGone = error instanceof GuestErrno && error.errno === 'ENOENT' && path !== ''
      if (!isGone) throw error
    }
  }
}
