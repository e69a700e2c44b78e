// readIndex: an image's tree from its index, of which only the directories are read that somebody looks into.

import {EIO, Errno} from '../abi/errno.ts'
import {S_IFDIR, S_IFLNK, S_IFMT, S_IFREG} from '../abi/file-mode.ts'
import {attempt} from '../errors.ts'
import type {ArchiveFs} from '../vfs/fs/archive.ts'
import {ArchiveDirectory} from '../vfs/fs/archive-directory.ts'
import {ArchiveFile} from '../vfs/fs/archive-file.ts'
import {ArchiveLink, type ArchiveNode, ArchiveSpecial} from '../vfs/fs/archive-node.ts'
import type {FileBytes} from './file-bytes.ts'
import {
  INDEX_END,
  INDEX_TRAILER_BYTES,
  type IndexedLayer,
  isCount,
  isFileName,
  MAX_INDEX_BYTES,
  type Row,
  unpack,
} from './index-row.ts'

/** As many as a tree may have. A record may be read as several directories', and so without an end. */
const MAX_ENTRIES = 400_000

/**
 * Fills an empty tree. What is wrong with a record shows when it is read: as EIO.
 * @returns whether the index is one of these layers
 */
export function readIndex(index: FileBytes, fs: ArchiveFs, layers: readonly IndexedLayer[]): boolean {
  const trailer = trailerOf(index)
  if (trailer?.digests.join() !== layers.map(({digest}) => digest).join()) return false
  fs.hold(trailer.bytes)
  fs.root.describe(attributesOf(trailer.root))
  new IndexReader(index, fs, layers).fill(fs.root, trailer.root)
  return true
}

function trailerOf(index: FileBytes): {digests: unknown[]; bytes: number; root: Row} | undefined {
  if (index.size > MAX_INDEX_BYTES) return undefined
  const tail = index
    .read(Math.max(0, index.size - INDEX_TRAILER_BYTES), INDEX_TRAILER_BYTES)
    .toString('latin1')
  if (!tail.endsWith(INDEX_END)) return undefined
  const end = tail.length - INDEX_END.length
  const value = parsed(tail.slice(tail.lastIndexOf('\n', end - 1) + 1, end))
  if (!Array.isArray(value)) return undefined
  const [digests, bytes, packed] = value
  const root = unpack(packed)
  if (!Array.isArray(digests) || !isCount(bytes) || root === undefined || !isDirectory(root)) return undefined
  return {digests, bytes, root}
}

class IndexReader {
  readonly #index: FileBytes
  readonly #fs: ArchiveFs
  readonly #layers: readonly IndexedLayer[]
  readonly #links = new Map<number, ArchiveNode>()
  #entries = 0

  constructor(index: FileBytes, fs: ArchiveFs, layers: readonly IndexedLayer[]) {
    this.#index = index
    this.#fs = fs
    this.#layers = layers
  }

  fill(directory: ArchiveDirectory, {rest}: Row): void {
    const [offset, length] = rest as [number, number]
    directory.readLater(() => this.#read(offset, length))
  }

  /** @throws Errno EIO */
  #read(offset: number, length: number): Map<string, ArchiveNode> {
    const bytes = this.#index.read(offset, length)
    const rows = bytes.length === length ? parsed(bytes.toString('latin1')) : undefined
    if (!Array.isArray(rows)) throw new Errno(EIO)
    this.#entries += rows.length
    if (this.#entries > MAX_ENTRIES) throw new Errno(EIO)
    const nodes = new Map<string, ArchiveNode>()
    for (const packed of rows) {
      const row = unpack(packed)
      if (row === undefined || !isFileName(row.name)) throw new Errno(EIO)
      nodes.set(row.name, this.#nodeOf(row))
    }
    return nodes
  }

  #nodeOf(row: Row): ArchiveNode {
    if (isDirectory(row)) {
      const directory = new ArchiveDirectory(this.#fs, attributesOf(row))
      this.fill(directory, row)
      return directory
    }
    const known = this.#links.get(row.link)
    if (known !== undefined) return known
    const node = this.#leafOf(row)
    node.countNames(row.names)
    if (row.link !== 0) this.#links.set(row.link, node)
    return node
  }

  #leafOf(row: Row): ArchiveNode {
    const attributes = attributesOf(row)
    switch (row.mode & S_IFMT) {
      case S_IFREG:
        return new ArchiveFile(this.#fs, attributes, this.#rangeOf(row.rest as [number, number, number]))
      case S_IFLNK:
        return new ArchiveLink(this.#fs, attributes, row.rest[0] as string)
      default:
        return new ArchiveSpecial(this.#fs, attributes, row.rest[0] as number)
    }
  }

  #rangeOf([index, offset, size]: [number, number, number]): ConstructorParameters<typeof ArchiveFile>[2] {
    const bytes = this.#layers[index]?.bytes
    if (bytes === undefined || size > bytes.size - offset) throw new Errno(EIO)
    return {source: bytes.source, start: bytes.start + offset, size}
  }
}

const isDirectory = ({mode}: Row): boolean => (mode & S_IFMT) === S_IFDIR

function attributesOf({
  mode,
  uid,
  gid,
  seconds,
  nanoseconds,
}: Row): ConstructorParameters<typeof ArchiveNode>[1] {
  return {mode, uid, gid, mtime: {seconds, nanoseconds}}
}

/** undefined: it is no JSON. */
const parsed = (text: string): unknown => attempt(() => JSON.parse(text))
