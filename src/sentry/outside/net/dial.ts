// Dial: a connection that the embedder begins: to a TCP listener of the guest, or to a UNIX socket's.

import {ECONNREFUSED, Errno} from '../../../abi/errno.ts'
import {MAY_WRITE, S_IFSOCK} from '../../../abi/file-mode.ts'
import {AF_INET, AF_INET6, AF_UNIX, SOCK_STREAM} from '../../../abi/socket.ts'
import {toByteString} from '../../../vfs/host-calls.ts'
import {resolve} from '../../../vfs/path-walk.ts'
import {checkAccess} from '../../../vfs/permissions.ts'
import type {WaitQueue} from '../../../vfs/wait-queue.ts'
import type {Kernel} from '../../core/kernel.ts'
import {type IpAddress, isIPv4} from '../../net/inet/address.ts'
import type {InetFamily} from '../../net/inet/inet-family.ts'
import {startConnection} from '../../net/inet/tcp/connect.ts'
import {TcpSocket} from '../../net/inet/tcp/tcp-socket.ts'
import type {PeerCredentials, Socket} from '../../net/socket.ts'
import {connectTo} from '../../net/unix/connect.ts'
import type {UnixFamily} from '../../net/unix/unix-family.ts'
import type {UnixSocket} from '../../net/unix/unix-socket.ts'
import type {OwnerFiles} from '../files/owner-files.ts'
import {addressesOf, type GuestEndpoint} from './guest-address.ts'

export interface Dial {
  readonly socket: Socket
  /** Woken when `step` may get further. */
  readonly queue: WaitQueue
  /** @returns whether it is connected; the socket is the caller's from then on @throws Errno ECONNREFUSED …; the socket is closed */
  step(): boolean
  /** Not after `step` has said true. */
  abandon(): void
}

/** @param files walks the guest's tree as its owner may @throws Errno */
export function dial(kernel: Kernel, files: OwnerFiles, to: GuestEndpoint): Dial {
  return 'unix' in to ? new UnixDial(kernel, files, to.unix) : new TcpDial(kernel, to)
}

class TcpDial implements Dial {
  readonly socket: TcpSocket

  /** Of several addresses, the first at which somebody listens. @throws Errno */
  constructor({socketFamilies}: Kernel, {host, port}: Exclude<GuestEndpoint, {unix: string}>) {
    for (const ip of addressesOf(host)) {
      const family = socketFamilies.find(isIPv4(ip) ? AF_INET : AF_INET6) as InetFamily
      const socket = started(family, ip, port)
      if (socket === undefined) continue
      this.socket = socket
      return
    }
    throw new Errno(ECONNREFUSED)
  }

  get queue(): WaitQueue {
    return this.socket.waiters
  }

  step(): boolean {
    const {socket} = this
    if (socket.state === 'connecting') return false
    if (socket.state === 'connected' || socket.state === 'reset') return true
    const error = socket.takeError()
    socket.close()
    throw new Errno(error || ECONNREFUSED)
  }

  abandon(): void {
    this.socket.close()
  }
}

/** @returns undefined: nobody listens there @throws Errno EADDRNOTAVAIL, ENFILE */
function started(family: InetFamily, ip: IpAddress, port: number): TcpSocket | undefined {
  const socket = new TcpSocket(family)
  try {
    if (startConnection(undefined, socket, {ip, port}) !== 'refused') return socket
  } catch (error) {
    socket.close()
    throw error
  }
  socket.close()
  return undefined
}

class UnixDial implements Dial {
  readonly socket: UnixSocket
  readonly #listener: UnixSocket
  readonly #who: PeerCredentials

  /** @throws Errno ENOENT, EACCES, ECONNREFUSED, EPROTOTYPE, ENFILE … */
  constructor({socketFamilies, vfs}: Kernel, files: OwnerFiles, path: string) {
    const family = socketFamilies.find(AF_UNIX) as UnixFamily
    const {ruid: uid, rgid: gid, groups} = files.credentials
    vfs.nextTurn()
    this.#listener = path.startsWith('\0')
      ? family.names.findAbstract(SOCK_STREAM, toByteString(path.slice(1)))
      : listenerAt(family, files, path)
    // As a process of another pid namespace is seen.
    this.#who = {pid: 0, uid, gid, groups}
    this.socket = family.create(SOCK_STREAM, 0)
  }

  get queue(): WaitQueue {
    return this.#listener.room
  }

  step(): boolean {
    try {
      return connectTo(this.socket, this.#listener, this.#who)
    } catch (error) {
      this.socket.close()
      throw error
    }
  }

  abandon(): void {
    this.socket.close()
  }
}

/** @throws Errno */
function listenerAt({names}: UnixFamily, {walk, credentials}: OwnerFiles, path: string): UnixSocket {
  const {inode} = walk.to({path: toByteString(path)}, resolve)
  checkAccess(inode, MAY_WRITE, credentials)
  if (inode.kind !== S_IFSOCK) throw new Errno(ECONNREFUSED)
  return names.findByInode(SOCK_STREAM, inode)
}
