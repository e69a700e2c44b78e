// Texts of procfs and sysfs: generated when they are read, and what poll(2) tells of them.

import {EACCES, EINVAL, Errno} from '../../abi/errno.ts'
import {S_IFREG} from '../../abi/file-mode.ts'
import {O_ACCMODE, O_RDONLY, POLLERR, POLLIN, POLLPRI, SEEK_CUR, SEEK_SET} from '../../abi/open-flags.ts'
import type {ByteString, Inode} from '../file.ts'
import {FileDescription} from '../file-description.ts'
import type {FileSystem} from '../file-system.ts'
import {seekTo} from '../seek.ts'
import {type Changes, WaitQueue} from '../wait-queue.ts'
import {type Entry, type ProcDirectory, ProcNode} from './proc-nodes.ts'

/** Files that epoll cannot watch, as Linux has no poll operation for them: those of processes. */
const UNWATCHED = /^\/\d+\//

/** What reads the text. */
type Read = () => ByteString

interface TextSource {
  /** Called when the file is opened. @throws Errno */
  open: () => Read
  write?: (text: ByteString) => void
  mode?: number
  /** What its content follows, if poll(2) tells of changes. */
  changes?: () => Changes
}

export class ProcText extends ProcNode {
  readonly #source: TextSource

  constructor(source: TextSource, fs: FileSystem, parent: ProcDirectory, name: ByteString) {
    super(S_IFREG, source.mode ?? (source.write === undefined ? 0o444 : 0o644), fs, parent, name)
    this.#source = source
  }

  override open(flags: number): FileDescription {
    const {open, write, changes} = this.#source
    if ((flags & O_ACCMODE) !== O_RDONLY && write === undefined) throw new Errno(EACCES)
    const read = open()
    if (changes !== undefined) return new ChangingTextDescription(this, flags, read, changes())
    return new ProcTextDescription(this, flags, read, write)
  }
}

/** Generated anew whenever it is read from the start, so that one reading is consistent. */
class ProcTextDescription extends FileDescription {
  override readonly waiters = isWatched(this.inode) ? new WaitQueue() : undefined
  readonly #read: Read
  readonly #write: ((text: ByteString) => void) | undefined
  #text: Buffer | undefined

  constructor(inode: Inode, flags: number, read: Read, write: ((text: ByteString) => void) | undefined) {
    super(inode, flags)
    this.#read = read
    this.#write = write
  }

  override read(target: Uint8Array, position?: number): number {
    this.requireReadable()
    const start = position ?? this.position
    if (this.#text === undefined || start === 0) this.#generate()
    const piece = this.#text!.subarray(start, start + target.length)
    target.set(piece)
    if (position === undefined) this.position += piece.length
    return piece.length
  }

  override write(source: Uint8Array, position?: number): number {
    this.requireWritable()
    if (this.#write === undefined) throw new Errno(EINVAL)
    this.#write(Buffer.from(source).toString('latin1'))
    if (position === undefined) this.position += source.length
    return source.length
  }

  override close(): void {
    this.#drop()
  }

  /** @throws Errno ENOMEM */
  #generate(): void {
    this.#drop()
    const text = this.#read()
    this.inode.fs.budget?.take(text.length)
    this.#text = Buffer.from(text, 'latin1')
  }

  #drop(): void {
    this.inode.fs.budget?.give(this.#text?.length ?? 0)
    this.#text = undefined
  }

  override seek(offset: number, whence: number): number {
    if (whence !== SEEK_SET && whence !== SEEK_CUR) throw new Errno(EINVAL)
    this.position = seekTo(offset, whence, this.position, 0)
    return this.position
  }
}

function isWatched(inode: Inode): boolean {
  return inode instanceof ProcNode && !UNWATCHED.test(inode.path)
}

/** Tells each change once, with POLLERR and POLLPRI: man 5 proc_pid_mounts. */
class ChangingTextDescription extends ProcTextDescription {
  override readonly waiters: WaitQueue
  readonly #changes: Changes
  #seen: number

  constructor(inode: Inode, flags: number, read: Read, changes: Changes) {
    super(inode, flags, read, undefined)
    this.waiters = changes.waiters
    this.#changes = changes
    this.#seen = changes.count
  }

  override readiness(): number {
    const {count} = this.#changes
    if (count === this.#seen) return POLLIN
    this.#seen = count
    return POLLIN | POLLERR | POLLPRI
  }
}

export function text(read: Read, write?: (text: ByteString) => void): Entry {
  return textOf({open: () => read, write})
}

/** A text that not everybody may open. @param open checks that, when the file is opened, and finds out whose text it is */
export function guardedText(open: () => Read, mode?: number): Entry {
  return textOf({open, mode})
}

export function changingText(read: Read, changes: () => Changes): Entry {
  return textOf({open: () => read, changes})
}

function textOf(source: TextSource): Entry {
  return {kind: S_IFREG, make: (parent, name) => new ProcText(source, parent.fs, parent, name)}
}

/** One line that never changes. */
export function constant(value: string | number | bigint): Entry {
  return text(() => `${value}\n`)
}
