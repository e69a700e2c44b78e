// tarOut: a guest's directory as a tar archive, made here from checked names and from what the sentry's process gives.

import {type Pack, pack} from 'tar-stream'
import type {FileEntry, FileOperation} from '../sentry/files/operations.ts'
import {fileError} from './file-error.ts'
import {GuestErrno, type RemoteFiles} from './remote-files.ts'
import {Flow} from './tar-flow.ts'

const MAX_ENTRIES = 1_000_000
/** Archived and not taken yet, at most: headers alone do not wait for it. */
const MOST_WAITING = 1 << 20
const HEADER_BYTES = 512
/** The largest of ustar's times. */
const MAX_SECONDS = 2 ** 31 - 1
/** In a name that was not UTF-8: it cannot be used to find the file. */
const UNREADABLE = '\ufffd'

/** @throws HvError FILE_FAILED */
export async function* tarOut(files: RemoteFiles, directory: string): AsyncGenerator<Uint8Array> {
  const archive = pack()
  const walk = new Walk(files, directory, archive)
  walk.all().then(
    () => archive.finalize(),
    (error) => archive.destroy(error),
  )
  try {
    for await (const chunk of archive as AsyncIterable<Uint8Array>) {
      walk.taken(chunk.length)
      yield chunk
    }
  } catch (error) {
    throw fileError(`archive ${walk.path === '' ? directory : `${directory}/${walk.path}`}`, error)
  } finally {
    archive.destroy()
    walk.taken(Number.POSITIVE_INFINITY)
  }
}

class Walk {
  /** The entry at work, relative to the directory. */
  path = ''
  readonly #files: RemoteFiles
  readonly #directory: string
  readonly #archive: Pack
  readonly #directories = ['']
  #entries = 0
  #waiting = 0
  #goOn: (() => void) | undefined

  constructor(files: RemoteFiles, directory: string, archive: Pack) {
    this.#files = files
    this.#directory = directory
    this.#archive = archive
  }

  taken(bytes: number): void {
    // More is taken than was counted.
    this.#waiting = Math.max(0, this.#waiting - bytes)
    if (this.#waiting <= MOST_WAITING) this.#goOn?.()
  }

  async all(): Promise<void> {
    for (let next = this.#directories.pop(); next !== undefined; next = this.#directories.pop()) {
      this.path = next
      const list = this.#operation('list', next)
      await this.#unlessGone(next, () =>
        this.#pieces(list, async ({answer}) => {
          for (const entry of answer.entries!) await this.#add(next, entry)
          return true
        }),
      )
    }
  }

  async #add(directory: string, entry: FileEntry): Promise<void> {
    if (++this.#entries > MAX_ENTRIES) throw new GuestErrno('EOVERFLOW')
    const {name, kind, mode, uid, gid, modifiedMs, target} = entry
    const path = directory === '' ? name : `${directory}/${name}`
    this.path = path
    const seconds = Math.max(0, Math.min(modifiedMs / 1e3, MAX_SECONDS))
    const header = {name: path, mode, uid, gid, mtime: new Date(seconds * 1e3)}
    // Counted before it can be taken.
    this.#waiting += HEADER_BYTES
    if (kind === 'directory') {
      this.#archive.entry({...header, name: `${path}/`, type: 'directory'})
      this.#directories.push(path)
    } else if (kind === 'symlink') this.#archive.entry({...header, type: 'symlink', linkname: target ?? ''})
    else if (kind === 'file') await this.#unlessGone(path, () => this.#addFile(path, header))
    if (this.#waiting > MOST_WAITING) await new Promise<void>((resolve) => (this.#goOn = resolve))
  }

  /** With the length it had when it was opened: a program may be writing to it. */
  async #addFile(path: string, header: Parameters<Pack['entry']>[0]): Promise<void> {
    let sink: ReturnType<Pack['entry']> | undefined
    let flow: Flow | undefined
    let left = 0
    await this.#pieces(this.#operation('read', path), async ({answer, bytes}) => {
      if (sink === undefined) {
        left = answer.size ?? 0
        if (!Number.isSafeInteger(left)) throw new GuestErrno('EFBIG')
        sink = this.#archive.entry({...header, type: 'file', size: left})
        flow = new Flow(sink)
      }
      const wanted = bytes.subarray(0, left)
      left -= wanted.length
      this.#waiting += wanted.length
      if (wanted.length > 0 && !sink.write(wanted)) await flow!.drained()
      return left > 0
    })
    if (left > 0) throw new GuestErrno('EIO')
    sink?.end(undefined)
  }

  #operation(name: 'list' | 'read', path: string): Extract<FileOperation, {name: 'list' | 'read'}> {
    return {name, at: {path: path === '' ? '.' : path, beneath: this.#directory}}
  }

  /** Until there are no more, or `take` returns false. */
  async #pieces(
    first: Extract<FileOperation, {name: 'list' | 'read'}>,
    take: (answered: Awaited<ReturnType<RemoteFiles['ask']>>) => Promise<boolean>,
  ): Promise<void> {
    let handle: number | undefined
    try {
      let operation: FileOperation = first
      for (;;) {
        if (this.#archive.destroyed) throw new GuestErrno('ECANCELED')
        const answered = await this.#files.ask(operation)
        handle = answered.answer.handle
        if ((await take(answered)) === false || handle === undefined) return
        operation = {name: 'more', of: first.name, handle, isEnd: false}
      }
    } finally {
      if (handle !== undefined) this.#files.close(handle)
    }
  }

  /** Leaves out what a program has removed meanwhile. */
  async #unlessGone(path: string, does: () => Promise<void>): Promise<void> {
    try {
      await does()
    } catch (error) {
      const isGone = error instanceof GuestErrno && error.errno === 'ENOENT' && path !== ''
      if (!isGone || path.includes(UNREADABLE)) throw error
    }
  }
}
