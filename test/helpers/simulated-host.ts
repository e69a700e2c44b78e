// A simulated host: its time passes when a test says so, and its random bytes are the same in each run.

import type {Host, HostClock, HostRandom} from '../../src/vfs/host.ts'
import {nativeHost} from '../../src/vfs/native-host.ts'

const NS_PER_SECOND = 1e9

export class SimulatedClock implements HostClock {
  readonly countsCycles = false
  /** All clocks show it. */
  nowNs: number

  constructor(nowNs = 1e12) {
    this.nowNs = nowNs
  }

  monotonicNs(): number {
    return this.nowNs
  }

  readClock(_id: number, out: Float64Array): void {
    out[0] = Math.floor(this.nowNs / NS_PER_SECOND)
    out[1] = this.nowNs % NS_PER_SECOND
  }

  sampleClocks(): void {}

  realtimeMs(): number {
    return Math.floor(this.nowNs / 1e6)
  }
}

/** The bytes 1, 2, 3 … */
class CountedRandom implements HostRandom {
  #last = 0

  fill<Bytes extends Uint8Array>(target: Bytes): Bytes {
    for (let i = 0; i < target.length; i++) target[i] = ++this.#last
    return target
  }
}

export class SimulatedHost implements Host {
  readonly clock = new SimulatedClock()
  readonly random = new CountedRandom()
  readonly files = nativeHost.files
  readonly hwcap = 0n
  readonly hwcap2 = 0n

  cpuinfo(): string {
    return 'processor\t: 0\n\n'
  }
}
