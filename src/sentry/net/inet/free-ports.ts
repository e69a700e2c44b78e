// FreePorts: the ports of ip_local_port_range that no socket holds: one of them at random, in a constant number of steps.

import {FIRST_LOCAL_PORT, LAST_LOCAL_PORT} from '../../../abi/inet.ts'
import type {HostRandom} from '../../../vfs/host.ts'

const CHOICES = LAST_LOCAL_PORT - FIRST_LOCAL_PORT + 1

const isLocal = (port: number): boolean => port >= FIRST_LOCAL_PORT && port <= LAST_LOCAL_PORT

export class FreePorts {
  /** A permutation of the range: the free ports come first. */
  readonly #ports = new Uint16Array(CHOICES)
  /** The inverse: where in `#ports` each port is. */
  readonly #places = new Uint16Array(CHOICES)
  #count = CHOICES

  constructor() {
    for (let i = 0; i < CHOICES; i++) {
      this.#ports[i] = FIRST_LOCAL_PORT + i
      this.#places[i] = i
    }
  }

  get count(): number {
    return this.#count
  }

  /** A program cannot guess another's next port. @returns undefined: all are held */
  choose(random: HostRandom): number | undefined {
    if (this.#count === 0) return undefined
    const bytes = random.fill(new Uint8Array(4))
    return this.#ports[new DataView(bytes.buffer).getUint32(0) % this.#count]
  }

  /** Precondition: it is free. */
  take(port: number): void {
    if (isLocal(port)) this.#swap(port, --this.#count)
  }

  /** Precondition: it is held. */
  give(port: number): void {
    if (isLocal(port)) this.#swap(port, this.#count++)
  }

  /** Moves a port to place `to`. */
  #swap(port: number, to: number): void {
    const from = this.#places[port - FIRST_LOCAL_PORT]
    const other = this.#ports[to]
    this.#ports[to] = port
    this.#ports[from] = other
    this.#places[port - FIRST_LOCAL_PORT] = to
    this.#places[other - FIRST_LOCAL_PORT] = from
  }
}
