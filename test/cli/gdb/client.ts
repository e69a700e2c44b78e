// The simplest client of gdb's protocol: packets to hv's socket, and what comes back.

import {connect, type Socket} from 'node:net'
import {encodePacket, PacketReader} from '../../../src/gdb/packet.ts'

export const INTERRUPT = '\x03'

export class Client {
  readonly #socket: Socket
  readonly #heard: string[] = []
  #wake: (() => void) | undefined

  /** @param place a loopback port, or a path */
  constructor(place: number | string) {
    this.#socket = typeof place === 'number' ? connect(place, '127.0.0.1') : connect(place)
    const packet = (payload: string): void => {
      this.#heard.push(payload)
      this.#wake?.()
    }
    const reader = new PacketReader({packet, garbled: () => {}, interrupt: () => {}, again: () => {}})
    this.#socket.on('data', (bytes) => reader.push(bytes))
    this.#socket.on('close', () => packet('closed'))
    this.#socket.on('error', () => {})
  }

  send(packet: string): void {
    this.#socket.write(packet === INTERRUPT ? packet : encodePacket(packet), 'latin1')
  }

  /** @returns the next packet; undefined: none came in that time */
  async hear(ms: number): Promise<string | undefined> {
    if (this.#heard.length === 0) {
      let timer: NodeJS.Timeout | undefined
      await new Promise<void>((resolve) => {
        this.#wake = resolve
        timer = setTimeout(resolve, ms)
      })
      clearTimeout(timer)
    }
    return this.#heard.shift()
  }

  async ask(packet: string): Promise<string> {
    this.send(packet)
    return (await this.hear(60_000)) ?? 'nothing'
  }

  /** Sends bytes as they are. */
  sendBytes(bytes: string): void {
    this.#socket.write(bytes, 'latin1')
  }

  /** Disconnects without a word. */
  leave(): void {
    this.#socket.destroy()
  }
}
