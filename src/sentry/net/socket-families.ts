// SocketFamilies: a kernel's registry of address families. A family that is not in it is EAFNOSUPPORT.

import {EAFNOSUPPORT, EINVAL, EOPNOTSUPP, Errno} from '../../abi/errno.ts'
import {AF_MAX, SOCK_MAX} from '../../abi/socket.ts'
import type {Budget} from '../../vfs/budget.ts'
import type {UnmountedFileSystem} from '../../vfs/unmounted.ts'
import type {VirtualFileSystem} from '../../vfs/virtual-file-system.ts'
import type {Task} from '../core/task.ts'
import type {Socket, SocketFamily} from './socket.ts'
import {UnixFamily} from './unix/unix-family.ts'

const SOCKFS_MAGIC = 0x534f434b

export class SocketFamilies {
  /** Of sockets' own inodes. */
  readonly fs: UnmountedFileSystem
  readonly #byNumber = new Map<number, SocketFamily>()

  constructor(vfs: VirtualFileSystem, budget: Budget) {
    this.fs = vfs.unmounted('sockfs', SOCKFS_MAGIC)
    this.add(new UnixFamily(vfs.host.random, budget))
  }

  add(family: SocketFamily): void {
    this.#byNumber.set(family.number, family)
  }

  find(number: number): SocketFamily | undefined {
    return this.#byNumber.get(number)
  }

  /** socket(2). @throws Errno EAFNOSUPPORT, EINVAL, and what the family throws */
  create(number: number, type: number, protocol: number): Socket {
    return this.#get(number, type).create(type, protocol)
  }

  /** socketpair(2). @throws Errno as `create`; EOPNOTSUPP */
  createPair(task: Task, number: number, type: number, protocol: number): [Socket, Socket] {
    const family = this.#get(number, type)
    if (family.createPair !== undefined) return family.createPair(task, type, protocol)
    family.create(type, protocol).close()
    throw new Errno(EOPNOTSUPP)
  }

  /** Checks in Linux's order (net/socket.c). */
  #get(number: number, type: number): SocketFamily {
    const isNumbered = number >= 0 && number < AF_MAX
    if (isNumbered && type >= SOCK_MAX) throw new Errno(EINVAL)
    const family = this.#byNumber.get(number)
    if (family === undefined) throw new Errno(EAFNOSUPPORT)
    return family
  }
}
