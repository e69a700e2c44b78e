// Nodes: the files of a share that a machine's kernel knows, by number. Lookups are counted; a file is released when all are forgotten.

import {ENFILE, ENOENT, Errno, ESTALE} from '../../abi/errno.ts'
import type {Attributes, Inode} from '../../vfs/file.ts'
import type {Location} from '../../vfs/location.ts'
import {SharedFile} from '../share/shared-file.ts'
import {ROOT_ID} from './messages.ts'

/** The most names kept for one file: the last ones that it was found by. */
const MOST_NAMES = 16

/** A file, with all names that it was found by: for the machine's kernel they are one file, with one page cache. */
export class Node {
  readonly id: number
  /** Differs from that of every other file that lives at the same time or was born at another. */
  identity = ''
  lookups = 0
  /** The newest name comes last. */
  readonly files: SharedFile[] = []

  constructor(id: number) {
    this.id = id
  }

  /** The file as its newest name that still leads to it finds it. @throws Errno ENOENT, ESTALE when none does */
  get file(): SharedFile {
    for (let i = this.files.length - 1; i > 0; i--) {
      const file = this.files[i]
      if (isThere(file)) return file
    }
    return this.files[0]
  }

  get location(): Location {
    return this.file.location
  }

  is({dev, ino}: Attributes): boolean {
    const [file] = this.files
    return file.dev === dev && file.ino === ino
  }
}

export class Nodes {
  readonly #root: Node
  readonly #byId = new Map<number, Node>()
  readonly #byInode = new Map<Inode, Node>()
  readonly #byIdentity = new Map<string, Node>()
  readonly #most: number
  /** Names of all files together: for each, the vfs keeps an object. */
  #names = 0
  #lastId = ROOT_ID

  /** @param most names */
  constructor(root: Location, most: number) {
    this.#root = new Node(ROOT_ID)
    this.#root.files.push(new SharedFile(root, root.inode.attributes()))
    this.#most = most
  }

  get size(): number {
    return this.#byId.size
  }

  /** @throws Errno ESTALE when there is no such number */
  get(id: number): Node {
    const node = id === ROOT_ID ? this.#root : this.#byId.get(id)
    if (node === undefined) throw new Errno(ESTALE)
    return node
  }

  /** Counts a lookup of a file. @throws Errno ENFILE */
  remember(location: Location, attributes: Attributes): Node {
    const node = this.#known(location, attributes) ?? this.#make(attributes)
    this.#addName(node, location, attributes)
    node.lookups++
    return node
  }

  /** The root stays; an unknown number was forgotten before. */
  forget(id: number, lookups: number): void {
    const node = this.#byId.get(id)
    if (node === undefined) return
    node.lookups -= lookups
    if (node.lookups <= 0) this.#remove(node)
  }

  clear(): void {
    for (const node of [...this.#byId.values()]) this.#remove(node)
  }

  /** Found by the name's inode object, which the vfs keeps while it is held; otherwise, for another name of the file, by identity. */
  #known({inode}: Location, attributes: Attributes): Node | undefined {
    const node = this.#byInode.get(inode)
    if (node === undefined || !node.is(attributes)) return this.#byIdentity.get(identityOf(attributes))
    // When an overlay copies a file, its birth time changes.
    this.#identify(node, identityOf(attributes))
    return node
  }

  /** @throws Errno ENFILE */
  requireRoom(): void {
    if (this.#names >= this.#most) throw new Errno(ENFILE)
  }

  #make(attributes: Attributes): Node {
    this.requireRoom()
    const node = new Node(++this.#lastId)
    this.#byId.set(node.id, node)
    this.#identify(node, identityOf(attributes))
    return node
  }

  #identify(node: Node, identity: string): void {
    if (node.identity === identity) return
    this.#dropIdentity(node)
    node.identity = identity
    this.#byIdentity.set(identity, node)
  }

  #dropIdentity(node: Node): void {
    if (this.#byIdentity.get(node.identity) === node) this.#byIdentity.delete(node.identity)
  }

  #addName(node: Node, location: Location, attributes: Attributes): void {
    const {files} = node
    const known = files.findIndex((file) => file.location.inode === location.inode)
    location.inode.hold?.()
    files.push(new SharedFile(location, attributes))
    this.#byInode.set(location.inode, node)
    this.#names++
    if (known >= 0) this.#letGo(files.splice(known, 1))
    else if (files.length > MOST_NAMES || this.#names > this.#most) this.#dropOldest(node, 1)
  }

  #dropOldest(node: Node, count: number): void {
    const gone = node.files.splice(0, count)
    for (const {location} of gone)
      if (this.#byInode.get(location.inode) === node) this.#byInode.delete(location.inode)
    this.#letGo(gone)
  }

  #letGo(gone: readonly SharedFile[]): void {
    this.#names -= gone.length
    for (const {location} of gone) location.inode.letGo?.()
  }

  #remove(node: Node): void {
    this.#byId.delete(node.id)
    this.#dropIdentity(node)
    this.#dropOldest(node, node.files.length)
  }
}

function isThere(file: SharedFile): boolean {
  try {
    file.attributes()
    return true
  } catch (error) {
    if (error instanceof Errno && (error.code === ENOENT || error.code === ESTALE)) return false
    throw error
  }
}

/** Inode numbers are reused, but by files that are born later. */
function identityOf({dev, ino, btime}: Attributes): string {
  return `${dev} ${ino} ${btime.seconds} ${btime.nanoseconds}`
}
