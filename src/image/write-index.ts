// writeIndex: what is in which directory of an image's tree, and where in which layer: for starts that then read no header of a layer.
//
// The file has a record for each directory, below before above, and a trailer. Records are JSON of byte strings.

import {ftruncateSync, writeSync} from 'node:fs'
import type {ArchiveFs} from '../vfs/fs/archive.ts'
import {ArchiveDirectory} from '../vfs/fs/archive-directory.ts'
import {ArchiveFile} from '../vfs/fs/archive-file.ts'
import {ArchiveLink, type ArchiveNode} from '../vfs/fs/archive-node.ts'
import {
  INDEX_END,
  INDEX_TRAILER_BYTES,
  type IndexedLayer,
  MAX_INDEX_BYTES,
  pack,
  type RowTuple,
} from './index-row.ts'

/**
 * @param fd of an empty file, which stays empty if the index would be too large
 * @param layers all that the tree's files are in
 * @throws the system error of write(2)
 */
export function writeIndex(fd: number, fs: ArchiveFs, layers: readonly IndexedLayer[]): void {
  const writer = new IndexWriter(fd, layers)
  // Without recursion: a tree may be deeper than a stack.
  const directories = [fs.root]
  for (const directory of directories)
    for (const [, node] of directory.entries()) if (node instanceof ArchiveDirectory) directories.push(node)
  for (const directory of directories.reverse()) writer.addDirectory(directory)
  const trailer = [layers.map(({digest}) => digest), fs.heldBytes, writer.row('', fs.root)]
  const size = writer.add(`\n${JSON.stringify(trailer)}${INDEX_END}`)
  if (size > INDEX_TRAILER_BYTES || writer.size > MAX_INDEX_BYTES) ftruncateSync(fd)
}

class IndexWriter {
  size = 0
  readonly #fd: number
  readonly #layers: readonly IndexedLayer[]
  /** Where the records of directories are. */
  readonly #records = new Map<ArchiveNode, [offset: number, length: number]>()
  readonly #links = new Map<ArchiveNode, number>()

  constructor(fd: number, layers: readonly IndexedLayer[]) {
    this.#fd = fd
    this.#layers = layers
  }

  /** Those in it have been added before. */
  addDirectory(directory: ArchiveDirectory): void {
    if (this.size > MAX_INDEX_BYTES) return
    const offset = this.size
    const rows = Array.from(directory.entries(), ([name, node]) => this.row(name, node))
    this.#records.set(directory, [offset, this.add(JSON.stringify(rows))])
  }

  /** @returns the text's length */
  add(text: string): number {
    const bytes = Buffer.from(text, 'latin1')
    for (let done = 0; done < bytes.length; )
      done += writeSync(this.#fd, bytes, done, bytes.length - done, this.size + done)
    this.size += bytes.length
    return bytes.length
  }

  row(name: string, node: ArchiveNode): RowTuple {
    const {mode, uid, gid, nlink, mtime} = node.attributes()
    const names = node instanceof ArchiveDirectory ? 1 : nlink
    const link = names === 1 ? 0 : this.#linkOf(node)
    const {seconds, nanoseconds} = mtime
    return pack({name, mode, uid, gid, seconds, nanoseconds, names, link, rest: this.#restOf(node)})
  }

  #restOf(node: ArchiveNode): readonly unknown[] {
    if (node instanceof ArchiveDirectory) return this.#records.get(node) ?? []
    if (node instanceof ArchiveFile) return this.#rangeOf(node)
    return [node instanceof ArchiveLink ? node.readlink() : node.rdev]
  }

  #rangeOf({source, start, size}: ArchiveFile): [layer: number, offset: number, length: number] {
    const layer = this.#layers.findIndex(
      ({bytes}) =>
        bytes.source === source && bytes.start <= start && start + size <= bytes.start + bytes.size,
    )
    return [layer, start - this.#layers[layer].bytes.start, size]
  }

  #linkOf(node: ArchiveNode): number {
    const link = this.#links.get(node) ?? this.#links.size + 1
    this.#links.set(node, link)
    return link
  }
}
