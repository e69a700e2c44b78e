// NETLINK_SOCK_DIAG: which sockets there are, as ss(8) asks: sock_diag(7); net/core/sock_diag.c.

import {EINVAL, ENOENT, EOPNOTSUPP, Errno} from '../../../abi/errno.ts'
import {NETLINK_SOCK_DIAG, SOCK_DESTROY, SOCK_DIAG_BY_FAMILY} from '../../../abi/netlink.ts'
import {AF_INET, AF_INET6, AF_PACKET, AF_UNIX} from '../../../abi/socket.ts'
import type {Task} from '../../core/task.ts'
import type {InetStack} from '../inet/inet-stack.ts'
import type {UnixFamily} from '../unix/unix-family.ts'
import {dumpInetSockets, findInetSocket} from './inet-diag.ts'
import type {Answer, Request} from './message.ts'
import type {NetlinkProtocol} from './protocol.ts'
import {dumpUnixSockets, findUnixSocket} from './unix-diag.ts'

type UnixSockets = Pick<UnixFamily, 'sockets' | 'byIno'>

export class SockDiagProtocol implements NetlinkProtocol {
  readonly number = NETLINK_SOCK_DIAG
  readonly #stack: InetStack
  readonly #unix: UnixSockets

  constructor(stack: InetStack, unix: UnixSockets) {
    this.#stack = stack
    this.#unix = unix
  }

  hasDumps(type: number): boolean {
    return type === SOCK_DIAG_BY_FAMILY
  }

  answer(_task: Task, request: Request): Answer {
    const family = familyOf(request)
    if (family === AF_UNIX) return findUnixSocket(this.#unix.byIno, request)
    if (family === AF_INET || family === AF_INET6) return findInetSocket(this.#stack, request)
    throw new Errno(ENOENT)
  }

  dump(request: Request, start: number): Iterable<Answer> {
    const family = familyOf(request)
    if (family === AF_UNIX) return dumpUnixSockets(this.#unix.sockets, request, start)
    if (family === AF_INET || family === AF_INET6) return dumpInetSockets(this.#stack, request, start)
    // There are none of these.
    if (family === AF_PACKET) return []
    throw new Errno(ENOENT)
  }
}

/** @throws Errno EINVAL; EOPNOTSUPP: to destroy sockets, as a kernel that does not know how */
function familyOf({type, body}: Request): number {
  if (type === SOCK_DESTROY) throw new Errno(EOPNOTSUPP)
  if (type !== SOCK_DIAG_BY_FAMILY || body.length < 2) throw new Errno(EINVAL)
  return body[0]
}
