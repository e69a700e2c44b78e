// Datagram: one UDP datagram, with the fields of its headers that a program can set and see.

import type {Timespec} from '../../../../abi/time.ts'
import {COST} from '../../../../vfs/budget.ts'
import type {Endpoint} from '../address.ts'

export class Datagram {
  bytes: Uint8Array
  readonly from: Endpoint
  readonly to: Endpoint
  /** TTL, or hop limit. */
  readonly hops: number
  /** TOS, or traffic class. */
  readonly trafficClass: number
  /** UDP_SEGMENT: it is sent in pieces of so many bytes; 0: whole. */
  readonly segmentBytes: number
  /** When it came; undefined: its receiver did not want to know. */
  arrival: Timespec | undefined
  /** How many datagrams its receiver had lost before. */
  lostBefore = 0

  constructor(
    bytes: Uint8Array,
    from: Endpoint,
    to: Endpoint,
    hops: number,
    trafficClass: number,
    segmentBytes = 0,
  ) {
    this.bytes = bytes
    this.from = from
    this.to = to
    this.hops = hops
    this.trafficClass = trafficClass
    this.segmentBytes = segmentBytes
  }

  /** What it costs while it waits: of the budget, and of SO_RCVBUF. */
  get cost(): number {
    return COST.socketMessage + this.bytes.length
  }

  /** As an answer comes back: who would receive one learns that nobody received this. */
  reversed(): Datagram {
    return this.readdressed(this.to, this.from)
  }

  readdressed(from: Endpoint, to: Endpoint): Datagram {
    return new Datagram(this.bytes, from, to, this.hops, this.trafficClass, this.segmentBytes)
  }

  /** With other bytes, or for one more receiver. */
  copy(bytes: Uint8Array): Datagram {
    return new Datagram(bytes, this.from, this.to, this.hops, this.trafficClass)
  }
}
