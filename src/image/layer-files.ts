// The files of the cache: those that hold layers have digests for names.

import {closeSync, constants, fstatSync, lstatSync, openSync, readdirSync, utimesSync} from 'node:fs'
import {join} from 'node:path'
import {attempt} from '../errors.ts'
import {toByteString} from '../vfs/host-calls.ts'
import {FileBytes} from './file-bytes.ts'

const NAME = /^sha256-([0-9a-f]{64})$/

/** Of all that is whole. */
export const LAYER_MODE = 0o400

export interface LayerFile {
  name: string
  /** In hexadecimal digits. */
  digest: string
  size: number
  usedMs: number
}

export const layerName = (digest: string): string => `sha256-${digest}`

export function layerFiles(directory: string): LayerFile[] {
  return readdirSync(directory).flatMap((name) => {
    const digest = NAME.exec(name)?.[1]
    const stat = digest === undefined ? undefined : lstatSync(join(directory, name), {throwIfNoEntry: false})
    if (digest === undefined || stat === undefined) return []
    return [{name, digest, size: stat.size, usedMs: stat.mtimeMs}]
  })
}

export function byDigest(files: readonly LayerFile[]): Map<string, LayerFile> {
  return new Map(files.map((file) => [file.digest, file]))
}

/** Of a file that is still to be written. */
export function newPath(directory: string, name: string): string {
  return join(directory, `${name}-${process.pid}-${process.hrtime.bigint()}`)
}

/** undefined: it is missing, or a link. */
export function openKept(path: string): FileBytes | undefined {
  return attempt(() => {
    const fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW)
    return new FileBytes({fd, path: toByteString(path), close: () => closeSync(fd)}, 0, fstatSync(fd).size)
  })
}

/** It counts as used. If that fails, it goes earlier than it should. */
export function touch(path: string, usedAt = new Date()): void {
  attempt(() => utimesSync(path, usedAt, usedAt))
}
