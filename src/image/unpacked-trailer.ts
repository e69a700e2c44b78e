// The trailer of a file in which layers were unpacked: which bytes are which layer. A jailed process writes it, and may lie.

import {fstatSync, readSync} from 'node:fs'

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
