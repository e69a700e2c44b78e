// UnixNames: which socket a name leads to: abstract names, and inodes made by bind(2).

import {EADDRINUSE, ECONNREFUSED, ENOSPC, EPROTOTYPE, Errno} from '../../../abi/errno.ts'
import type {ByteString, Inode} from '../../../vfs/file.ts'
import type {HostRandom} from '../../../vfs/host.ts'
import type {UnixSocket} from './unix-socket.ts'

/** Names of five hexadecimal digits that bind(2) can choose from. */
const CHOICES = 0x100000

export class UnixNames {
  /** Each type has its own names. */
  readonly #abstract = new Map<string, UnixSocket>()
  readonly #byInode = new Map<Inode | string, UnixSocket>()
  #nextChoice: number

  constructor(random: HostRandom) {
    const bytes = random.fill(new Uint8Array(4))
    this.#nextChoice = new DataView(bytes.buffer).getUint32(0) % CHOICES
  }

  /** @throws Errno EADDRINUSE */
  bindAbstract(socket: UnixSocket, name: ByteString): void {
    const key = keyOf(socket.type, name)
    if (this.#abstract.has(key)) throw new Errno(EADDRINUSE)
    this.#abstract.set(key, socket)
    socket.address = {kind: 'abstract', bytes: name}
  }

  /** Binds a name of the kernel's choice. @throws Errno ENOSPC */
  bindAny(socket: UnixSocket): void {
    for (let tries = 0; tries < CHOICES; tries++) {
      const name = this.#nextChoice.toString(16).padStart(5, '0')
      this.#nextChoice = (this.#nextChoice + 1) % CHOICES
      if (this.#abstract.has(keyOf(socket.type, name))) continue
      this.bindAbstract(socket, name)
      return
    }
    throw new Errno(ENOSPC)
  }

  /** The inode was made for the socket, and is held until the socket is gone. @throws Errno ENFILE, ENOENT, ESTALE */
  bindInode(socket: UnixSocket, path: ByteString, inode: Inode): void {
    inode.pin?.()
    inode.hold?.()
    this.#byInode.set(keyOfInode(inode), socket)
    socket.boundInode = inode
    socket.address = {kind: 'path', bytes: path}
  }

  /** @throws Errno ECONNREFUSED */
  findAbstract(type: number, name: ByteString): UnixSocket {
    const socket = this.#abstract.get(keyOf(type, name))
    if (socket === undefined) throw new Errno(ECONNREFUSED)
    return socket
  }

  /** @throws Errno ECONNREFUSED, EPROTOTYPE */
  findByInode(type: number, inode: Inode): UnixSocket {
    const socket = this.#byInode.get(keyOfInode(inode))
    if (socket === undefined) throw new Errno(ECONNREFUSED)
    if (socket.type !== type) throw new Errno(EPROTOTYPE)
    return socket
  }

  /** The socket is gone; its inode stays in the tree. */
  forget(socket: UnixSocket): void {
    const {address, boundInode} = socket
    if (address?.kind === 'abstract') {
      const key = keyOf(socket.type, address.bytes)
      // A socket from accept(2) has its listener's name, but is not found by it.
      if (this.#abstract.get(key) === socket) this.#abstract.delete(key)
    }
    if (boundInode === undefined) return
    this.#byInode.delete(keyOfInode(boundInode))
    socket.boundInode = undefined
    boundInode.letGo?.()
    boundInode.unpin?.()
  }
}

const keyOfInode = (inode: Inode): Inode | string => inode.identity ?? inode
const keyOf = (type: number, name: ByteString): string => `${type}:${name}`
