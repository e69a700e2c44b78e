// InetSocket: what TCP and UDP sockets share: their two endpoints, options and error: ip(7).

import {CAP_NET_BIND_SERVICE, hasCapability} from '../../../abi/capability.ts'
import {EACCES, EADDRNOTAVAIL, EINVAL, ENFILE, ENOPROTOOPT, EOPNOTSUPP, Errno} from '../../../abi/errno.ts'
import {FIRST_UNPRIVILEGED_PORT, IP_BIND_ADDRESS_NO_PORT, SOL_IP, SOL_IPV6} from '../../../abi/inet.ts'
import {AF_INET, AF_INET6, SO_REUSEADDR, SOL_SOCKET} from '../../../abi/socket.ts'
import {type Budget, COST} from '../../../vfs/budget.ts'
import type {Inode, IoctlMemory} from '../../../vfs/file.ts'
import {WaitQueue} from '../../../vfs/wait-queue.ts'
import type {Task} from '../../core/task.ts'
import type {Traffic} from '../../core/traffic.ts'
import {askInternetInterface} from '../interfaces.ts'
import type {Reading} from '../reading.ts'
import type {Sending} from '../sending.ts'
import type {Socket} from '../socket.ts'
import {SocketOptions, SWITCHES} from '../socket-options.ts'
import {
  ANY,
  ANY6,
  decodeBound,
  type Endpoint,
  encodeEndpoint,
  type IpAddress,
  isAny,
  isGroup,
  isIPv4,
  isLoopback,
  isMulticast,
  sourceOf,
} from './address.ts'
import type {InetStack, InternetProtocol} from './inet-stack.ts'
import {interfaceOption, setInterfaceOption} from './interface-options.ts'
import {bindsAnywhere, ipOption, setIpOption} from './ip-options.ts'
import type {Memberships} from './memberships.ts'
import {intBytes, intOf, KeptOptions} from './options.ts'
import type {PortTable} from './port-table.ts'

export abstract class InetSocket implements Socket {
  abstract readonly type: number
  abstract readonly protocol: number
  abstract readonly isStream: boolean
  abstract readonly isListening: boolean
  abstract readonly ports: PortTable
  /** The multicast groups that it has joined; absent: it can join none. */
  readonly groups?: Memberships
  readonly family: InternetProtocol
  readonly stack: InetStack
  readonly budget: Budget
  readonly options = new SocketOptions()
  readonly kept = new KeptOptions()
  readonly waiters = new WaitQueue()
  inode: Inode | undefined
  /** Undefined: no program has it yet. */
  traffic: Traffic | undefined
  /** Port 0: it is not bound. */
  local: Endpoint
  /** The port of a TCP socket that has given it back: getsockname(2) shows it still. inet_sport in Linux. */
  #lastPort = 0
  remote: Endpoint | undefined
  error = 0
  isDead = false
  /** RCV_SHUTDOWN, SEND_SHUTDOWN. */
  shutdown = 0
  /** SO_REUSEPORT, by one user's sockets alone. */
  reusesPort = false
  /** The effective user who made it. */
  uid = 0
  /** The process that bound it, or made it listen, last; 0: none of the guest. */
  pid = 0
  /** The embedder listens: who is bound to all addresses is not in its way. */
  isService = false
  /** IPV6_V6ONLY. */
  isIPv6Only = false
  /** SO_BINDTODEVICE: an interface's index, or 0. */
  boundInterface = 0
  /** SO_TIMESTAMP, SO_TIMESTAMPNS …, or 0. */
  timestampOption = 0
  /** SO_RXQ_OVFL. */
  tellsLost = false
  /** bind(2) has once chosen the address, the port: they stay when a connection ends. SOCK_BINDADDR_LOCK, SOCK_BINDPORT_LOCK in Linux. */
  #isAddressChosen = false
  #isPortChosen = false

  /** @throws Errno ENFILE */
  constructor(family: InternetProtocol) {
    family.stack.budget.take(COST.socket, ENFILE)
    this.family = family
    this.stack = family.stack
    this.budget = family.stack.budget
    this.local = {ip: this.anyAddress, port: 0}
  }

