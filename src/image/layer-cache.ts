// LayerCache: unpacked layers of images, kept in the user's cache and named by the digest of what is in them.
//
// Only a process that has not read a byte of a guest's calls it. What jailed processes have unpacked lies in files of its own ("unpacked-"),
// of which each is for starts of its image only, until such a process has copied and hashed it: README.md, "Kept layers".

import {
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  fsyncSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs'
import {join} from 'node:path'
import {cacheDirectory, readOwn, writeWhole} from '../user-cache.ts'
import {adoptLayers} from './adopt-layers.ts'
import type {FileBytes} from './file-bytes.ts'
import {INDEX_END} from './index-row.ts'
import {byDigest, LAYER_MODE, layerFiles, newPath, openKept, touch} from './layer-files.ts'
import type {RoomFile} from './room.ts'
import {bootId, createUnpacked, isInFile, openUnpacked, readTrailer, UNPACKED_NAME} from './unpacked-file.ts'

/** What all layers may take together; those that were not used for longest go first. */
export const KEPT_BYTES = 2 ** 33
const DIGEST = /^[0-9a-f]{64}$/
const INDEXED = /^indexed-([0-9a-f]{64})-([0-9a-f-]{36})-/
/** A writer that has not written for so long, and has not finished, is dead. */
const ABANDONED_MS = 10 * 60_000

export interface KeptImage {
  /** As it was given to hv. */
  reference: string
  key: string
  /** Digests of its layers, without `sha256:`; the lowest first. */
  layers: readonly string[]
  bytes: number
  usedAt: Date
}

interface UsedLayers {
  /** By digest. */
  layers: Map<string, FileBytes>
  /** Whether nothing of the image need be unpacked. */
  isComplete: boolean
}

export class LayerCache {
  readonly directory: string

  private constructor(directory: string) {
    this.directory = directory
  }

  /** undefined: there is no directory that is this user's alone. */
  static open(env: NodeJS.ProcessEnv): LayerCache | undefined {
    const directory = cacheDirectory(env, 'hvkit-images')
    if (directory === undefined || (statSync(directory).mode & 0o077) !== 0) return undefined
    return new LayerCache(directory)
  }

  /** Those of the image's layers that are kept. It counts as used. A start that has to unpack first adopts what all others have left. */
  use(key: string): UsedLayers {
    const used = this.#openLayers(key)
    if (used.isComplete && this.#bytes() <= KEPT_BYTES) return used
    for (const source of new Set([...used.layers.values()].map((layer) => layer.source))) source.close()
    this.adopt()
    return this.#openLayers(key)
  }

  #openLayers(key: string): UsedLayers {
    touch(this.#path(`image-${key}`))
    const unpacked = openUnpacked(this.directory, key)
    const digests = unpacked?.digests ?? this.#image(key)?.layers ?? []
    const layers = unpacked?.layers ?? new Map<string, FileBytes>()
    const files = byDigest(layerFiles(this.directory))
    for (const digest of digests) {
      const kept = layers.has(digest) ? undefined : files.get(digest)
      const file = kept && openKept(this.#path(kept.name))
      if (kept === undefined || file === undefined) continue
      touch(this.#path(kept.name))
      layers.set(digest, file)
    }
    // None: its first start has not ended well, or another is unpacking it now.
    const isComplete = digests.length > 0 && digests.every((digest) => layers.has(digest))
    return {layers, isComplete}
  }

  /** What a jailed process has written as the index of the image's tree: it may be a lie. undefined: there is none. */
  openIndex(key: string): FileBytes | undefined {
    this.#adoptIndexes()
    return openKept(this.#path(`index-${key}`))
  }

  /** A new file for what a jailed process unpacks of the image. @throws the system error of open(2) */
  createUnpacked(key: string, reference: string): RoomFile {
    if (this.#image(key) === undefined) this.#writeImage(key, reference, [])
    return createUnpacked(this.directory, key)
  }

  /** A new file for the index of the image's tree. @throws the system error of open(2) */
  createIndex(key: string): number {
    return openSync(newPath(this.directory, `indexed-${key}-${bootId()}`), 'wx+', 0o600)
  }

  /** Keeps what is in the files of jailed processes, if it is what they say, and removes these, and what others have left behind. */
  adopt(): void {
    const names = this.#names()
    for (const name of names) {
      const key = UNPACKED_NAME.exec(name)?.[1]
      if (key !== undefined) this.#adoptFile(key, this.#path(name))
    }
    this.#adoptIndexes()
    for (const name of names) if (this.#isAbandoned(name)) this.#remove(name)
    this.prune(KEPT_BYTES)
  }

  /** Those of which something is kept, or was. */
  images(): KeptImage[] {
    return this.#names().flatMap((name) => {
      const key = /^image-([0-9a-f]{64})$/.exec(name)?.[1]
      const image = key === undefined ? undefined : this.#image(key)
      return image === undefined || image.layers.length === 0 ? [] : [image]
    })
  }

  /** The image, and those of its layers that no other has. */
  remove({key}: KeptImage): void {
    this.#removeImage(key)
    this.#removeOrphans()
  }

  /** Removes files of layers, those first that were not used for longest, until the rest takes so many bytes. @returns the bytes removed */
  prune(mostBytes: number): number {
    const files = layerFiles(this.directory).sort((one, other) => one.usedMs - other.usedMs)
    let bytes = files.reduce((sum, {size}) => sum + size, 0)
    const before = bytes
    for (const {name, size} of files) {
      if (bytes <= mostBytes) break
      this.#remove(name)
      bytes -= size
    }
    if (bytes < before) for (const image of this.images()) if (image.bytes === 0) this.#removeImage(image.key)
    return before - bytes
  }

  #removeImage(key: string): void {
    this.#remove(`image-${key}`)
    this.#remove(`index-${key}`)
  }

  /** A copy or an index that was not finished, or an image of which nothing was kept. */
  #isAbandoned(name: string): boolean {
    if (!/^(copy|indexed|image)-/.test(name) || this.#usedMs(name) > Date.now() - ABANDONED_MS) return false
    return !name.startsWith('image-') || this.#image(name.slice('image-'.length))?.layers.length === 0
  }

  #removeOrphans(): void {
    const wanted = new Set(this.images().flatMap(({layers}) => layers))
    for (const {digest, name} of layerFiles(this.directory)) if (!wanted.has(digest)) this.#remove(name)
  }

  #adoptFile(key: string, path: string): void {
    let fd: number | undefined
    try {
      fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW)
      const {size, mtime} = fstatSync(fd)
      if (size > KEPT_BYTES) throw new Error('too much to keep')
      const extents = readTrailer(fd)
      if (extents === undefined && Date.now() - mtime.getTime() < ABANDONED_MS) return
      if (extents !== undefined) {
        adoptLayers(fd, extents.filter(isInFile), this.directory, mtime)
        const digests = extents.map(({digest}) => digest)
        this.#writeImage(key, this.#image(key)?.reference ?? '', digests)
      }
    } catch {
      // Another process was faster, or the disk is full: it is made again.
    } finally {
      if (fd !== undefined) closeSync(fd)
    }
    rmSync(path, {force: true})
  }

  #adoptIndexes(): void {
    for (const name of this.#names()) {
      const [, key, boot] = INDEXED.exec(name) ?? []
      // Nothing has synced it: if the host has crashed since, it may be torn.
      if (key !== undefined && boot === bootId()) this.#adoptIndex(key, this.#path(name))
    }
  }

  /** It is whole if its end is: then it is this image's, as the process said that read nothing but this image. */
  #adoptIndex(key: string, path: string): void {
    let fd: number | undefined
    try {
      fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW)
      const {size} = fstatSync(fd)
      const end = Buffer.alloc(INDEX_END.length)
      readSync(fd, end, 0, end.length, Math.max(0, size - end.length))
      if (end.toString('latin1') !== INDEX_END) return
      fchmodSync(fd, LAYER_MODE)
      fsyncSync(fd)
      renameSync(path, this.#path(`index-${key}`))
    } catch {
      // Another process was faster.
    } finally {
      if (fd !== undefined) closeSync(fd)
    }
  }

  #image(key: string): KeptImage | undefined {
    const name = `image-${key}`
    const text = readOwn(this.#path(name))?.toString('utf8')
    if (text === undefined) return undefined
    const [reference, ...layers] = text.trimEnd().split('\n')
    const digests = layers.filter((layer) => DIGEST.test(layer))
    const files = byDigest(layerFiles(this.directory))
    const bytes = [...new Set(digests)].reduce((sum, digest) => sum + (files.get(digest)?.size ?? 0), 0)
    return {reference, key, layers: digests, bytes, usedAt: new Date(this.#usedMs(name))}
  }

  #writeImage(key: string, reference: string, layers: readonly string[]): void {
    writeWhole(this.#path(`image-${key}`), [reference.replaceAll('\n', ' '), ...layers, ''].join('\n'), false)
  }

  /** Of all that layers take. */
  #bytes(): number {
    const names = this.#names().filter((name) => /^(sha256|unpacked)-/.test(name))
    return names.reduce(
      (sum, name) => sum + (statSync(this.#path(name), {throwIfNoEntry: false})?.size ?? 0),
      0,
    )
  }

  #usedMs(name: string): number {
    return statSync(this.#path(name), {throwIfNoEntry: false})?.mtimeMs ?? 0
  }

  #remove(name: string): void {
    rmSync(this.#path(name), {force: true})
  }

  #names(): string[] {
    return readdirSync(this.directory)
  }

  #path(name: string): string {
    return join(this.directory, name)
  }
}
