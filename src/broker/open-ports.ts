// openPorts: opens this host's ports that lead to a guest, before there is one.

import {EACCES, EADDRINUSE, EADDRNOTAVAIL} from '../abi/errno.ts'
import {FIRST_UNPRIVILEGED_PORT} from '../abi/inet.ts'
import {addon} from '../addon.ts'
import {badArgument, HvError} from '../errors.ts'
import {type PublishedPort, requireDistinct} from './published-port.ts'

export interface OpenPort extends PublishedPort {
  /** A socket that listens, or (UDP) is bound. */
  readonly fd: number
}

/** @returns with the ports that the host has chosen; the descriptors are the caller's @throws HvError BAD_ARGUMENT, HOST_SYSCALL */
export function openPorts(ports: readonly PublishedPort[]): OpenPort[] {
  requireDistinct(ports)
  const opened: OpenPort[] = []
  try {
    for (const port of ports) {
      const [fd, hostPort] = addon.openListener(port.address, port.hostPort, port.protocol === 'tcp')
      if (fd < 0) throw failure(port, -fd)
      opened.push({...port, fd, hostPort})
    }
  } catch (error) {
    for (const {fd} of opened) addon.hostClose(fd)
    throw error
  }
  return opened
}

function failure({address, hostPort}: PublishedPort, errno: number): HvError {
  const port = `port ${hostPort} of ${address}`
  if (errno === EADDRINUSE)
    return badArgument(`${port} is in use`, 'publish another port of this host, or 0 for any free one')
  if (errno === EADDRNOTAVAIL)
    return badArgument(`this host has no address ${address}`, 'give one that `ip address` shows, or 0.0.0.0')
  if (errno === EACCES)
    return badArgument(
      `${port} is for those with CAP_NET_BIND_SERVICE`,
      `publish a port from ${FIRST_UNPRIVILEGED_PORT} up`,
    )
  return new HvError('HOST_SYSCALL', `${port} cannot be opened: errno ${errno}`, 'publish another address')
}
