// UnixFamily: makes a kernel's UNIX sockets, and has what they share: their names, and the descriptors in their messages.

import {EPROTONOSUPPORT, Errno, ESOCKTNOSUPPORT} from '../../../abi/errno.ts'
import {AF_UNIX, SOCK_DGRAM, SOCK_RAW, SOCK_SEQPACKET, SOCK_STREAM} from '../../../abi/socket.ts'
import type {Budget} from '../../../vfs/budget.ts'
import type {HostRandom} from '../../../vfs/host.ts'
import type {Task} from '../../core/task.ts'
import {InFlight} from '../in-flight.ts'
import {unixTable} from '../proc/unix-table.ts'
import type {SocketFamily} from '../socket.ts'
import {callerCredentials} from '../socket-argument.ts'
import {joinPair} from './connect.ts'
import {UnixNames} from './names.ts'
import {UnixSocket} from './unix-socket.ts'

export class UnixFamily implements SocketFamily {
  readonly number = AF_UNIX
  readonly promise = 'unix'
  readonly budget: Budget
  readonly names: UnixNames
  readonly inFlight = new InFlight()
  /** All that are open. */
  readonly sockets = new Set<UnixSocket>()
  /** Of these, those that have an inode, by its number. */
  readonly byIno = new Map<number, UnixSocket>()
  readonly procTexts = {unix: () => unixTable(this.sockets, this.budget)}

  constructor(random: HostRandom, budget: Budget) {
    this.names = new UnixNames(random)
    this.budget = budget
  }

  create(type: number, protocol: number): UnixSocket {
    if (protocol !== 0 && protocol !== AF_UNIX) throw new Errno(EPROTONOSUPPORT)
    return new UnixSocket(typeOf(type), this)
  }

  createPair(task: Task, type: number, protocol: number): [UnixSocket, UnixSocket] {
    const first = this.create(type, protocol)
    try {
      const second = this.create(type, protocol)
      joinPair(first, second, callerCredentials(task))
      return [first, second]
    } catch (error) {
      first.close()
      throw error
    }
  }
}

/** SOCK_RAW is a synonym of SOCK_DGRAM here. @throws Errno ESOCKTNOSUPPORT */
function typeOf(type: number): number {
  if (type === SOCK_RAW) return SOCK_DGRAM
  if (type !== SOCK_STREAM && type !== SOCK_DGRAM && type !== SOCK_SEQPACKET) throw new Errno(ESOCKTNOSUPPORT)
  return type
}
