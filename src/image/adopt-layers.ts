// adoptLayers: gives layers that a jailed process has unpacked the names of what is in them.

import {createHash} from 'node:crypto'
import {
  closeSync,
  constants,
  fchmodSync,
  fsyncSync,
  linkSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  statfsSync,
  truncateSync,
  writeSync,
} from 'node:fs'
import {join} from 'node:path'
import {host} from '../vfs/host-calls.ts'
import {byDigest, LAYER_MODE, layerFiles, layerName} from './layer-files.ts'
import {type Extent, TRAILER_BYTES} from './unpacked-trailer.ts'

const PIECE_BYTES = 1 << 20

/** File systems that no other machine writes: ext4, XFS, Btrfs, F2FS, tmpfs, overlayfs. man 2 statfs */
const LOCAL = new Set([0xef53, 0x58465342, 0x9123683e, 0xf2f52010, 0x01021994, 0x794c7630])

/** What a jailed process has written. */
interface UnpackedFile {
  /** Open for reading. */
  fd: number
  path: string
  size: number
}

interface LayerRange extends Extent {
  start: number
}

/**
 * Those that are what they say. The file may lose its trailer.
 * @param extents what the trailer says
 * @throws system errors
 */
export function adoptLayers(file: UnpackedFile, extents: readonly Extent[], directory: string): void {
  const kept = byDigest(layerFiles(directory))
  const missing = extents.filter(isInFile).filter(({digest}) => !kept.has(digest))
  if (isSettled(file, missing) && link(file, missing, directory)) return
  for (const layer of missing) copy(file, layer, directory)
}

const isInFile = (extent: Extent): extent is LayerRange => extent.start !== undefined

/**
 * Whether the file can be kept as it is. Nobody has it open to write it, and nobody opens it later, as jailed processes have no path to it.
 * There is nothing else in it: that would take room for as long as its layers are kept.
 */
function isSettled({fd, path, size}: UnpackedFile, layers: readonly LayerRange[]): boolean {
  const bytes = layers.reduce((sum, layer) => sum + layer.size, 0)
  const last = layers.at(-1)
  const isFull = last !== undefined && last.start + last.size === bytes && size - bytes <= TRAILER_BYTES
  return isFull && LOCAL.has(statfsSync(path).type) && host.hostIsOpenForWriting(fd) === 0
}

/** @returns whether all of them are what they say, and have their names. @throws system errors */
function link({fd, path}: UnpackedFile, layers: readonly LayerRange[], directory: string): boolean {
  if (layers.some(({digest, start, size}) => hashOf(fd, start, size) !== digest)) return false
  const {start, size} = layers[layers.length - 1]
  truncateSync(path, start + size)
  fchmodSync(fd, LAYER_MODE)
  // After a crash of the host a file with this name must not be half empty.
  fsyncSync(fd)
  return layers.every((layer) => linked(path, join(directory, layerName(layer.digest, layer))))
}

function linked(path: string, name: string): boolean {
  try {
    linkSync(path, name)
    return true
  } catch (error) {
    // Another process was faster; or the file system has no links.
    return (error as NodeJS.ErrnoException).code === 'EEXIST'
  }
}

/** The file's writer may still write: so what is hashed is the copy, as it was written. @throws system errors */
function copy(file: UnpackedFile, {digest, start, size}: LayerRange, directory: string): void {
  const unfinished = join(directory, `copy-${process.pid}-${process.hrtime.bigint()}`)
  const fd = openSync(unfinished, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o600)
  try {
    if (hashOf(file.fd, start, size, fd) !== digest) return
    fchmodSync(fd, LAYER_MODE)
    fsyncSync(fd)
    renameSync(unfinished, join(directory, layerName(digest)))
  } finally {
    closeSync(fd)
    rmSync(unfinished, {force: true})
  }
}

/** @param target takes what is hashed. @returns hexadecimal digits. @throws system errors */
function hashOf(source: number, start: number, size: number, target?: number): string {
  const hash = createHash('sha256')
  const piece = Buffer.allocUnsafeSlow(PIECE_BYTES)
  for (let done = 0; done < size; ) {
    const count = readSync(source, piece, 0, Math.min(piece.length, size - done), start + done)
    if (count === 0) break
    for (let written = 0; target !== undefined && written < count; )
      written += writeSync(target, piece, written, count - written)
    hash.update(piece.subarray(0, count))
    done += count
  }
  return hash.digest('hex')
}
