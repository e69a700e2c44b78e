// Session: a machine's state on a share between two requests: the files that it knows, and those that it has open.

import {EBADF, ENFILE, Errno} from '../../abi/errno.ts'
import type {Attributes, FileDescription} from '../../vfs/file.ts'
import type {Location} from '../../vfs/location.ts'
import type {PathContext} from '../../vfs/path-walk.ts'
import {FileNumbers} from '../share/file-numbers.ts'
import {contextOf} from '../share/shared-file.ts'
import {type Node, Nodes} from './nodes.ts'
import type {Reply} from './reply.ts'
import type {Request} from './request.ts'

export interface Limits {
  /** Names of files that the machine knows at a time: Linux knows all that are in its caches. Default: 131,072. */
  nodes?: number
  /** Open files and directories at a time; each is a descriptor of this process. Default: 4,096. */
  openFiles?: number
}

/** Answers one kind of request: decodes, delegates, encodes. @throws Errno, which becomes the answer */
export type Call = (session: Session, request: Request, reply: Reply) => void

const MAX_NODES = 1 << 17
const MAX_OPEN_FILES = 1 << 12
/** How long a machine's kernel trusts what it was told: changes by the host may take that long to be seen. */
const VALID_S = 1
const ATTRIBUTES_BYTES = 88

export class Session {
  readonly root: Location
  readonly nodes: Nodes
  readonly handles: Handles
  /** INIT was answered. */
  isStarted = false
  readonly #numbers = new FileNumbers()

  constructor(root: Location, {nodes, openFiles}: Limits) {
    this.root = root
    this.nodes = new Nodes(root, nodes ?? MAX_NODES)
    this.handles = new Handles(openFiles ?? MAX_OPEN_FILES)
  }

  /** The machine starts anew. */
  reset(): void {
    this.isStarted = false
    this.handles.clear()
    this.nodes.clear()
  }

  /** The file that a request is about. @throws Errno ESTALE */
  nodeOf(request: Request): Node {
    return this.nodes.get(request.nodeId)
  }

  /** New files belong to the user that asks. */
  contextOf({uid, gid}: Request): PathContext {
    return contextOf(this.root, uid, gid)
  }

  /** struct fuse_entry_out, for a file just found or made; counts as a lookup. @throws Errno ENFILE */
  writeEntry(reply: Reply, location: Location): void {
    const attributes = location.inode.attributes()
    const node = this.nodes.remember(location, attributes)
    reply.uint64(node.id)
    // The generation: no node number is used twice.
    reply.uint64(0)
    reply.uint64(VALID_S)
    reply.uint64(VALID_S)
    reply.uint64(0)
    this.#writeStat(reply, attributes)
  }

  /** The same in a listing, for an entry without attributes. */
  writeNoEntry(reply: Reply): void {
    reply.zeroes(40 + ATTRIBUTES_BYTES)
  }

  /** struct fuse_attr_out. */
  writeAttributes(reply: Reply, attributes: Attributes): void {
    reply.uint64(VALID_S)
    reply.uint64(0)
    this.#writeStat(reply, attributes)
  }

  writeNumber(reply: Reply, dev: number, ino: number): void {
    this.#numbers.write(reply, dev, ino)
  }

  /** struct fuse_attr. */
  #writeStat(reply: Reply, attributes: Attributes): void {
    const {mode, nlink, uid, gid, rdev, size, blksize, blocks, atime, mtime, ctime} = attributes
    this.#numbers.write(reply, attributes.dev, attributes.ino)
    for (const each of [size, blocks, atime.seconds, mtime.seconds, ctime.seconds]) reply.uint64(each)
    for (const {nanoseconds} of [atime, mtime, ctime]) reply.uint32(nanoseconds)
    for (const each of [mode, nlink, uid, gid, rdev, blksize]) reply.uint32(each)
    reply.uint32(0)
  }
}

/** The files and directories that the machine has open, by the numbers that it was given. */
class Handles {
  readonly #files = new Map<number, FileDescription>()
  readonly #most: number
  #last = 0

  constructor(most: number) {
    this.#most = most
  }

  /** @throws Errno EBADF */
  get(number: number): FileDescription {
    const file = this.#files.get(number)
    if (file === undefined) throw new Errno(EBADF)
    return file
  }

  /** @throws Errno ENFILE */
  requireRoom(): void {
    if (this.#files.size >= this.#most) throw new Errno(ENFILE)
  }

  /** Precondition: requireRoom. @returns the file's number */
  add(file: FileDescription): number {
    // A file without a name lives as long as it is open, whatever the machine forgets.
    file.inode.hold?.()
    this.#files.set(++this.#last, file)
    return this.#last
  }

  /** @throws Errno EBADF */
  close(number: number): void {
    const file = this.get(number)
    this.#files.delete(number)
    file.close()
    file.inode.letGo?.()
  }

  clear(): void {
    for (const number of [...this.#files.keys()]) this.close(number)
  }
}
