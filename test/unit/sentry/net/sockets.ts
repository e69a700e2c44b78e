// Sockets in a table of descriptors, without a task: for tests of what a guest cannot see.

import {ALL_CAPABILITIES} from '../../../../src/abi/capability.ts'
import {S_IFSOCK} from '../../../../src/abi/file-mode.ts'
import {SOCK_STREAM} from '../../../../src/abi/socket.ts'
import type {OpenDescription} from '../../../../src/sentry/core/open-description.ts'
import {FdTable} from '../../../../src/sentry/fd/fd-table.ts'
import type {Author} from '../../../../src/sentry/net/sending.ts'
import {SocketDescription, SocketInode} from '../../../../src/sentry/net/socket-description.ts'
import {SocketFamilies} from '../../../../src/sentry/net/socket-families.ts'
import {joinPair} from '../../../../src/sentry/net/unix/connect.ts'
import {post} from '../../../../src/sentry/net/unix/send.ts'
import {UnixFamily} from '../../../../src/sentry/net/unix/unix-family.ts'
import type {UnixSocket} from '../../../../src/sentry/net/unix/unix-socket.ts'
import {Budget} from '../../../../src/vfs/budget.ts'
import {nativeHost} from '../../../../src/vfs/native-host.ts'
import {VirtualFileSystem} from '../../../../src/vfs/virtual-file-system.ts'

const WHO = {pid: 7, uid: 0, gid: 0}

export class Sockets {
  readonly family: UnixFamily
  readonly budget: Budget
  readonly fds: FdTable
  readonly #vfs = new VirtualFileSystem(nativeHost)
  readonly #fs = new SocketFamilies(this.#vfs, new Budget()).fs

  constructor(budget = new Budget()) {
    this.budget = budget
    this.family = new UnixFamily(this.#vfs.host.random, budget)
    this.fds = new FdTable(budget)
    this.fds.limit = 1 << 20
  }

  /** The two descriptors of a socket pair. */
  pair(type = SOCK_STREAM): [number, number] {
    const [a, b] = [0, 1].map(() => this.family.create(type, 0))
    joinPair(a, b, {...WHO, groups: []})
    const [first, second] = [a, b].map((socket) =>
      this.fds.install(
        new SocketDescription(socket, new SocketInode(this.#fs, this.#fs.takeIno(), S_IFSOCK, WHO), 0),
      ),
    )
    return [first, second]
  }

  socket(fd: number): UnixSocket {
    return this.fds.get(fd).socket as UnixSocket
  }

  description(fd: number): OpenDescription {
    return this.fds.description(fd)
  }

  /** Sends a message to the peer. */
  send(fd: number, bytes: Uint8Array, ...carried: number[]): void {
    const from = this.socket(fd)
    const author: Author = {
      credentials: WHO,
      claimed: undefined,
      descriptions: carried.map((each) => this.description(each)),
      sender: {user: 0, limit: 1024, capabilities: ALL_CAPABILITIES},
    }
    post(from, from.peer!, bytes, author)
  }

  close(...fds: number[]): void {
    for (const fd of fds) this.fds.remove(fd)
  }
}