  get anyAddress(): IpAddress {
    return this.family.number === AF_INET ? ANY : ANY6
  }

  get reusesAddress(): boolean {
    return this.options.isOn(SO_REUSEADDR)
  }

  /** It cannot be bound. */
  protected get isConnected(): boolean {
    return this.remote !== undefined
  }

  /** A connection that was accepted counts from now on. */
  chargeTo(traffic: Traffic): void {
    this.traffic = traffic
    if (this.isStream && this.remote !== undefined) traffic.connections++
  }

  noteConnection(): void {
    if (this.traffic !== undefined) this.traffic.connections++
  }

  noteSent(bytes: number): void {
    if (this.traffic !== undefined) this.traffic.sentBytes += bytes
  }

  noteReceived(bytes: number): void {
    if (this.traffic !== undefined) this.traffic.receivedBytes += bytes
  }

  abstract readiness(): number
  abstract connect(
    task: Task,
    address: Uint8Array,
    mayWait: boolean,
    expired: boolean,
  ): readonly WaitQueue[] | undefined
  abstract listen(task: Task, backlog: number): void
  abstract accept(mayWait: boolean): Socket | undefined
  abstract shutDown(how: number): void
  abstract send(sending: Sending): readonly WaitQueue[] | undefined
  abstract receive(reading: Reading): boolean
  abstract read(target: Uint8Array, flags: number): number
  abstract write(source: Uint8Array): number
  /** FIONREAD: bytes that wait. */
  abstract readonly receivableBytes: number
  /** TIOCOUTQ: bytes that nobody has received. */
  abstract readonly unsentBytes: number

  /** inet_bind, inet6_bind in Linux: checks in their order. */
  bind(task: Task, address: Uint8Array): void {
    const {number} = this.family
    const {ip, port} = decodeBound(address, number, this.isIPv6Only)
    if (number === AF_INET) this.#checkLocal(ip)
    else if (this.isStream && isMulticast(ip)) throw new Errno(EINVAL)
    if (
      port !== 0 &&
      port < FIRST_UNPRIVILEGED_PORT &&
      !hasCapability(task.credentials.capabilities, CAP_NET_BIND_SERVICE)
    )
      throw new Errno(EACCES)
    if (this.local.port !== 0 || this.isConnected || this.isListening) throw new Errno(EINVAL)
    this.#checkLocal(ip)
    this.#belongTo(task)
    const isLater = port === 0 && this.kept.isOn(SOL_IP, IP_BIND_ADDRESS_NO_PORT)
    // Linux forgets the address when it refuses the port.
    this.local = {ip: this.anyAddress, port: 0}
    this.local = {ip, port: isLater ? 0 : this.ports.bind(this, ip, port)}
    this.remote = undefined
    this.#lastPort = 0
    // An address of its own closes an IPv6 socket to IPv4.
    if (!isIPv4(ip) && !isAny(ip)) this.isIPv6Only = true
    this.#isAddressChosen ||= ip !== this.anyAddress
    this.#isPortChosen ||= port !== 0
  }

