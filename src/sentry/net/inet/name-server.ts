// NameServer: answers the sandbox's DNS questions by UDP, at an address of the sandbox, with what the broker says.

import {EACCES, EINVAL, ENOENT, Errno} from '../../../abi/errno.ts'
import {AF_INET, MSG_DONTWAIT} from '../../../abi/socket.ts'
import type {NetAnswer} from '../../../broker/protocol.ts'
import type {Waiter} from '../../../vfs/wait-queue.ts'
import {type ByteSink, Reading} from '../reading.ts'
import {decodeEndpoint, type Endpoint} from './address.ts'
import {
  type DnsQuestion,
  encodeAnswer,
  NOERROR,
  NOTIMP,
  NXDOMAIN,
  parseQuestion,
  SERVFAIL,
} from './dns-message.ts'
import type {HostConnections, NameApplicant} from './host/connections.ts'
import type {UdpSocket} from './udp/udp-socket.ts'

/** 127.0.0.53, as systemd-resolved's. */
const ADDRESS = 0x7f00_0035
const PORT = 53
/** In /etc/resolv.conf. */
export const NAME_SERVER = '127.0.0.53'
/** No question is longer. */
const MOST_BYTES = 1232

/** Notes the name that a program asked for in vain. */
type NoteRefusal = (rule: string) => void

export class NameServer implements Waiter {
  readonly #socket: UdpSocket
  readonly #connections: HostConnections
  /** Of the program that is asking now. */
  readonly #refusals: () => NoteRefusal
  readonly #bytes = new Uint8Array(MOST_BYTES)
  /** Its own answers wake it, too. */
  #isBusy = false

  /** @param socket new, of IPv4; it is never closed @throws Errno EADDRINUSE */
  constructor(socket: UdpSocket, connections: HostConnections, refusals: () => NoteRefusal) {
    this.#socket = socket
    this.#connections = connections
    this.#refusals = refusals
    socket.local = {ip: ADDRESS, port: socket.ports.bind(socket, ADDRESS, PORT)}
    socket.waiters.join(this)
  }

  wake(): void {
    if (this.#isBusy) return
    this.#isBusy = true
    try {
      while (this.#takeOne());
    } finally {
      this.#isBusy = false
    }
  }

  /** @returns false: there is none */
  #takeOne(): boolean {
    const buffer: ByteSink = {put: (bytes, at) => this.#bytes.set(bytes, at)}
    const reading = new Reading(buffer, MOST_BYTES, MSG_DONTWAIT, true)
    try {
      if (!this.#socket.receive(reading)) return false
    } catch (error) {
      // Of an answer that nobody took.
      if (error instanceof Errno) return true
      throw error
    }
    const question = parseQuestion(this.#bytes.slice(0, reading.copied))
    if (question !== undefined && reading.name !== undefined)
      this.#ask(question, decodeEndpoint(reading.name, AF_INET))
    return true
  }

  #ask(question: DnsQuestion, from: Endpoint): void {
    const {name, type} = question
    if (type === undefined) {
      this.#reply(from, encodeAnswer(question, NOTIMP, []))
      return
    }
    const note = this.#refusals()
    try {
      this.#connections.resolve(new Query(this, question, from, note), name, type)
    } catch (error) {
      if (!(error instanceof Errno)) throw error
      this.#reply(from, encodeAnswer(question, SERVFAIL, []))
    }
  }

  answered(question: DnsQuestion, from: Endpoint, {errno, records = []}: NetAnswer): void {
    const isKnown = errno === 0
    const isNone = errno === ENOENT || errno === EACCES || errno === EINVAL
    const code = isKnown ? NOERROR : isNone ? NXDOMAIN : SERVFAIL
    this.#reply(from, encodeAnswer(question, code, isKnown ? records : []))
  }

  /** Connects for this one datagram. Whoever has asked may be gone. */
  #reply(to: Endpoint, bytes: Uint8Array): void {
    const socket = this.#socket
    socket.remote = to
    try {
      socket.write(bytes)
    } catch (error) {
      if (!(error instanceof Errno)) throw error
    } finally {
      socket.remote = undefined
      socket.error = 0
    }
  }
}

/** A question that the broker is asked. */
class Query implements NameApplicant {
  readonly #server: NameServer
  readonly #question: DnsQuestion
  readonly #from: Endpoint
  readonly #note: NoteRefusal

  constructor(server: NameServer, question: DnsQuestion, from: Endpoint, note: NoteRefusal) {
    this.#server = server
    this.#question = question
    this.#from = from
    this.#note = note
  }

  resolved(answer: NetAnswer): void {
    if (answer.errno === EACCES && answer.needs !== undefined) this.#note(answer.needs)
    this.#server.answered(this.#question, this.#from, answer)
  }
}
