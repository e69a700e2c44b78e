// tarIn: extracts a tar archive into a directory of the guest's.
//
// The archive may be hostile: nothing of it gets out of the directory, whatever links exist or a guest makes meanwhile.
// The sentry ensures that for each name, and grants only the guest's rights.

import {Readable} from 'node:stream'
import {extract, type Header} from 'tar-stream'
import {HvError} from '../../../errors.ts'
import type {Place} from '../../../sentry/outside/files/operations.ts'
import type {ByteString} from '../../../vfs/file.ts'
import {badArchive, saying} from './file-error.ts'
import {toText} from './file-paths.ts'
import {gathered} from './file-streams.ts'
import type {RemoteFiles} from './remote-files.ts'
import {Flow, feed, keepPaxBytes} from './tar-feed.ts'

/** Those of a large image are a tenth of this. */
const MAX_ENTRIES = 1_000_000
const MAX_NAME_LENGTH = 2 ** 27
const PERMISSIONS = 0o777
const PARENT_MODE = 0o755
/** Until everything is in it. */
const OPEN_MODE = 0o700
const NO_BYTES = new Uint8Array(0)

type Entry = AsyncIterable<Uint8Array> & {readonly header: Header}

/** @throws HvError BAD_ARGUMENT: the archive is bad; FILE_FAILED */
export async function tarIn(
  files: RemoteFiles,
  directory: ByteString,
  archive: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): Promise<void> {
  const source = archive instanceof Readable ? archive : Readable.from(archive, {objectMode: true})
  // Names are bytes.
  const entries = extract({filenameEncoding: 'latin1'} as object)
  keepPaxBytes(entries)
  const flow = new Flow(entries)
  const target = new Target(files, directory)
  const fed = feed(entries, flow, source)
  try {
    for await (const entry of entries) await target.put(entry as unknown as Entry)
    await target.finish()
    await fed
  } catch (error) {
    entries.destroy()
    await flow.closed
    const {errored} = source
    source.destroy()
    if (error instanceof HvError) throw error
    // Errors of tar-stream are about the archive; a source that is cut short reports that itself.
    const isArchives = flow.error !== undefined && flow.error !== errored && !(flow.error instanceof HvError)
    throw isArchives ? badArchive(flow.error!.message) : (flow.error ?? error)
  }
}

class Target {
  readonly #files: RemoteFiles
  readonly #directory: ByteString
  /** Modes and times to set when everything is in them. */
  readonly #directories: {path: ByteString; mode: number; modifiedMs: number}[] = []
  #entries = 0
  #nameLength = 0
  #lastParent = ''

  constructor(files: RemoteFiles, directory: ByteString) {
    this.#files = files
    this.#directory = directory
  }

  async put(entry: Entry): Promise<void> {
    const {header} = entry
    const path = pathOf(header.name)
    this.#entries++
    this.#nameLength += path.length
    if (this.#entries > MAX_ENTRIES || this.#nameLength > MAX_NAME_LENGTH)
      throw badArchive('it has too many entries', 'split it')
    // The directory itself is left as it is.
    if (path === '') return
    await saying(this.#doing('make', path), async () => {
      await this.#makeParent(path)
      await this.#make(path, entry)
    })
  }

  /** The deepest first: their modes may keep everybody out. */
  async finish(): Promise<void> {
    for (const {path, mode, modifiedMs} of this.#directories.reverse()) {
      const change = {name: 'change', at: this.#at(path), mode, modifiedMs} as const
      await saying(this.#doing('change', path), () => this.#files.ask(change))
    }
  }

  #doing(what: string, path: ByteString): string {
    return `${what} ${toText(`${this.#directory}/${path}`)}`
  }

  #at(path: ByteString): Place {
    return {path, beneath: this.#directory}
  }

  /** The archive need not have an entry for it. */
  async #makeParent(path: ByteString): Promise<void> {
    const parent = path.slice(0, Math.max(path.lastIndexOf('/'), 0))
    if (parent === this.#lastParent) return
    if (parent !== '') await this.#makeDirectory(parent, PARENT_MODE)
    this.#lastParent = parent
  }

  #makeDirectory(path: ByteString, mode: number): Promise<unknown> {
    return this.#files.ask({name: 'make-directory', at: this.#at(path), mode, recursive: true})
  }

  async #make(path: ByteString, entry: Entry): Promise<void> {
    const {type, name, linkname, mode, mtime, pax} = entry.header
    const at = this.#at(path)
    if (type === 'symlink') await this.#files.ask({name: 'symlink', at, target: linkname ?? ''})
    else if (type === 'link') {
      const to = pathOf(linkname ?? '')
      if (to !== path) await this.#files.ask({name: 'link', at, to: this.#at(to)})
    } else if (type === 'directory' || (type === 'file' && name.endsWith('/'))) {
      await this.#makeDirectory(path, OPEN_MODE)
      this.#directories.push({path, mode: mode & PERMISSIONS, modifiedMs: msOf(mtime)})
    } else if ((type === 'file' || type === 'contiguous-file') && !isSparse(pax))
      await this.#makeFile(at, entry)
    else
      throw badArchive(
        `${shown(name)} is ${type === null || type === 'file' ? 'sparse or unknown' : `a ${type}`}`,
      )
  }

  async #makeFile(at: Place, entry: Entry): Promise<void> {
    const {size, mode, mtime} = entry.header
    const write = {name: 'write', at, mode: mode & PERMISSIONS, how: 'replace'} as const
    const modifiedMs = msOf(mtime)
    let left = size
    let {answer} = await this.#files.ask({...write, modifiedMs, isEnd: left === 0}, NO_BYTES)
    const {handle} = answer
    try {
      for await (const bytes of gathered(entry)) {
        left -= bytes.length
        const more = {name: 'more', of: 'write', handle: handle!, isEnd: left === 0} as const
        ;({answer} = await this.#files.ask(more, bytes))
      }
    } finally {
      if (!answer.isEnd) this.#files.close(handle!)
    }
  }
}

/** As other programs read it: an absolute name starts at the directory. @throws HvError BAD_ARGUMENT */
function pathOf(name: ByteString): ByteString {
  const names = name.split('/').filter((part) => part !== '' && part !== '.')
  if (names.includes('..') || name.includes('\0')) throw badArchive(`${shown(name)} leads out of it`)
  return names.join('/')
}

/** An archive may hold an invalid time. */
function msOf(date: Date): number {
  return Number.isFinite(date.getTime()) ? date.getTime() : 0
}

/** GNU's format for files with holes: the archived bytes are not their content. */
function isSparse(pax: unknown): boolean {
  return Object.keys(pax ?? {}).some((key) => key.startsWith('GNU.sparse.'))
}

const shown = (name: ByteString): string => JSON.stringify(toText(name.slice(0, 200)))