  /** @throws Errno EADDRNOTAVAIL */
  #checkLocal(ip: IpAddress): void {
    if (isAny(ip) || isLoopback(ip) || isGroup(ip) || bindsAnywhere(this)) return
    throw new Errno(EADDRNOTAVAIL)
  }

  #belongTo({process, credentials}: Task): void {
    this.pid = process.pid
    this.uid = credentials.euid
  }

  /** What a connection has from its listener. */
  inherit(listener: InetSocket): void {
    const {options, kept, isIPv6Only, reusesPort, boundInterface, uid} = listener
    this.kept.inherit(kept)
    Object.assign(this.options, options, {priority: 0})
    for (const option of SWITCHES) this.options.turn(option, options.isOn(option))
    Object.assign(this, {isIPv6Only, reusesPort, boundInterface, uid})
    this.#isAddressChosen = listener.#isAddressChosen
  }

  /** Where a datagram or connection for `ip` goes out from. @throws Errno EADDRINUSE */
  chooseLocal(task: Task | undefined, ip: IpAddress): void {
    if (task !== undefined && this.local.port === 0) this.#belongTo(task)
    const port = this.local.port || this.ports.bind(this, this.local.ip, 0)
    this.local = {ip: sourceOf(this.local.ip, ip), port}
  }

  /** Only a port: the socket stays open to all addresses. @throws Errno EADDRINUSE */
  bindAny(task: Task): void {
    if (this.local.port !== 0) return
    this.#belongTo(task)
    this.local = {ip: this.local.ip, port: this.ports.bind(this, this.local.ip, 0)}
  }

  /** The connection is over: what bind(2) did not choose is given back. */
  forgetPeer(): void {
    this.releasePort()
    this.forgetAddresses()
  }

  /** Keeps the port. */
  forgetAddresses(): void {
    this.remote = undefined
    if (!this.#isAddressChosen) this.local = {...this.local, ip: this.anyAddress}
  }

  /** Gives back a port that bind(2) did not choose. */
  releasePort(): void {
    const {ip, port} = this.local
    if (this.#isPortChosen || port === 0) return
    this.ports.leave(this, port)
    this.local = {ip, port: 0}
    if (this.isStream) this.#lastPort = port
  }

  /** @throws Errno ENOPROTOOPT, EINVAL, and what an option says */
  setOption(task: Task, level: number, option: number, value: Uint8Array): boolean {
    if (level === SOL_SOCKET) return setInterfaceOption(this, task, option, value)
    if (level === this.protocol) this.kept.set(level, option, intOf(value))
    else if (this.#hasIpLevel(level)) setIpOption(this, task, level, option, value)
    else throw new Errno(ENOPROTOOPT)
    return true
  }

  /** @throws Errno ENOPROTOOPT, EOPNOTSUPP, and what an option says */
  getOption(_task: Task, level: number, option: number, room: number): Uint8Array | undefined {
    // IPv6 takes a negative length for a large one.
    if (level === SOL_IPV6 && this.#hasIpLevel(level)) return ipOption(this, level, option, room)
    if (level !== SOL_SOCKET && level !== SOL_IP && level !== this.protocol)
      throw new Errno(this.family.number === AF_INET ? EOPNOTSUPP : ENOPROTOOPT)
    if (room < 0) throw new Errno(EINVAL)
    if (level === SOL_SOCKET) return interfaceOption(this, option, room)
    if (level === SOL_IP) return ipOption(this, level, option, room)
    const value = this.kept.get(level, option)
    if (value === undefined) throw new Errno(ENOPROTOOPT)
    return intBytes(value)
  }

  /** An IPv4 socket has no IPv6 options. */
  #hasIpLevel(level: number): boolean {
    return level === SOL_IP || (level === SOL_IPV6 && this.family.number === AF_INET6)
  }

  /** @throws Errno EINVAL */
  setIPv6Only(isOnly: boolean): void {
    if (this.local.port !== 0) throw new Errno(EINVAL)
    this.isIPv6Only = isOnly
  }

  name(): Uint8Array {
    const {ip, port} = this.local
    return encodeEndpoint({ip, port: port || this.#lastPort}, this.family.number)
  }

  peerName(): Uint8Array | undefined {
    const {remote, family} = this
    // A datagram socket can be connected to port 0, which no peer has.
    return remote === undefined || remote.port === 0 ? undefined : encodeEndpoint(remote, family.number)
  }

  takeError(): number {
    const {error} = this
    this.error = 0
    return error
  }

  /** @throws Errno the pending error */
  throwError(): void {
    const error = this.takeError()
    if (error !== 0) throw new Errno(error)
  }

  ioctl(request: number, argument: number, memory: IoctlMemory): number {
    return askInternetInterface(this.family.number, request, argument, memory)
  }

  /** May be called twice. @returns whether it was the first time */
  protected end(): boolean {
    if (this.isDead) return false
    this.isDead = true
    if (this.local.port !== 0) this.ports.leave(this, this.local.port)
    this.budget.give(COST.socket)
    return true
  }

  abstract close(): void
}
