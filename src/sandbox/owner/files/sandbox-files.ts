// SandboxFiles: the guest's tree of files, for the process that embeds it, as Sandbox.files.

import type {Buffer} from 'node:buffer'
import {basename} from 'node:path/posix'
import {Readable, type Writable} from 'node:stream'
import {pipeline} from 'node:stream/promises'
import {isBytes} from '../../../options.ts'
import {
  type FileChange,
  type FileEntry,
  type FileOperation,
  PIECE_BYTES,
  type Place,
} from '../../../sentry/outside/files/operations.ts'
import {GrowingBytes} from '../../protocol/growing-bytes.ts'
import {textOf} from '../streams/text.ts'
import {fileError, saying} from './file-error.ts'
import {
  type SandboxFile,
  type SandboxFileData,
  type SandboxNameOptions,
  type SandboxReadOptions,
  type SandboxWriteOptions,
  toArchive,
  toChunks,
  toData,
  toDirectoryOptions,
  toFile,
  toListener,
  toNameOptions,
  toReadOptions,
  toRemoveOptions,
  toWriteOptions,
} from './file-options.ts'
import {type SandboxPath, toBuffer, toPath, toText} from './file-paths.ts'
import {readStream, writeStream} from './file-streams.ts'
import {type SandboxWatch, watch} from './file-watch.ts'
import {GuestErrno, type RemoteFiles} from './remote-files.ts'

/** A guest can make as many as fit in its memory, or in a volume. */
const MAX_ENTRIES = 1_000_000

type ReadOperation = Extract<FileOperation, {name: 'read'}>
type WriteOperation = Extract<FileOperation, {name: 'write'}>

/**
 * The files that programs see, in memory and on volumes, whether a program runs or not. Everything is done with the rights of the guest's
 * user, which is this process's. `unveil` and `pledge` bind programs and not you, except that links lead no further than programs may go.
 *
 * Each method rejects with an HvError: BAD_ARGUMENT; FILE_FAILED, whose `errno` is what a program would get, such as `ENOENT`; DISPOSED and
 * the other errors that end a sandbox. Paths are absolute, text or bytes, and links in them are followed. Concurrent calls are served in pieces, in turn.
 *
 * @example
 * await sandbox.files.write('/tmp/in', 'hello')
 * await sandbox.run('/bin/busybox', ['cp', '/tmp/in', '/tmp/out'])
 * console.log(await sandbox.files.read('/tmp/out')) // hello
 */
export class SandboxFiles {
  readonly #remote: RemoteFiles

  /** @internal By Sandbox. */
  constructor(remote: RemoteFiles) {
    this.#remote = remote
  }

