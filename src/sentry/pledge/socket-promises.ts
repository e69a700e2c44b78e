// Which promises sockets need: their family's, or a narrower one for what a client of one service does: pledge(2).

import * as inet from '../../abi/inet.ts'
import {AF_NETLINK, AF_UNSPEC, SO_ERROR, SO_RCVBUF, SOL_SOCKET} from '../../abi/socket.ts'
import type {Task} from '../core/task.ts'
import {requirePromise} from './broken-promise.ts'
import type {PromiseName} from './promises.ts'

/** struct sockaddr_in and sockaddr_in6 have the port at the same place. */
const PORT_END = 4
const DNS_PORT = 53

/** A member of the registry of socket families. */
interface SocketFamily {
  readonly promise: PromiseName
}

/** What `mcast` adds to `inet`: options by level, from the first to the last of each range. */
const MULTICAST: Readonly<Record<number, readonly (readonly [first: number, last: number])[]>> = {
  // With those of source groups, IP_MSFILTER and MCAST_*.
  [inet.SOL_IP]: [[inet.IP_MULTICAST_IF, inet.IP_MULTICAST_ALL]],
  [inet.SOL_IPV6]: [
    // To IPV6_DROP_MEMBERSHIP; then MCAST_*.
    [inet.IPV6_MULTICAST_IF, 21],
    [inet.IPV6_MULTICAST_ALL, inet.IPV6_MULTICAST_ALL],
    [42, 48],
  ],
}

/** To make a socket, name it, or ask for its names: in the words of the table's column. */
export function socketPromises({promise}: SocketFamily): string {
  return promise === 'inet' ? 'inet|dns' : promise
}

/** To read or set an option. */
export function optionPromises(family: SocketFamily, level: number, option: number): string {
  if (level === SOL_SOCKET && (option === SO_RCVBUF || option === SO_ERROR)) return 'stdio'
  const isMulticast = MULTICAST[level]?.some(([first, last]) => option >= first && option <= last) ?? false
  return family.promise === 'inet' && isMulticast ? 'inet mcast' : socketPromises(family)
}

/**
 * To connect or send to an address, which the call has read: a resolver's peers are name servers, the kernel, or none (AF_UNSPEC).
 * @throws BrokenPromise
 */
export function requirePeerPromise(task: Task, {promise}: SocketFamily, address: Uint8Array): void {
  if (promise === 'inet' && isPeerOfResolver(address)) requirePromise(task, 'inet', 'dns')
  else requirePromise(task, promise)
}

/** Netlink tells which families of addresses the machine has. */
function isPeerOfResolver(address: Uint8Array): boolean {
  if (address.length < PORT_END) return false
  const family = address[0] | (address[1] << 8)
  return family === AF_UNSPEC || family === AF_NETLINK || ((address[2] << 8) | address[3]) === DNS_PORT
}
