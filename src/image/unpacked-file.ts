// A file that a jailed process fills with the layers of its image; later starts of this image use it as it lies. Its trailer says which
// bytes are which layer: a jailed process writes it, and may lie.

import {fstatSync, readdirSync, readFileSync, readSync} from 'node:fs'
import {join} from 'node:path'
import {nativeHost} from '../vfs/native-host.ts'
import {FileBytes} from './file-bytes.ts'
import {newPath, openKept, touch} from './layer-files.ts'
import {createFile, type RoomFile} from './room.ts'

/** With the image's key. */
export const UNPACKED_NAME = /^unpacked-([0-9a-f]{64})-/

/** What the file says that it holds. */
export interface UnpackedFile {
  /** Of all layers of the image, the lowest first. */
  digests: string[]
  /** Those that are in the file, by digest. */
  layers: Map<string, FileBytes>
}

/** A new one. @throws the system error of open(2) */
export function createUnpacked(directory: string, key: string): RoomFile {
  return {...createFile(newPath(directory, nameOf(key))), directory}
}

/**
 * One that is whole: it has a trailer, nobody can write it, and the host's kernel has run since, so what is not on its disk yet is in
 * its memory. Where the kernel does not tell whether there is a writer, the trailer decides.
 */
export function openUnpacked(directory: string, key: string): UnpackedFile | undefined {
  const start = `${nameOf(key)}-`
  for (const name of readdirSync(directory).filter((each) => each.startsWith(start))) {
    const path = join(directory, name)
    const source = openKept(path)?.source
    if (source === undefined) continue
    const extents =
      nativeHost.files.hostIsOpenForWriting(source.fd) === 1 ? [] : (readTrailer(source.fd) ?? [])
    const layers = extents
      .filter(isInFile)
      .map(({digest, start, size}) => [digest, new FileBytes(source, start, size)] as const)
    if (layers.length > 0) {
      touch(path)
      return {digests: extents.map(({digest}) => digest), layers: new Map(layers)}
    }
    source.close()
  }
  return undefined
}

const nameOf = (key: string): string => `unpacked-${key}-${bootId()}`

/** Of the host's kernel: another one after each start of it. @throws the system error of open(2) */
export const bootId = (): string => readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim()

/** A layer of the image; without `start`, one that is kept already. */
export interface Extent {
  /** Of its bytes: sha256, in hexadecimal digits. */
  digest: string
  start?: number
  size: number
}

/** A layer that is in the file. */
export interface LayerRange extends Extent {
  start: number
}

export const isInFile = (extent: Extent): extent is LayerRange => extent.start !== undefined

export const MARK = '\nhv unpacked these:\n'
/** More than an image's layers take. */
const TRAILER_BYTES = 1 << 16
const LINES = /^(?:[0-9a-f]{64}(?: \d{1,15} \d{1,15})?\n){0,256}$/

export function trailerOf(extents: readonly Extent[]): string {
  const lines = extents.map(({digest, start, size}) =>
    start === undefined ? digest : `${digest} ${start} ${size}`,
  )
  return MARK + lines.map((line) => `${line}\n`).join('')
}

/** @returns undefined: the file has none, or none that a correct writer wrote. @throws the system error of pread(2) */
export function readTrailer(fd: number): Extent[] | undefined {
  const {size: fileSize} = fstatSync(fd)
  const tail = Buffer.alloc(Math.min(fileSize, TRAILER_BYTES))
  readSync(fd, tail, 0, tail.length, fileSize - tail.length)
  const at = tail.lastIndexOf(MARK)
  const text = at < 0 ? undefined : tail.toString('latin1', at + MARK.length)
  if (text === undefined || !LINES.test(text)) return undefined
  const extents = text
    .split('\n')
    .filter(Boolean)
    .map((line): Extent => {
      const [digest, start, size] = line.split(' ')
      return start === undefined ? {digest, size: 0} : {digest, start: Number(start), size: Number(size)}
    })
  return areApart(extents, fileSize) ? extents : undefined
}

/** One after another, and inside of the file: taken together they are no larger than it. */
function areApart(extents: readonly Extent[], fileSize: number): boolean {
  let end = 0
  for (const {start, size} of extents) {
    if (start === undefined) continue
    if (start < end) return false
    end = start + size
  }
  return end <= fileSize
}
