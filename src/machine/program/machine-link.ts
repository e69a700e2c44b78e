// MachineLink: the host's side of hv's first process in a machine, which starts programs; and whose of them a connection is.

import {randomBytes} from 'node:crypto'
import type {Duplex} from 'node:stream'
import {HvError} from '../../errors.ts'
import type {VirtioVsock} from '../devices/virtio-vsock.ts'
import {
  CONTROL_PORT,
  ERROR_PORT,
  INPUT_PORT,
  KEY_BYTES,
  MACHINE_PORT,
  type MachineOrder,
  OUTPUT_PORT,
  REFUSAL_BYTES,
} from './order.ts'
import {ProgramLink, type ProgramStreams} from './program-link.ts'

/** Together fewer streams than a VirtioVsock takes: each program has four. */
export const MOST_PROGRAMS = 32
const MOST_UNKNOWN = 64

/**
 * Any program in the machine may connect to the ports of the host. Whoever does not know a program's key, as only root in the machine can,
 * reaches no program's streams: the connection is closed after its first bytes, or when 64 later ones have said nothing, either.
 */
export class MachineLink {
  readonly #programs = new Map<string, ProgramLink>()
  /** The oldest first. */
  readonly #unknown = new Set<Duplex>()
  #machine: Duplex | undefined
  /** Keys of programs to start once the first process is there. */
  #waiting: Buffer[] = []

  /** Call it before the machine runs. The first connection to its port is its first process's: nothing else runs yet. */
  constructor(vsock: VirtioVsock, onBegin = () => {}) {
    const stop = vsock.listen(MACHINE_PORT, (stream) => {
      stop()
      this.#begin(stream)
      onBegin()
    })
    for (const port of [CONTROL_PORT, INPUT_PORT, OUTPUT_PORT, ERROR_PORT])
      vsock.listen(port, (stream) => this.#identify(port, stream))
  }

  /** Starts a program, at once or when the machine can. Parameters: as ProgramLink. @throws HvError BAD_ARGUMENT, SANDBOX_FULL */
  start(order: MachineOrder, streams: ProgramStreams, onEnd: () => void, onStart?: () => void): ProgramLink {
    if (this.#programs.size >= MOST_PROGRAMS)
      throw new HvError('SANDBOX_FULL', `${MOST_PROGRAMS} programs run`, 'wait until one has ended')
    const key = randomBytes(KEY_BYTES)
    const name = key.toString('hex')
    const over = (): void => {
      this.#programs.delete(name)
      onEnd()
    }
    const program = new ProgramLink(order, streams, over, onStart)
    this.#programs.set(name, program)
    if (this.#machine === undefined) this.#waiting.push(key)
    else this.#machine.write(key)
    return program
  }

  #begin(machine: Duplex): void {
    this.#machine = machine
    machine.on('error', () => {})
    let received: Buffer = Buffer.alloc(0)
    machine.on('data', (bytes: Uint8Array) => {
      received = Buffer.concat([received, bytes])
      for (; received.length >= REFUSAL_BYTES; received = received.subarray(REFUSAL_BYTES))
        this.#programs.get(received.toString('hex', 0, KEY_BYTES))?.refused(received.readUInt32LE(KEY_BYTES))
    })
    for (const key of this.#waiting.splice(0)) machine.write(key)
  }

  /** Finds out whose stream it is. */
  #identify(port: number, stream: Duplex): void {
    const [oldest] = this.#unknown
    if (this.#unknown.size >= MOST_UNKNOWN) {
      this.#unknown.delete(oldest)
      oldest.destroy()
    }
    this.#unknown.add(stream)
    const forget = (): void => void this.#unknown.delete(stream)
    const look = (): void => {
      const key: Buffer | null = stream.read(KEY_BYTES)
      if (key === null) return
      stream.off('readable', look)
      stream.off('close', forget)
      forget()
      if (!this.#programs.get(key.toString('hex'))?.accept(port, stream)) stream.destroy()
    }
    stream.on('error', () => {})
    stream.on('close', forget)
    stream.on('end', () => this.#unknown.has(stream) && stream.destroy())
    stream.on('readable', look)
  }
}
