// What a sandbox's owner may ask of the guest's tree: the operations, their answers, and how much one of them holds.

import type {ByteString} from '../../../vfs/file.ts'

/** Bytes of a file, in one question or answer. */
export const PIECE_BYTES = 1 << 20
/** Changes that may wait to be reported, and then come in one answer. */
export const PIECE_CHANGES = 1024
/** Entries of a directory in one answer, and the bytes of their names and targets. */
export const PIECE_ENTRIES = 500
export const PIECE_NAME_BYTES = 1 << 17

/** A path of the guest's. Names, paths and targets here are bytes. */
export interface Place {
  path: ByteString
  /** A directory where `path` starts and stays: none of its links is followed. Absent: `path` is absolute. */
  beneath?: ByteString
}

export type FileOperation =
  | {name: 'read'; at: Place}
  /** `replace`: makes another file under its name, which gets this time at its end. Neither: the same file, cut. */
  | {
      name: 'write'
      at: Place
      isEnd: boolean
      mode?: number
      how?: 'append' | 'replace'
      modifiedMs?: number | undefined
    }
  | {name: 'list'; at: Place}
  | {name: 'stat'; at: Place; follows: boolean}
  | {name: 'make-directory'; at: Place; mode: number; recursive: boolean}
  | {name: 'remove'; at: Place; recursive: boolean}
  | {name: 'rename'; at: Place; to: Place}
  /** These replace anything but a directory. */
  | {name: 'link'; at: Place; to: Place}
  | {name: 'symlink'; at: Place; target: ByteString}
  | {name: 'change'; at: Place; mode: number; modifiedMs: number}
  | {name: 'watch'; at: Place}
  /** The next piece of what has not ended; bytes go along with a write. */
  | {name: 'more'; of: Piecewise; handle: number; isEnd: boolean}
  | {name: 'close'; handle: number}

/** Operations that may take several pieces, with a handle until they end. */
export type Piecewise = 'read' | 'write' | 'list' | 'remove' | 'watch'

export interface FileAnswer {
  /** Nothing is left to ask for, or to write. */
  isEnd: boolean
  /** For `more` and `close`. Absent: that was all. */
  handle?: number
  /** Of a file that is read, as of its opening: some, like those of /proc, say 0. */
  size?: number
  /** Of `list`. */
  entries?: FileEntry[]
  /** Of `watch`, in order, from the second answer on; it waits until there are some. */
  changes?: FoundChange[]
  /** Of `stat`. */
  entry?: FileEntry
}

/** `overflow`: there were too many, and some are not reported. */
export const FILE_CHANGES = ['create', 'write', 'attributes', 'remove', 'overflow'] as const
export type ChangeKind = (typeof FILE_CHANGES)[number]

/** A change whose name is bytes. */
export interface FoundChange {
  kind: ChangeKind
  name?: ByteString
}

/** What has happened to a file, or in a directory. @see {@link SandboxFiles.watch} */
export interface FileChange {
  /** `attributes`: its mode, owner or times; `overflow`: there were too many changes, and some are not reported. */
  kind: ChangeKind
  /** The name of the entry, in a watched directory; absent: it happened to the watched file or directory itself. */
  name?: string
}

export const FILE_KINDS = ['file', 'directory', 'symlink', 'fifo', 'socket', 'device'] as const
export type FileKind = (typeof FILE_KINDS)[number]

export interface FileEntry {
  name: ByteString
  kind: FileKind
  size: number
  /** Permission bits. */
  mode: number
  uid: number
  gid: number
  /** Milliseconds since 1970. */
  modifiedMs: number
  /** A symbolic link's. */
  target?: ByteString
}

/** An answer, with the bytes that go with it. */
export interface FileResult {
  answer: FileAnswer
  bytes?: Uint8Array<ArrayBuffer>
}
