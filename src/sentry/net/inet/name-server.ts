// NameServer: answers the sandbox's DNS questions by UDP and TCP, at an address of the sandbox, with what the broker says.

import {EACCES, EINVAL, ENOENT, Errno} from '../../../abi/errno.ts'
import {AF_INET, MSG_DONTWAIT} from '../../../abi/socket.ts'
import type {NetAnswer} from '../../../broker/protocol.ts'
import type {Waiter} from '../../../vfs/wait-queue.ts'
import {type ByteSink, Reading} from '../reading.ts'
import {decodeEndpoint, type Endpoint} from './address.ts'
import {
  BADVERS,
  type DnsQuestion,
  encodeAnswer,
  NOERROR,
  NOTIMP,
  NXDOMAIN,
  parseQuestion,
  SERVFAIL,
} from './dns-message.ts'
import type {HostConnections, NameApplicant} from './host/connections.ts'
import {type NameAsker, NameStreams} from './name-streams.ts'
import type {TcpSocket} from './tcp/tcp-socket.ts'
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

  /** @param socket, listener new, of IPv4; they are never closed @throws Errno EADDRINUSE */
  constructor(
    socket: UdpSocket,
    listener: TcpSocket,
    connections: HostConnections,
    refusals: () => NoteRefusal,
  ) {
    this.#socket = socket
    this.#connections = connections
    this.#refusals = refusals
    // A program may have port 53 of all other addresses.
    for (const each of [socket, listener]) {
      each.isService = true
      each.local = {ip: ADDRESS, port: each.ports.bind(each, ADDRESS, PORT)}
    }
    socket.waiters.join(this)
    new NameStreams(listener, (question, asker) => this.#ask(question, asker))
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
      this.#ask(question, new DatagramAsker(this, decodeEndpoint(reading.name, AF_INET)))
    return true
  }

  #ask(question: DnsQuestion, asker: NameAsker): void {
    const {name, type, hasOtherEdns} = question
    if (hasOtherEdns || type === undefined) {
      asker.reply(encodeAnswer(question, hasOtherEdns ? BADVERS : NOTIMP, []))
      return
    }
    const note = this.#refusals()
    try {
      this.#connections.resolve(new Query(question, asker, note), name, type)
    } catch (error) {
      if (!(error instanceof Errno)) throw error
      asker.reply(encodeAnswer(question, SERVFAIL, []))
    }
  }

  /** Connects for this one datagram. Whoever has asked may be gone. */
  reply(to: Endpoint, bytes: Uint8Array): void {
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

/** Who has asked by a datagram. */
class DatagramAsker implements NameAsker {
  readonly #server: NameServer
  readonly #from: Endpoint

  constructor(server: NameServer, from: Endpoint) {
    this.#server = server
    this.#from = from
  }

  reply(answer: Uint8Array): void {
    this.#server.reply(this.#from, answer)
  }
}

/** A question that the broker is asked. */
class Query implements NameApplicant {
  readonly #question: DnsQuestion
  readonly #asker: NameAsker
  readonly #note: NoteRefusal

  constructor(question: DnsQuestion, asker: NameAsker, note: NoteRefusal) {
    this.#question = question
    this.#asker = asker
    this.#note = note
  }

  resolved(answer: NetAnswer): void {
    if (answer.errno === EACCES && answer.needs !== undefined) this.#note(answer.needs)
    const {errno, records = []} = answer
    const isKnown = errno === 0
    const isNone = errno === ENOENT || errno === EACCES || errno === EINVAL
    const code = isKnown ? NOERROR : isNone ? NXDOMAIN : SERVFAIL
    this.#asker.reply(encodeAnswer(this.#question, code, isKnown ? records : [], this.#asker.mostBytes))
  }
}
