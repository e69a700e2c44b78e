// SocketFamilies: a kernel's registry of address families. A family that is not in it is EAFNOSUPPORT.

import {EAFNOSUPPORT, EINVAL, EOPNOTSUPP, Errno} from '../../abi/errno.ts'
import {AF_INET, AF_INET6, AF_MAX, SOCK_MAX} from '../../abi/socket.ts'
import type {Budget} from '../../vfs/budget.ts'
import type {UnmountedFileSystem} from '../../vfs/unmounted.ts'
import type {VirtualFileSystem} from '../../vfs/virtual-file-system.ts'
import type {Task} from '../core/task.ts'
import {takeArrival} from './inet/host/arrivals.ts'
import type {HostConnections} from './inet/host/connections.ts'
import {InetFamily} from './inet/inet-family.ts'
import {InetStack} from './inet/inet-stack.ts'
import {NameServer} from './inet/name-server.ts'
import {TcpSocket} from './inet/tcp/tcp-socket.ts'
import {UdpSocket} from './inet/udp/udp-socket.ts'
import {NetlinkFamily} from './netlink/netlink-family.ts'
import {quietProtocols} from './netlink/quiet-protocols.ts'
import {RouteProtocol} from './netlink/route.ts'
import {SockDiagProtocol} from './netlink/sock-diag.ts'
import {networkTexts} from './proc/network-texts.ts'
import type {Socket, SocketFamily} from './socket.ts'
import {UnixFamily} from './unix/unix-family.ts'

const SOCKFS_MAGIC = 0x534f434b

export class SocketFamilies {
  /** Of sockets' own inodes. */
  readonly fs: UnmountedFileSystem
  readonly inet: InetStack
  /** /proc/net. */
  readonly procTexts: Map<string, () => string>
  /** Its socket wakes it. */
  nameServer: NameServer | undefined
  readonly #byNumber = new Map<number, SocketFamily>()

  constructor(vfs: VirtualFileSystem, budget: Budget) {
    this.fs = vfs.unmounted('sockfs', SOCKFS_MAGIC)
    this.inet = new InetStack(vfs.host, budget)
    this.procTexts = new Map(Object.entries(networkTexts(this.inet)))
    const unix = new UnixFamily(vfs.host.random, budget)
    this.add(unix)
    for (const number of [AF_INET, AF_INET6]) this.add(new InetFamily(number, this.inet))
    this.add(
      new NetlinkFamily(budget, [
        new RouteProtocol(),
        new SockDiagProtocol(this.inet, unix),
        ...quietProtocols,
      ]),
    )
  }

  /** From now on internet sockets reach what is outside of the sandbox. @param refusals takes the names that programs ask for in vain */
  openInternet(connections: HostConnections, refusals: () => (rule: string) => void): void {
    this.inet.hostConnections = connections
    connections.onArrival = (arrival, fd) => takeArrival(this.inet, connections, arrival, fd)
    const family = this.find(AF_INET) as InetFamily
    this.nameServer = new NameServer(new UdpSocket(family), new TcpSocket(family), connections, refusals)
  }

  add(family: SocketFamily): void {
    this.#byNumber.set(family.number, family)
    for (const [name, text] of Object.entries(family.procTexts ?? {})) this.procTexts.set(name, text)
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
