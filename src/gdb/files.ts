// vFile: the files of the target's own tree, to read (gdb's manual, E.7 "Host I/O Packets").

import {EBADF, EINVAL, EMFILE, ENAMETOOLONG, EROFS, Errno} from '../abi/errno.ts'
import type {StatFields} from '../abi/stat.ts'
import {fitting, MAX_PAYLOAD} from './packet.ts'
import type {TargetFile, TargetFiles} from './target.ts'
import {parseBytes, parseCount} from './words.ts'

/** gdb has one or two open at a time. */
const MAX_OPEN = 64
/** `F`, a number, `;`. */
const ANSWER_START = 16
/** gdb's FILEIO_O_ flags: only reading. */
const READ_ONLY = '0'
/** gdb's FILEIO_E numbers are Linux's up to here, except for those that it does not have; 9999 is any other error. */
const KNOWN_ERRORS = new Set([1, 2, 4, 5, 9, 13, 14, 16, 17, 19, 20, 21, 22, 23, 24, 27, 28, 29, 30])
const FILEIO_ENAMETOOLONG = 91
const FILEIO_EUNKNOWN = 9999

/** The files that one gdb has open. */
export class OpenFiles {
  readonly #files: TargetFiles
  readonly #open = new Map<number, TargetFile>()

  constructor(files: TargetFiles) {
    this.#files = files
  }

  /**
   * Does what a packet asks.
   * @param packet `OPERATION:WORDS`, after vFile:
   * @returns the answer, empty when there is no such operation
   */
  answer(packet: string): string {
    const colon = packet.indexOf(':')
    const operation = colon < 0 ? packet : packet.slice(0, colon)
    if (!Object.hasOwn(OPERATIONS, operation)) return ''
    try {
      return OPERATIONS[operation](packet.slice(operation.length + 1).split(','), this.#files, this.#open)
    } catch (error) {
      if (!(error instanceof Errno)) throw error
      return `F-1,${errorNumber(error.code).toString(16)}`
    }
  }

  closeAll(): void {
    for (const file of this.#open.values()) file.close()
    this.#open.clear()
  }
}

type Operation = (words: string[], files: TargetFiles, open: Map<number, TargetFile>) => string

const OPERATIONS: Readonly<Record<string, Operation>> = {
  // All of the target's processes have one tree.
  setfs: ([pid]) => {
    numberOf(pid)
    return 'F0'
  },
  open: ([path, flags], files, open) => {
    if (flags !== READ_ONLY) throw new Errno(EROFS)
    if (open.size >= MAX_OPEN) throw new Errno(EMFILE)
    const file = files.open(pathOf(path))
    let fd = 0
    while (open.has(fd)) fd++
    open.set(fd, file)
    return `F${fd.toString(16)}`
  },
  pread: ([fd, count, offset], _, open) => {
    const length = Math.min(numberOf(count), MAX_PAYLOAD - ANSWER_START)
    return withBytes(fileOf(fd, open).read(offsetOf(offset), length))
  },
  close: ([fd], _, open) => {
    fileOf(fd, open).close()
    open.delete(numberOf(fd))
    return 'F0'
  },
  fstat: ([fd], _, open) => withBytes(structStat(fileOf(fd, open).attributes())),
  stat: ([path], files) => withBytes(structStat(files.attributes(pathOf(path)))),
  readlink: ([path], files) => withBytes(Buffer.from(files.readlink(pathOf(path)), 'latin1')),
}

function numberOf(word: string | undefined): number {
  const number = parseCount(word ?? '')
  if (number === undefined) throw new Errno(EINVAL)
  return number
}

function offsetOf(word: string | undefined): number {
  const offset = /^[0-9a-f]{1,16}$/i.test(word ?? '') ? Number.parseInt(word!, 16) : -1
  if (!Number.isSafeInteger(offset) || offset < 0) throw new Errno(EINVAL)
  return offset
}

/** @returns a byte string */
function pathOf(word: string | undefined): string {
  const path = Buffer.from(parseBytes(word ?? '') ?? []).toString('latin1')
  if (path === '' || path.includes('\0')) throw new Errno(EINVAL)
  return path
}

function fileOf(word: string | undefined, open: ReadonlyMap<number, TargetFile>): TargetFile {
  const file = open.get(numberOf(word))
  if (file === undefined) throw new Errno(EBADF)
  return file
}

/** As many of them as a packet holds: gdb asks for the rest. */
function withBytes(bytes: Uint8Array): string {
  const shown = fitting(bytes, ANSWER_START)
  return `F${shown.length.toString(16)};${shown}`
}

function errorNumber(code: number): number {
  if (code === ENAMETOOLONG) return FILEIO_ENAMETOOLONG
  return KNOWN_ERRORS.has(code) ? code : FILEIO_EUNKNOWN
}

/** gdb's struct stat: big-endian, times in seconds (E.13.10, "struct stat"). */
function structStat(stat: StatFields): Uint8Array {
  const {dev, ino, mode, nlink, uid, gid, rdev, size, blksize, blocks} = stat
  const bytes = new DataView(new ArrayBuffer(64))
  for (const [i, word] of [dev, ino, mode, nlink, uid, gid, rdev].entries()) bytes.setUint32(i * 4, word)
  for (const [i, word] of [size, blksize, blocks].entries()) bytes.setBigUint64(28 + i * 8, BigInt(word))
  for (const [i, time] of [stat.atime, stat.mtime, stat.ctime].entries())
    bytes.setUint32(52 + i * 4, time.seconds)
  return new Uint8Array(bytes.buffer)
}
