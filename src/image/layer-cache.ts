// LayerCache: unpacked layers of images, kept in the user's cache and named by the digest of what is in them.
//
// Only a process that has not read a byte of a guest's calls it. What jailed processes have unpacked lies in files of its own ("unpacked-")
// until the next such process has copied and hashed it: README.md, "Kept layers".

import {
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
} from 'node:fs'
import {join} from 'node:path'
import {cacheDirectory, readOwn, writeWhole} from '../user-cache.ts'
import {toByteString} from '../vfs/host-calls.ts'
import {adoptLayers} from './adopt-layers.ts'
import {FileBytes} from './file-bytes.ts'
import {INDEX_END} from './index-row.ts'
import {byDigest, LAYER_MODE, type LayerFile, layerFiles} from './layer-files.ts'
import {readTrailer, TRAILER_BYTES} from './unpacked-trailer.ts'

/** What all layers may take together; those that were not used for longest go first. */
export const KEPT_BYTES = 2 ** 33
const DIGEST = /^[0-9a-f]{64}$/
const UNPACKED = /^unpacked-([0-9a-f]{64})-/
const INDEXED = /^indexed-([0-9a-f]{64})-/
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

  /** Those of the image's layers that are kept, by digest; undefined: this image was never seen. It counts as used. */
  use(key: string): {layers: Map<string, FileBytes>; isComplete: boolean} | undefined {
    const image = this.#image(key)
    if (image === undefined) return undefined
    this.#touch(`image-${key}`)
    const files = byDigest(layerFiles(this.directory))
    const layers = new Map<string, FileBytes>()
    for (const digest of image.layers) {
      const kept = layers.has(digest) ? undefined : files.get(digest)
      const file = kept && this.#openLayer(kept)
      if (file !== undefined) layers.set(digest, file)
    }
    // None: its first start has not ended well, or another is unpacking it now.
    const isComplete = image.layers.length > 0 && image.layers.every((digest) => layers.has(digest))
    return {layers, isComplete}
  }

  /** What a jailed process has written as the index of the image's tree: it may be a lie. undefined: there is none. */
  openIndex(key: string): FileBytes | undefined {
    return this.#open(`index-${key}`)
  }

  /** A new file for what a jailed process unpacks of the image. @throws the system error of open(2) */
  createUnpacked(key: string, reference: string): number {
    if (this.#image(key) === undefined) this.#writeImage(key, reference, [])
    return this.#create(`unpacked-${key}`)
  }

  /** A new file for the index of the image's tree. @throws the system error of open(2) */
  createIndex(key: string): number {
    return this.#create(`indexed-${key}`)
  }

  #create(name: string): number {
    const path = this.#path(`${name}-${process.pid}-${process.hrtime.bigint()}`)
    return openSync(path, constants.O_RDWR | constants.O_CREAT | constants.O_EXCL, 0o600)
  }

  /** Keeps what is in the files of jailed processes, if it is what they say, and removes these, and what others have left behind. */
  adopt(): void {
    const names = this.#names()
    for (const name of names) {
      const key = UNPACKED.exec(name)?.[1]
      if (key !== undefined) this.#adoptFile(key, this.#path(name))
      const indexedKey = INDEXED.exec(name)?.[1]
      if (indexedKey !== undefined) this.#adoptIndex(indexedKey, this.#path(name))
    }
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
    const layers = layerFiles(this.directory)
    const files = [...new Map(layers.map((layer) => [layer.ino, layer])).values()]
    files.sort((one, other) => one.usedMs - other.usedMs)
    let bytes = files.reduce((sum, {fileSize}) => sum + fileSize, 0)
    const before = bytes
    for (const {ino, fileSize} of files) {
      if (bytes <= mostBytes) break
      for (const layer of layers) if (layer.ino === ino) this.#remove(layer.name)
      bytes -= fileSize
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
      const {size, mtimeMs} = fstatSync(fd)
      if (size > KEPT_BYTES) throw new Error('too much to keep')
      const tail = Buffer.alloc(Math.min(size, TRAILER_BYTES))
      readSync(fd, tail, 0, tail.length, size - tail.length)
      const extents = readTrailer(tail, size)
      if (extents === undefined && Date.now() - mtimeMs < ABANDONED_MS) return
      if (extents !== undefined) adoptLayers({fd, path, size}, extents, this.directory)
      const reference = this.#image(key)?.reference ?? ''
      if (extents !== undefined)
        this.#writeImage(
          key,
          reference,
          extents.map(({digest}) => digest),
        )
      rmSync(path, {force: true})
    } catch {
      // Another process was faster, or the disk is full: it is made again.
      rmSync(path, {force: true})
    } finally {
      if (fd !== undefined) closeSync(fd)
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
      renameSync(path, this.#path(`index-${key}`))
    } catch {
      // Another process was faster.
    } finally {
      if (fd !== undefined) closeSync(fd)
    }
  }

  #openLayer({name, start, size}: LayerFile): FileBytes | undefined {
    const file = this.#open(name)
    if (file === undefined) return undefined
    this.#touch(name)
    return new FileBytes(file.source, start, size)
  }

  #open(name: string): FileBytes | undefined {
    const path = this.#path(name)
    try {
      const fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW)
      return new FileBytes({fd, path: toByteString(path), close: () => closeSync(fd)}, 0, fstatSync(fd).size)
    } catch {
      return undefined
    }
  }

  #touch(name: string): void {
    const now = new Date()
    try {
      utimesSync(this.#path(name), now, now)
    } catch {
      // Then it goes earlier than it should.
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
