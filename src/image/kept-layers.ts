// keptLayers: what is kept of an image, and the file for what is not, both opened while paths can be.

import {createHash} from 'node:crypto'
import {lstatSync} from 'node:fs'
import {join} from 'node:path'
import {arch} from '../arch/index.ts'
import {attempt} from '../errors.ts'
import type {FileBytes} from './file-bytes.ts'
import {LayerCache} from './layer-cache.ts'
import type {RoomFile} from './room.ts'

export interface KeptLayers {
  /** By the digest of what is in them: sha256, in hexadecimal digits. */
  layers: ReadonlyMap<string, FileBytes>
  /** Where layers are unpacked that shall be kept; undefined: none shall, or all are. */
  file: RoomFile | undefined
  /** The index of the image's tree; undefined: there is none. */
  index?: FileBytes | undefined
  /** Where one shall be written: an open file. undefined: none shall. */
  newIndex?: number | undefined
}

/**
 * @param path of the image, a folder or an archive
 * @param reference what hv's user called it
 */
export function keptLayers(path: string, tag: string | undefined, reference: string): KeptLayers {
  const none = {layers: new Map<string, FileBytes>(), file: undefined}
  try {
    const cache = LayerCache.open(process.env)
    if (cache === undefined) return none
    const key = keyOf(path, tag)
    const {layers, isComplete} = cache.use(key)
    const index = cache.openIndex(key)
    const newIndex = index === undefined ? cache.createIndex(key) : undefined
    if (isComplete) return {layers, file: undefined, index, newIndex}
    return {layers, file: cache.createUnpacked(key, reference), index, newIndex}
  } catch {
    // The disk is full, or /proc is missing, or `node --permission` forbids it: images run without a cache.
    return none
  }
}

/**
 * Changes whenever the image does: nothing that its maker made is read for it. It only says which layers to open: inside the jail the image
 * itself says which it has.
 */
function keyOf(path: string, tag = ''): string {
  const stat = statOf(join(path, 'index.json')) ?? statOf(join(path, 'manifest.json')) ?? statOf(path)!
  const {dev, ino, size, mtimeNs, ctimeNs} = stat
  const identity = [arch.name, dev, ino, size, mtimeNs, ctimeNs, tag].join('\n')
  return createHash('sha256').update(identity).digest('hex')
}

const statOf = (path: string) => attempt(() => lstatSync(path, {bigint: true}))
