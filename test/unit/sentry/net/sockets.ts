// Sockets in a table of descriptors, without a task: for tests of what a guest cannot see.

import {ALL_CAPABILITIES} from '../../../../src/abi/capability.ts'
import {SOCK_STREAM} from '../../../../src/abi/socket.ts'
import {FdTable, type SharedDescription} from '../../../../src/sentry/fd/fd-table.ts'
import {joinPair} from '../../../../src/sentry/net/connect.ts'
import {makeSocketFile} from '../../../../src/sentry/net/make-socket-file.ts'
import {type Author, post} from '../../../../src/sentry/net/send.ts'
import type {SocketFile} from '../../../../src/sentry/net/socket-file.ts'
import {UnixDomain} from '../../../../src/sentry/net/unix-domain.ts'
import {UnixSocket} from '../../../../src/sentry/net/unix-socket.ts'
import {Budget} from '../../../../src/vfs/budget.ts'
import {nativeHost} from '../../../../src/vfs/native-host.ts'
import {VirtualFileSystem} from '../../../../src/vfs/virtual-file-system.ts'

const WHO = {pid: 7, uid: 0, gid: 0}

export class Sockets {
  readonly domain = new UnixDomain(new VirtualFileSystem(nativeHost))
  readonly budget: Budget
  readonly fds: FdTable

  constructor(budget = new Budget()) {
    this.budget = budget
    this.fds = new FdTable(budget)
    this.fds.limit = 1 << 20
  }

  /** The two descriptors of a socket pair. */
  pair(type = SOCK_STREAM): [number, number] {
    const [a, b] = [0, 1].map(() => new UnixSocket(type, this.domain, this.budget))
    joinPair(a, b, {...WHO, groups: []})
    const [first, second] = [a, b].map((socket) => this.fds.install(makeSocketFile(socket, 0, WHO)))
    return [first, second]
  }

  socket(fd: number): UnixSocket {
    return (this.fds.get(fd) as SocketFile).socket
  }

  description(fd: number): SharedDescription {
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
