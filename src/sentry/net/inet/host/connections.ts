// HostConnections: the way out of the sandbox, and in: asks the broker for connected host sockets, and hands on what the broker says.

import {EAGAIN, EIO, ENETDOWN, ENFILE, Errno} from '../../../../abi/errno.ts'
import {SOCKADDR_IN6_BYTES} from '../../../../abi/inet.ts'
import {POLLIN, POLLOUT, POLLRDHUP} from '../../../../abi/poll.ts'
import {AF_INET, AF_INET6, SHUT_WR} from '../../../../abi/socket.ts'
import {
  type Arrival,
  type ArrivalNotice,
  type BrokerLink,
  type BrokerLoss,
  type ClosedNotice,
  MOST_QUESTIONS,
  type NetAnswer,
} from '../../../../broker/protocol.ts'
import type {DnsType} from '../../../../broker/records.ts'
import type {HostClock} from '../../../../vfs/host.ts'
import type {HostFsAddon} from '../../../../vfs/host-addon.ts'
import type {NetRate} from '../../../core/net-rate.ts'
import type {Observer} from '../../../core/observer.ts'
import type {HostWatch} from '../../../fd/host-watch.ts'
import type {TimerQueue} from '../../../time/timers.ts'
import {type Endpoint, familyOf, formatIp} from '../address.ts'
import {RateLimit} from './rate-limit.ts'

/** What is not told of a socket whose bytes are held back. */
const RECEIVING = POLLIN | POLLRDHUP
/** Host sockets of one sandbox at a time. */
const MOST_CONNECTIONS = 4096

/** Questions and notices for which the broker has no room: of each socket there is one at most that it has not read. */
const MOST_UNSENT = 2 * MOST_CONNECTIONS
const MOST_DATAGRAM_BYTES = 65_536

/** Waits for an answer. */
export interface Applicant {
  /** @param fd its own from here on; `HostConnections.close` closes it */
  opened(fd: number): void
  /** @param needs with EACCES: the entry of --allow-net that would have allowed it */
  failed(errno: number, needs: string | undefined): void
}

/** Waits for the records of a name. */
export interface NameApplicant {
  /** @param answer with the errno EIO if there is none */
  resolved(answer: NetAnswer): void
}

/** What it needs of a kernel. */
export interface WatchingKernel {
  readonly host: {readonly files: HostFsAddon; readonly clock: HostClock}
  readonly timers: TimerQueue
  readonly hostWatch: HostWatch
  readonly platform: {watch(fd: number, events: number): void}
  readonly observers: Observer[]
  readonly onBrokerLost?: ((how: BrokerLoss) => void) | undefined
}

export class HostConnections {
  readonly files: HostFsAddon
  readonly watch: HostWatch
  /** Of what comes, and of what goes; absent: it is unlimited. */
  readonly receiving: RateLimit | undefined
  readonly sending: RateLimit | undefined
  readonly timers: TimerQueue
  /** For one that is being received; what is in it does not outlive that. */
  readonly datagram = new Uint8Array(MOST_DATAGRAM_BYTES)
  readonly #link: BrokerLink
  readonly #kernel: WatchingKernel
  /** By the ids of their questions. */
  readonly #applicants = new Map<number, Applicant | NameApplicant>()
  /** What the broker is told when a descriptor that it holds, too, is closed: `released` of one that came from outside. */
  readonly #notices = new Map<number, ClosedNotice | ArrivalNotice>()
  readonly #name = new Uint8Array(SOCKADDR_IN6_BYTES)
  /** Takes a connection from outside, or closes it. */
  onArrival: ((arrival: Arrival, fd: number) => void) | undefined
  #questions = 0
  /** The broker has no room for questions. */
  #isBehind = false
  #open = 0
  #isGone = false

  constructor(link: BrokerLink, kernel: WatchingKernel, {receive, send}: NetRate = {}) {
    const {clock, files} = kernel.host
    const limit = (bytes: number | undefined, events: number): RateLimit | undefined =>
      bytes === undefined ? undefined : new RateLimit(bytes, events, clock, kernel.timers)
    this.receiving = limit(receive, RECEIVING)
    this.sending = limit(send, POLLOUT)
    this.files = files
    this.watch = kernel.hostWatch
    this.timers = kernel.timers
    this.#link = link
    this.#kernel = kernel
    kernel.observers.push({
      ready: (fd) => {
        if (fd === link.fd) this.#takeAnswers()
        else if (fd === link.questionsFd) this.#flush()
      },
    })
    kernel.platform.watch(link.fd, POLLIN)
  }

