// A row of a tree's index: a file in a directory. Whoever wrote it may have lied: README.md, "Indexes".

import {
  PERMISSION_BITS,
  S_IFBLK,
  S_IFCHR,
  S_IFDIR,
  S_IFIFO,
  S_IFLNK,
  S_IFMT,
  S_IFREG,
} from '../abi/file-mode.ts'
import {MAX_ID} from '../abi/ids.ts'
import type {FileBytes} from './file-bytes.ts'

/** The last bytes of a finished index. */
export const INDEX_END = '\nhv indexed this\n'
/** Larger than what comes after the directories of an image. */
export const INDEX_TRAILER_BYTES = 1 << 16
/** An image that needs more goes without. */
export const MAX_INDEX_BYTES = 2 ** 26

/** A layer of the tree. */
export interface IndexedLayer {
  /** sha256, in hexadecimal digits. */
  digest: string
  bytes: FileBytes
}

export interface Row {
  /** A byte string. */
  name: string
  /** Includes the file type. */
  mode: number
  uid: number
  gid: number
  seconds: number
  nanoseconds: number
  /** Names that lead to it. */
  names: number
  /** What rows of the same file share, if it has several names; otherwise 0. */
  link: number
  /** A directory's record: offset, length. A file's content: layer, offset, length. A link's target. A device's number. */
  rest: readonly unknown[]
}

export type RowTuple = readonly unknown[]

export function pack({rest, name, mode, uid, gid, seconds, nanoseconds, names, link}: Row): RowTuple {
  return [name, mode, uid, gid, seconds, nanoseconds, names, link, ...rest]
}

/** @returns undefined when no correct writer wrote it */
export function unpack(packed: unknown): Row | undefined {
  if (!Array.isArray(packed)) return undefined
  const [name, mode, uid, gid, seconds, nanoseconds, names, link, ...rest] = packed
  const isSane =
    typeof name === 'string' &&
    isCount(mode, S_IFMT | PERMISSION_BITS) &&
    isCount(uid, MAX_ID) &&
    isCount(gid, MAX_ID) &&
    Number.isSafeInteger(seconds) &&
    isCount(nanoseconds, 1e9 - 1) &&
    isCount(names) &&
    isCount(link) &&
    isRestOf(mode & S_IFMT, rest)
  return isSane ? {name, mode, uid, gid, seconds, nanoseconds, names, link, rest} : undefined
}

function isRestOf(kind: number, rest: readonly unknown[]): boolean {
  switch (kind) {
    case S_IFDIR:
      return rest.length === 2 && rest.every((each) => isCount(each))
    case S_IFREG:
      return rest.length === 3 && rest.every((each) => isCount(each))
    case S_IFLNK:
      return rest.length === 1 && typeof rest[0] === 'string' && TARGET.test(rest[0])
    case S_IFCHR:
    case S_IFBLK:
    case S_IFIFO:
      return rest.length === 1 && isCount(rest[0])
    default:
      return false
  }
}

/** Linux's limits: man 7 path_resolution, man 2 symlink. */
const NAME = /^(?!\.{1,2}$)[^/\0\u0100-\uffff]{1,255}$/
const TARGET = /^[\0-\xff]{1,4095}$/

export const isFileName = (name: string): boolean => NAME.test(name)

export function isCount(value: unknown, most = Number.MAX_SAFE_INTEGER): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0 && (value as number) <= most
}
