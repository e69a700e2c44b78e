// The files of an image: of an OCI layout or what docker saved, in a folder or a tar archive. Files with a digest are checked against it.

import {createHash} from 'node:crypto'
import {fstatSync, statSync} from 'node:fs'
import {join, posix} from 'node:path'
import type * as v from 'valibot'
import {ENOENT, Errno} from '../abi/errno.ts'
import {O_RDONLY} from '../abi/open-flags.ts'
import {descriptorPath} from '../vfs/descriptor-path.ts'
import type {ArchiveFs} from '../vfs/fs/archive.ts'
import {ArchiveDirectory} from '../vfs/fs/archive-directory.ts'
import {ArchiveFile} from '../vfs/fs/archive-file.ts'
import {ArchiveLink, type ArchiveNode} from '../vfs/fs/archive-node.ts'
import {toByteString} from '../vfs/host-calls.ts'
import {nativeHost} from '../vfs/native-host.ts'
import {badArchive} from './archive-error.ts'
import {FileBytes, openFile} from './file-bytes.ts'
import {type Descriptor, MAX_JSON_BYTES, parseJson} from './oci-schema.ts'
import {readTar} from './open-tar.ts'
import type {Room} from './room.ts'

const HASHED_BYTES = 1 << 20

export interface Layout extends Disposable {
  /** @param names of folders, and of the file. undefined when there is none. @throws HvError */
  open(names: readonly string[]): FileBytes | undefined
  /** The opened file is no longer needed. */
  close(file: FileBytes): void
}

/** A layout that is open, but not read. */
export interface UnreadLayout {
  /** The folder in which it opens its files; undefined for an archive. */
  folder?: number
  /** @param owner owns what it opens, and the room, too. @throws HvError BAD_ARGUMENT, HOST_SYSCALL */
  read(owner: ArchiveFs, room: Room): Promise<Layout>
}

/** @throws HvError BAD_ARGUMENT, HOST_SYSCALL */
export function openLayout(path: string): UnreadLayout {
  if (statSync(path).isDirectory()) {
    const layout = new FolderLayout(path)
    return {folder: layout.fd, read: async () => layout}
  }
  const file = openFile(path)
  return {
    read: async (owner, room) => {
      const archive = await readTar(file, room)
      archive.handOver(owner)
      return new ArchivedLayout(archive)
    },
  }
}

/** Links in it are not followed, and only regular files are opened. */
class FolderLayout implements Layout {
  readonly fd: number
  /** With links resolved; undefined when not known. */
  readonly #path: string | undefined

  constructor(path: string) {
    this.fd = nativeHost.files.hostOpenRoot(toByteString(path))
    if (this.fd < 0) throw badArchive(`it cannot be opened: ${new Errno(-this.fd)}`, 'make it readable')
    this.#path = descriptorPath(this.fd, 'latin1')
  }

  open(names: readonly string[]): FileBytes | undefined {
    const fd = this.#openFile(names.slice(0, -1), names.at(-1) as string)
    if (fd === -ENOENT) return undefined
    const name = names.join('/')
    if (fd < 0) throw badArchive(`${name} cannot be opened: ${new Errno(-fd)}`, 'make it a readable file')
    const stat = fstatSync(fd)
    const path = this.#path && join(this.#path, name)
    if (stat.isFile())
      return new FileBytes({fd, path, close: () => nativeHost.files.hostClose(fd)}, 0, stat.size)
    nativeHost.files.hostClose(fd)
    throw badArchive(`${name} is no file`)
  }

  close({source}: FileBytes): void {
    source.close()
  }

  [Symbol.dispose](): void {
    nativeHost.files.hostClose(this.fd)
  }

  #openFile(folders: readonly string[], name: string): number {
    let fd = this.fd
    for (const folder of folders) {
      const next = nativeHost.files.hostOpenDirectory(fd, folder)
      if (fd !== this.fd) nativeHost.files.hostClose(fd)
      if (next < 0) return next
      fd = next
    }
    const file = nativeHost.files.hostOpen(fd, name, O_RDONLY, 0)
    if (fd !== this.fd) nativeHost.files.hostClose(fd)
    return file
  }
}

class ArchivedLayout implements Layout {
  readonly #archive: ArchiveFs

  constructor(archive: ArchiveFs) {
    this.#archive = archive
  }

  open(names: readonly string[]): FileBytes | undefined {
    let node = this.#find(names)
    // `docker save` wrote equal layers once: the others are `../ID/layer.tar`.
    if (node instanceof ArchiveLink) node = this.#find(targetOf(names, node.readlink()))
    if (node === undefined) return undefined
    if (!(node instanceof ArchiveFile)) throw badArchive(`${names.join('/')} is no file`)
    return new FileBytes(node.source, node.start, node.size)
  }

  #find(names: readonly string[]): ArchiveNode | undefined {
    let node: ArchiveNode | undefined = this.#archive.root
    for (const name of names) node = node instanceof ArchiveDirectory ? node.find(name) : undefined
    return node
  }

  close(): void {}

  [Symbol.dispose](): void {}
}

/** The names that a relative link leads to; above the root there are none. */
function targetOf(names: readonly string[], target: string): string[] {
  return posix
    .join('/', ...names.slice(0, -1), target)
    .split('/')
    .filter(Boolean)
}

/** @throws HvError BAD_ARGUMENT when it is missing, or does not match its digest */
export function openBlob(layout: Layout, {digest, size}: Descriptor): FileBytes {
  const [algorithm, hex] = digest.split(':')
  const file = layout.open(['blobs', algorithm, hex])
  if (file === undefined) throw badArchive(`it lacks ${digest}`, 'copy the whole image, e.g. by skopeo')
  try {
    if (file.size !== size || hashOf(file, algorithm) !== hex)
      throw badArchive(`${digest} is damaged: its content has another digest`, 'copy the image anew')
    return file
  } catch (error) {
    layout.close(file)
    throw error
  }
}

/** Of all its content, in hexadecimal digits. */
export function hashOf(file: FileBytes, algorithm: string): string {
  const hash = createHash(algorithm)
  for (let at = 0; at < file.size; ) {
    const piece = file.read(at, HASHED_BYTES)
    if (piece.length === 0) break
    hash.update(piece)
    at += piece.length
  }
  return hash.digest('hex')
}

/** A small file, checked. @param name for messages @throws HvError BAD_ARGUMENT */
export function readJson<const Schema extends v.GenericSchema>(
  schema: Schema,
  layout: Layout,
  file: FileBytes,
  name: string,
): v.InferOutput<Schema> {
  try {
    if (file.size > MAX_JSON_BYTES) throw badArchive(`${name} is larger than ${MAX_JSON_BYTES} bytes`)
    return parseJson(schema, file.read(0, file.size), name)
  } finally {
    layout.close(file)
  }
}