  /** @throws Errno EAGAIN, ENFILE: as many as may be; ENETDOWN: the broker is gone */
  connect(applicant: Applicant, {ip, port}: Endpoint, isStream: boolean): void {
    if (this.#open + this.#applicants.size >= MOST_CONNECTIONS) throw new Errno(ENFILE)
    const id = this.#number(applicant)
    this.#ask({kind: 'connect', id, isStream, ip: formatIp(ip), port})
  }

  /** @throws Errno EAGAIN, ENETDOWN */
  resolve(applicant: NameApplicant, name: string, type: DnsType): void {
    const id = this.#number(applicant)
    this.#ask({kind: 'resolve', id, name, type})
  }

  #number(applicant: Applicant | NameApplicant): number {
    if (this.#isGone) throw new Errno(ENETDOWN)
    if (this.#applicants.size >= MOST_QUESTIONS) throw new Errno(EAGAIN)
    const id = ++this.#questions
    this.#applicants.set(id, applicant)
    return id
  }

  close(fd: number): void {
    this.#open--
    this.watch.forget(fd)
    const notice = this.#notices.get(fd)
    this.#notices.delete(fd)
    // The peer shall not wait for the broker.
    if (notice !== undefined) this.files.hostShutDown(fd, SHUT_WR)
    this.files.hostClose(fd)
    if (notice !== undefined) this.#ask(notice)
  }

  /** A broker that reads nothing breaks the protocol: its room is for more than may be under way. */
  #ask(question: Parameters<BrokerLink['ask']>[0]): void {
    if (this.#isGone) return
    this.#link.ask(question)
    if (this.#link.unsent > MOST_UNSENT) this.#end('wrong')
    else if (this.#link.unsent > 0 && !this.#isBehind) this.#watchRoom(true)
  }

  #flush(): void {
    if (this.#isGone) return
    this.#link.flush()
    if (this.#link.unsent === 0) this.#watchRoom(false)
  }

  #watchRoom(isBehind: boolean): void {
    this.#isBehind = isBehind
    this.#kernel.platform.watch(this.#link.questionsFd, isBehind ? POLLOUT : 0)
  }

  #takeAnswers(): void {
    while (!this.#isGone) {
      const taken = this.#link.take()
      if (taken === undefined) return
      if (typeof taken === 'string') this.#end(taken)
      else if ('arrival' in taken.answer) this.#arrived(taken.answer, taken.fd)
      else this.#take(taken.answer, taken.fd)
    }
  }

  #arrived(arrival: Arrival, fd: number): void {
    const notice = {kind: 'released', id: arrival.arrival} as const
    this.#ask({kind: 'taken', id: arrival.arrival})
    if (fd < 0) {
      // A datagram of a socket that has come; or this process has too many descriptors.
      if (!arrival.isStream && this.#isOpen(notice)) this.onArrival?.(arrival, fd)
      else this.#ask(notice)
      return
    }
    if (!this.#isInternetSocket(fd)) {
      this.files.hostClose(fd)
      this.#end('wrong')
      return
    }
    this.#open++
    this.#notices.set(fd, notice)
    if (this.onArrival === undefined || this.#open > MOST_CONNECTIONS) this.close(fd)
    else this.onArrival(arrival, fd)
  }

  #isOpen({kind, id}: ArrivalNotice): boolean {
    for (const notice of this.#notices.values()) if (notice.kind === kind && notice.id === id) return true
    return false
  }

  /** An answer that nobody waits for, and a descriptor that is no socket of the internet, come from no broker. */
  #take(answer: NetAnswer, fd: number): void {
    const {id, errno, needs, isHeld} = answer
    const applicant = this.#applicants.get(id)
    if (applicant === undefined || (fd >= 0 && !this.#isInternetSocket(fd))) {
      if (fd >= 0) this.files.hostClose(fd)
      this.#end('wrong')
      return
    }
    this.#applicants.delete(id)
    if ('opened' in applicant && errno === 0 && fd >= 0) {
      this.#open++
      if (isHeld) this.#notices.set(fd, {kind: 'closed', id})
      applicant.opened(fd)
      return
    }
    if (fd >= 0) this.files.hostClose(fd)
    if (isHeld) this.#ask({kind: 'closed', id})
    if ('resolved' in applicant) applicant.resolved(answer)
    // Without a descriptor this process has too many.
    else applicant.failed(errno || ENFILE, needs)
  }

  #isInternetSocket(fd: number): boolean {
    const length = this.files.hostSocketName(fd, this.#name)
    return length > 2 && [AF_INET, AF_INET6].includes(familyOf(this.#name))
  }

  #end(how: BrokerLoss): void {
    this.#isGone = true
    // Its end of file would be ready again and again.
    this.#kernel.platform.watch(this.#link.fd, 0)
    this.#kernel.platform.watch(this.#link.questionsFd, 0)
    this.#kernel.onBrokerLost?.(how)
    const waiting = [...this.#applicants.values()]
    this.#applicants.clear()
    for (const applicant of waiting) {
      if ('resolved' in applicant) applicant.resolved({id: 0, errno: EIO})
      else applicant.failed(ENETDOWN, undefined)
    }
  }
}
