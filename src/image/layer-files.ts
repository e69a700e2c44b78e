// The files of the cache that hold layers: each name is a digest, and several names may be of one file.

import {lstatSync, readdirSync} from 'node:fs'
import {join} from 'node:path'

const NAME = /^sha256-([0-9a-f]{64})(?:-(\d{1,15})-(\d{1,15}))?$/

/** Of all that is whole. */
export const LAYER_MODE = 0o400

/** A name of the cache: this layer is that part of that file. */
export interface LayerFile {
  name: string
  /** In hexadecimal digits. */
  digest: string
  start: number
  size: number
  /** The file: what is in it may be several layers, with names of their own. */
  ino: number
  fileSize: number
  usedMs: number
}

/** @param range default: the whole file */
export function layerName(digest: string, range?: {start: number; size: number}): string {
  return range === undefined ? `sha256-${digest}` : `sha256-${digest}-${range.start}-${range.size}`
}

export function layerFiles(directory: string): LayerFile[] {
  return readdirSync(directory).flatMap((name) => {
    const [, digest, start, size] = NAME.exec(name) ?? []
    const stat = digest === undefined ? undefined : lstatSync(join(directory, name), {throwIfNoEntry: false})
    if (stat === undefined) return []
    const range =
      start === undefined ? {start: 0, size: stat.size} : {start: Number(start), size: Number(size)}
    return [{name, digest, ...range, ino: stat.ino, fileSize: stat.size, usedMs: stat.mtimeMs}]
  })
}

export function byDigest(files: readonly LayerFile[]): Map<string, LayerFile> {
  return new Map(files.map((file) => [file.digest, file]))
}