  /**
   * The whole content of a regular file.
   * @throws HvError errno EFBIG: it is larger than `maxBytes`; ENXIO: it is a device, a fifo or a socket, which are never opened
   *
   * @example
   * await sandbox.files.write('/tmp/out', 'hello')
   * console.log(await sandbox.files.read('/tmp/out')) // hello
   * const bytes = await sandbox.files.read('/tmp/out', {encoding: 'buffer', maxBytes: 1024})
   * console.log(bytes[0]) // 104
   */
  read(path: SandboxPath, options: SandboxReadOptions & {encoding: 'buffer'}): Promise<Uint8Array>
  read(path: SandboxPath, options?: SandboxReadOptions): Promise<string>
  async read(path: SandboxPath, options: SandboxReadOptions = {}): Promise<string | Uint8Array> {
    const {encoding, maxBytes} = toReadOptions(options)
    const at = {path: toPath(path)}
    const bytes = await saying(`read ${toText(at.path)}`, () => this.#readWhole({name: 'read', at}, maxBytes))
    return encoding === 'buffer' ? bytes : textOf(bytes)
  }

  /**
   * Makes a file, or replaces its content. Its directory must exist. If it fails on the way, a part is written.
   *
   * @example
   * import {createReadStream} from 'node:fs'
   * await sandbox.files.write('/tmp/job.sh', '#!/bin/sh\n', {mode: 0o755})
   * await sandbox.files.write('/tmp/job.sh', 'echo hi\n', {append: true})
   * await sandbox.files.write('/tmp/users', createReadStream('/etc/passwd'))
   */
  async write(path: SandboxPath, data: SandboxFileData, options: SandboxWriteOptions = {}): Promise<void> {
    const operation = toWrite(path, options)
    const doing = `write ${toText(operation.at.path)}`
    const given = toData(data)
    const bytes = typeof given === 'string' ? new TextEncoder().encode(given) : given
    if (!isBytes(bytes)) {
      return pipeline(bytes as AsyncIterable<unknown>, toChunks, writeStream(this.#remote, operation, doing))
    }
    await saying(doing, () => this.#writeWhole(operation, bytes))
  }

  /**
   * A file's content as a stream: at most 2 MiB of it wait here. To stop reading, destroy it.
   *
   * @example
   * await sandbox.files.write('/tmp/log', 'hello')
   * for await (const chunk of sandbox.files.readStream('/tmp/log')) console.log(chunk.length) // 5
   */
  readStream(path: SandboxPath): Readable {
    const at = {path: toPath(path)}
    return readStream(this.#remote, {name: 'read', at}, `read ${toText(at.path)}`)
  }

  /**
   * A stream into a file, which it makes as {@link write} does. It waits for the guest's tree, and fails when that is full.
   *
   * @example
   * import {pipeline} from 'node:stream/promises'
   * const child = sandbox.spawn('/bin/busybox', ['seq', '10'])
   * await pipeline(child.stdout, sandbox.files.writeStream('/tmp/numbers'))
   */
  writeStream(path: SandboxPath, options: SandboxWriteOptions = {}): Writable {
    const operation = toWrite(path, options)
    return writeStream(this.#remote, operation, `write ${toText(operation.at.path)}`)
  }

  /**
   * The entries of a directory, in no order: links themselves, not what they lead to. As in node:fs, `encoding: 'buffer'` gives names as
   * Buffers: a path that is made of them leads to the file, whatever its bytes are.
   * @throws HvError errno EOVERFLOW: there are more than a million
   *
   * @example
   * await sandbox.files.makeDirectory('/tmp/made')
   * for (const {name, kind, mode} of await sandbox.files.list('/tmp')) console.log(name, kind, mode) // made directory 493
   * const [{name}] = await sandbox.files.list('/tmp', {encoding: 'buffer'})
   * await sandbox.files.remove(Buffer.concat([Buffer.from('/tmp/'), name]))
   */
  list(path: SandboxPath, options: SandboxNameOptions & {encoding: 'buffer'}): Promise<SandboxFile<Buffer>[]>
  list(path: SandboxPath, options?: SandboxNameOptions): Promise<SandboxFile[]>
  async list(
    path: SandboxPath,
    options: SandboxNameOptions = {},
  ): Promise<SandboxFile<string>[] | SandboxFile<Buffer>[]> {
    const at = {path: toPath(path)}
    const {encoding} = toNameOptions(options)
    const entries = await saying(`list ${toText(at.path)}`, () => this.#listWhole(at))
    return entries.map((entry) => toFile(entry, encoding))
  }

  /**
   * What a path leads to. As in node:fs, a missing file is an error, ENOENT; {@link exists} only asks.
   *
   * @example
   * await sandbox.files.write('/tmp/a', 'hello')
   * const {kind, size, modifiedAt} = await sandbox.files.stat('/tmp/a')
   * console.log(kind, size, modifiedAt <= new Date()) // file 5 true
   */
  stat(path: SandboxPath, options: SandboxNameOptions & {encoding: 'buffer'}): Promise<SandboxFile<Buffer>>
  stat(path: SandboxPath, options?: SandboxNameOptions): Promise<SandboxFile>
  async stat(
    path: SandboxPath,
    options: SandboxNameOptions = {},
  ): Promise<SandboxFile<string> | SandboxFile<Buffer>> {
    const at = {path: toPath(path)}
    const {encoding} = toNameOptions(options)
    const {answer} = await this.#ask('stat', {name: 'stat', at, follows: true})
    return toFile({...answer.entry!, name: basename(at.path)}, encoding)
  }

  /**
   * Whether a path leads to something. A link to nothing does not.
   *
   * @example
   * console.log(await sandbox.files.exists('/tmp'), await sandbox.files.exists('/tmp/a')) // true false
   */
  async exists(path: SandboxPath): Promise<boolean> {
    const at = {path: toPath(path)}
    try {
      await this.#remote.ask({name: 'stat', at, follows: true})
      return true
    } catch (error) {
      if (error instanceof GuestErrno && ['ENOENT', 'ENOTDIR'].includes(error.errno)) return false
      throw fileError(`stat ${toText(at.path)}`, error)
    }
  }

  /**
   * Makes a directory.
   * @param options `recursive`: also makes those above it, and it may exist already; `mode`: of the last one, default `0o755`
   *
   * @example
   * await sandbox.files.makeDirectory('/tmp/a/b/c', {recursive: true})
   */
  async makeDirectory(path: SandboxPath, options: {recursive?: boolean; mode?: number} = {}): Promise<void> {
    const how = toDirectoryOptions(options)
    await this.#ask('make directory', {name: 'make-directory', at: {path: toPath(path)}, ...how})
  }

  /**
   * Removes a file, a link itself, or an empty directory.
   * @param options `recursive`: with everything in it, except what is mounted there
   *
   * @example
   * await sandbox.files.makeDirectory('/tmp/a/b', {recursive: true})
   * await sandbox.files.remove('/tmp/a', {recursive: true})
   */
  async remove(path: SandboxPath, options: {recursive?: boolean} = {}): Promise<void> {
    const {recursive} = toRemoveOptions(options)
    const at = {path: toPath(path)}
    await saying(`remove ${toText(at.path)}`, async () => {
      for await (const _ of this.#remote.pieces({name: 'remove', at, recursive})) {
        // Each removes a part.
      }
    })
  }

  /**
   * Moves a file to another path, and replaces one that is there, as rename(2) does.
   * @throws HvError errno EXDEV: from one volume to another
   *
   * @example
   * await sandbox.files.write('/tmp/new', 'hello')
   * await sandbox.files.rename('/tmp/new', '/tmp/file')
   */
  async rename(from: SandboxPath, to: SandboxPath): Promise<void> {
    const [at, place] = [{path: toPath(from, 'from')}, {path: toPath(to, 'to')}]
    const doing = `rename ${toText(at.path)} to ${toText(place.path)}`
    await saying(doing, () => this.#remote.ask({name: 'rename', at, to: place}))
  }

  /**
   * Unpacks a tar archive into a directory, which is made if it does not exist. Files and links replace whatever has their names.
   * Permission bits and times are the archive's, and everything belongs to the guest's user. Nothing gets out of the directory: a name with
   * `..` is refused, and no link in it is followed.
   * @param archive not compressed; compressed ones go through node:zlib first
   * @throws HvError BAD_ARGUMENT: it is not an archive, or has something other than files, directories and links, such as a sparse file.
   * What came before that is there then.
   *
   * @example
   * import {createGunzip, createGzip} from 'node:zlib'
   * await sandbox.files.makeDirectory('/tmp/a/b', {recursive: true})
   * const packed = sandbox.files.tarOut('/tmp/a').pipe(createGzip()) // or createReadStream('src.tar.gz')
   * await sandbox.files.tarIn('/tmp/copy', packed.pipe(createGunzip()))
   * console.log(await sandbox.files.exists('/tmp/copy/b')) // true
   */
  async tarIn(
    directory: SandboxPath,
    archive: Uint8Array | AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  ): Promise<void> {
    const path = toPath(directory, 'directory')
    const given = toArchive(archive)
    await this.makeDirectory(toBuffer(path), {recursive: true})
    const {tarIn} = await import('./tar-in.ts')
    await tarIn(this.#remote, path, isBytes(given) ? [given] : given)
  }

  /**
   * The content of a directory, as a tar archive: files, directories and links, with names relative to it. A file with several names is in
   * the archive several times; devices, fifos and sockets are left out. Names and contents come from the guest: extract the archive where
   * it can do no harm.
   *
   * @example
   * import {buffer} from 'node:stream/consumers'
   * await sandbox.files.write('/tmp/a', 'hello')
   * const archive = await buffer(sandbox.files.tarOut('/tmp')) // or .pipe(createWriteStream('out.tar'))
   * console.log(archive.includes('hello')) // true
   */
  tarOut(directory: SandboxPath): Readable {
    const path = toPath(directory, 'directory')
    const remote = this.#remote
    async function* chunks() {
      const {tarOut} = await import('./tar-out.ts')
      yield* tarOut(remote, path)
    }
    return Readable.from(chunks(), {objectMode: false})
  }

  /**
   * Reports what happens to a file, or in a directory, from now on, whether programs or you do it. What the host does to a volume is not
   * reported. A move is a `remove` and a `create`; equal changes in a row are reported as one. When more than a thousand wait, others are
   * left out, and `overflow` says so. What the listener throws is an uncaught exception of this process. A watch does not keep the process
   * alive.
   * @param path a link is followed; what is in subdirectories is not watched
   *
   * @example
   * using watch = await sandbox.files.watch('/tmp', ({kind, name}) => console.log(kind, name)) // e.g. create new
   * await sandbox.files.write('/tmp/new', 'hello')
   */
  async watch(path: SandboxPath, listener: (change: FileChange) => void): Promise<SandboxWatch> {
    const at = toPath(path)
    const tell = toListener(listener)
    return saying(`watch ${toText(at)}`, () => watch(this.#remote, at, tell))
  }

  async #readWhole(operation: ReadOperation, maxBytes: number): Promise<Uint8Array<ArrayBuffer>> {
    let whole: GrowingBytes | undefined
    for await (const {answer, bytes} of this.#remote.pieces(operation)) {
      const {size = 0, isEnd} = answer
      if (whole === undefined && isEnd && bytes.length <= maxBytes) return bytes
      whole ??= new GrowingBytes(maxBytes, size <= maxBytes ? size : 0)
      // The guest determines its size.
      if (Math.max(size, whole.length + bytes.length) > maxBytes) throw new GuestErrno('EFBIG')
      whole.append(bytes)
    }
    return whole!.take()
  }

  async #writeWhole(operation: Omit<WriteOperation, 'isEnd'>, bytes: Uint8Array): Promise<void> {
    const isEnd = (at: number): boolean => at + PIECE_BYTES >= bytes.length
    const piece = (at: number): Uint8Array => bytes.subarray(at, at + PIECE_BYTES)
    const {answer} = await this.#remote.ask({...operation, isEnd: isEnd(0)}, piece(0))
    for (let at = PIECE_BYTES; at < bytes.length; at += PIECE_BYTES) {
      const more = {name: 'more', of: 'write', handle: answer.handle!, isEnd: isEnd(at)} as const
      await this.#remote.ask(more, piece(at))
    }
  }

  async #listWhole(at: Place): Promise<FileEntry[]> {
    const entries: FileEntry[] = []
    for await (const {answer} of this.#remote.pieces({name: 'list', at})) {
      if (entries.length > MAX_ENTRIES) throw new GuestErrno('EOVERFLOW')
      entries.push(...answer.entries!)
    }
    return entries
  }

  /** For an operation on one path. @throws HvError FILE_FAILED */
  #ask(doing: string, operation: Extract<FileOperation, {at: Place}>): ReturnType<RemoteFiles['ask']> {
    return saying(`${doing} ${toText(operation.at.path)}`, () => this.#remote.ask(operation))
  }
}

function toWrite(path: SandboxPath, options: SandboxWriteOptions): Omit<WriteOperation, 'isEnd'> {
  const {mode, append} = toWriteOptions(options)
  const how = append ? ({how: 'append'} as const) : {}
  return {name: 'write', at: {path: toPath(path)}, ...(mode !== undefined && {mode}), ...how}
}
