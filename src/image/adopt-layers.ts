// adoptLayers: copies layers that a jailed process has unpacked into files that have the names of what is in them.

import {createHash} from 'node:crypto'
import {
  closeSync,
  constants,
  fchmodSync,
  fsyncSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs'
import {join} from 'node:path'
import {byDigest, LAYER_MODE, layerFiles, layerName, newPath, touch} from './layer-files.ts'
import type {LayerRange} from './unpacked-file.ts'

const PIECE_BYTES = 1 << 20

/**
 * Those that are what they say.
 * @param source a file that a jailed process has written, open for reading
 * @param layers what its trailer says
 * @param usedAt when they were used last
 * @throws system errors
 */
export function adoptLayers(
  source: number,
  layers: readonly LayerRange[],
  directory: string,
  usedAt: Date,
): void {
  const kept = byDigest(layerFiles(directory))
  for (const layer of layers) if (!kept.has(layer.digest)) copy(source, layer, directory, usedAt)
}

/** The file's writer may still write: so what is hashed is the copy, as it was written. @throws system errors */
function copy(source: number, {digest, start, size}: LayerRange, directory: string, usedAt: Date): void {
  const unfinished = newPath(directory, 'copy')
  const path = join(directory, layerName(digest))
  const fd = openSync(unfinished, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o600)
  try {
    if (copyAndHash(source, start, size, fd) !== digest) return
    fchmodSync(fd, LAYER_MODE)
    // After a crash of the host a file with this name must not be half empty.
    fsyncSync(fd)
    renameSync(unfinished, path)
    touch(path, usedAt)
  } finally {
    closeSync(fd)
    rmSync(unfinished, {force: true})
  }
}

/** @returns the hash of what was written, in hexadecimal digits. @throws system errors */
function copyAndHash(source: number, start: number, size: number, target: number): string {
  const hash = createHash('sha256')
  const piece = Buffer.allocUnsafeSlow(PIECE_BYTES)
  for (let done = 0; done < size; ) {
    const count = readSync(source, piece, 0, Math.min(piece.length, size - done), start + done)
    if (count === 0) break
    for (let written = 0; written < count; ) written += writeSync(target, piece, written, count - written)
    hash.update(piece.subarray(0, count))
    done += count
  }
  return hash.digest('hex')
}
