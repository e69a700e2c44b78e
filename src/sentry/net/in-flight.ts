// InFlight: descriptors that messages carry (unix(7), SCM_RIGHTS): how many there may be, and what happens to those that
// nobody can receive any longer, because only messages to each other hold the sockets that they wait at.

import {CAP_SYS_ADMIN, CAP_SYS_RESOURCE, type Capabilities, hasCapability} from '../../abi/capability.ts'
import {Errno, ETOOMANYREFS} from '../../abi/errno.ts'
import {type Budget, COST} from '../../vfs/budget.ts'
import type {OpenDescription} from '../core/open-description.ts'

/** A socket at which messages with descriptors can wait. */
export interface RightsHolder {
  readonly budget: Budget
  /** Connections that are not yet accepted. */
  readonly backlog: readonly RightsHolder[]
  /** The listener whose backlog this is in. */
  readonly listener: RightsHolder | undefined
  /** Discards its messages. */
  purge(): void
}

/** What one message carries. Each descriptor is a reference to its description. */
export class Rights {
  readonly descriptions: readonly OpenDescription[]
  /** The socket that the message waits at. */
  readonly at: RightsHolder
  /** The user id that it is counted for. */
  readonly user: number
  readonly #inFlight: InFlight

  constructor(inFlight: InFlight, descriptions: readonly OpenDescription[], at: RightsHolder, user: number) {
    this.#inFlight = inFlight
    this.descriptions = descriptions
    this.at = at
    this.user = user
  }

  /** The message was received, or is gone. */
  release(): void {
    this.#inFlight.release(this)
  }
}

/** The sender: a user, and how many descriptors it may have in flight. */
export interface Sender {
  readonly user: number
  /** RLIMIT_NOFILE. */
  readonly limit: number
  readonly capabilities: Capabilities
}

/** How many sockets in flight are many. */
const MANY = 64
/** How many of them a collection may look at for each suspect: as often as there is one, what many messages hold would take too long. */
const VISITS_EACH = 8

export class InFlight {
  readonly #byUser = new Map<number, number>()
  /** Sockets that messages carry. */
  readonly #sockets = new Map<RightsHolder, OpenDescription>()
  /** Rights to sockets, by the socket that they wait at. */
  readonly #waiting = new Map<RightsHolder, Set<Rights>>()
  /** Rights to release: a list, because closing one socket may release the next, and so on without end. */
  readonly #released: Rights[] = []
  #isReleasing = false
  /** Since the last collection: sockets that only messages hold now. */
  #suspects = 0

  /** Descriptors in all messages. */
  get count(): number {
    let count = 0
    for (const each of this.#byUser.values()) count += each
    return count
  }

  /** Takes a reference to each, for a message that will wait at `at`. @throws Errno ETOOMANYREFS */
  send(descriptions: readonly OpenDescription[], at: RightsHolder, sender: Sender): Rights {
    const {user} = sender
    const before = this.#byUser.get(user) ?? 0
    if (before > sender.limit && !isPrivileged(sender)) throw new Errno(ETOOMANYREFS)
    at.budget.take(descriptions.length * COST.descriptor, ETOOMANYREFS)
    this.#byUser.set(user, before + descriptions.length)
    const rights = new Rights(this, descriptions, at, user)
    for (const description of descriptions) {
      description.references++
      const holder = description.file.socket?.rightsHolder
      if (holder !== undefined) this.#depart(holder, description, rights)
    }
    return rights
  }

  /** The message was received, or is gone. */
  release(rights: Rights): void {
    this.#released.push(rights)
    if (this.#isReleasing) return
    this.#isReleasing = true
    try {
      for (let next = this.#released.pop(); next !== undefined; next = this.#released.pop()) this.#letGo(next)
    } finally {
      this.#isReleasing = false
    }
    if (this.#isDue) this.collect()
  }

  #depart(socket: RightsHolder, description: OpenDescription, rights: Rights): void {
    description.inFlight++
    description.senders = this
    this.#sockets.set(socket, description)
    const waiting = this.#waiting.get(rights.at)
    if (waiting === undefined) this.#waiting.set(rights.at, new Set([rights]))
    else waiting.add(rights)
  }

  #letGo(rights: Rights): void {
    const {descriptions, at, user} = rights
    at.budget.give(descriptions.length * COST.descriptor)
    const left = (this.#byUser.get(user) ?? 0) - descriptions.length
    if (left > 0) this.#byUser.set(user, left)
    else this.#byUser.delete(user)
    const waiting = this.#waiting.get(at)
    if (waiting?.delete(rights) && waiting.size === 0) this.#waiting.delete(at)
    for (const description of descriptions) {
      const holder = description.file.socket?.rightsHolder
      if (holder !== undefined && --description.inFlight === 0) {
        description.senders = undefined
        this.#sockets.delete(holder)
      }
      description.release()
    }
  }

  /** A socket has closed: while there are suspects, that counts as one more. */
  closed(): void {
    if (this.#suspects > 0) this.onlyInFlight()
  }

  /** Messages hold the only references to a socket. A collection costs as much as is in flight: if that is much, it waits until it may be worth it. */
  onlyInFlight(): void {
    this.#suspects++
    if (this.#isDue && !this.#isReleasing) this.collect()
  }

  get #isDue(): boolean {
    const {size} = this.#sockets
    return this.#suspects >= (size > MANY ? Math.max(MANY, size / VISITS_EACH) : 1)
  }

  /** Empties the sockets that no descriptor leads to, not even through receiving others first. */
  collect(): void {
    const lost = this.#findLost()
    this.#suspects = 0
    for (const socket of lost) socket.purge()
  }

  #findLost(): Set<RightsHolder> {
    const lost = new Set<RightsHolder>()
    for (const [socket, {references, inFlight}] of this.#sockets)
      if (references === inFlight) lost.add(socket)
    if (lost.size === 0) return lost
    // From sockets that can be read to those that can be received from them.
    const reached = [...this.#waiting.keys()].map(readBy).filter((socket) => !lost.has(socket))
    for (let from = reached.pop(); from !== undefined; from = reached.pop()) {
      for (const socket of this.#receivedAt(from)) if (lost.delete(socket)) reached.push(socket)
    }
    return lost
  }

  *#receivedAt(socket: RightsHolder): Iterable<RightsHolder> {
    for (const at of [socket, ...socket.backlog]) {
      for (const {descriptions} of this.#waiting.get(at) ?? []) {
        for (const {file} of descriptions) {
          const holder = file.socket?.rightsHolder
          if (holder !== undefined) yield holder
        }
      }
    }
  }
}

/** A connection that is not yet accepted is received with its listener. */
const readBy = (socket: RightsHolder): RightsHolder => socket.listener ?? socket

const isPrivileged = ({capabilities}: Sender): boolean =>
  hasCapability(capabilities, CAP_SYS_RESOURCE) || hasCapability(capabilities, CAP_SYS_ADMIN)
