// ClockPage: keeps the vvar page, from which the guest's vDSO tells the time without a trap.

import type {MemoryFile} from '../../platform/memory-file.ts'
import type {BootClock} from './boot-clock.ts'
import {FIRST_WINDOW_NS, SteeredClock} from './steered-clock.ts'

// ClockSample's fields.
const CYCLES = 0
const MONOTONIC = 1
const RAW_CYCLES = 2
const RAW = 3
const REALTIME_OFFSET = 4
const BOOTTIME_OFFSET = 5
const TAI_OFFSET = 6
const SAMPLE_FIELDS = 7

// struct Vvar in native/shim/vvar.h: int32 and uint64 indices.
const VVAR_SEQUENCE = 0
const VVAR_MODE = 1
const VVAR_BASE_CYCLES = 1
const VVAR_MULT = 2
const VVAR_RAW_MULT = 3
const VVAR_MONOTONIC = 4
const VVAR_RAW = 5
const VVAR_REALTIME_OFFSET = 6
const VVAR_BOOTTIME_OFFSET = 7
const VVAR_TAI_OFFSET = 8
const VVAR_WORDS = 9
const MODE_CYCLES = 1

const NS_PER_SECOND = 1_000_000_000n
/** Offsets between two clocks are read with some noise, but really change only when a clock is set. */
const OFFSET_NOISE_NS = 1000n

/**
 * The guest's clocks agree with BootClock's to about a microsecond after `refresh`, and stay within 50 if it is called
 * by `dueNs`. While no guest code runs, nothing reads the page, so it need not be called: only before the next resume.
 */
export class ClockPage {
  /** The page's offset in the MemoryFile. */
  readonly offset: number
  /** The host's CLOCK_MONOTONIC in nanoseconds when `refresh` is due; Infinity when the vDSO makes system calls for good. */
  dueNs: number
  readonly #guestCycles: bigint
  readonly #boot: BootClock
  readonly #int32s: Int32Array
  readonly #words: BigUint64Array
  readonly #sample = new BigInt64Array(SAMPLE_FIELDS)
  readonly #monotonic: SteeredClock
  readonly #raw: SteeredClock

  /**
   * Samples the host's clocks once: `refresh` can calibrate from a millisecond later on. Until then, the mode is
   * "system calls", which is what the page of zeros says.
   * @param offset of a zeroed page; it stays the caller's
   * @param guestCycles the guest's counter minus the host's
   */
  constructor(memory: MemoryFile, offset: number, boot: BootClock, guestCycles = 0n) {
    this.offset = offset
    this.#guestCycles = guestCycles
    this.#boot = boot
    this.#int32s = memory.int32s.subarray(offset / Int32Array.BYTES_PER_ELEMENT)
    this.#words = new BigUint64Array(memory.bytes.buffer, memory.bytes.byteOffset + offset, VVAR_WORDS)
    this.#takeSample()
    this.#monotonic = new SteeredClock({cycles: this.#sample[CYCLES], ns: this.#sample[MONOTONIC]})
    this.#raw = new SteeredClock({cycles: this.#sample[RAW_CYCLES], ns: this.#sample[RAW]})
    this.dueNs = boot.clock.countsCycles ? this.#dueAfter(FIRST_WINDOW_NS) : Infinity
  }

  /** Brings the page up to date. Takes some microseconds. */
  refresh(): void {
    if (this.dueNs === Infinity) return

    // Readers wait while the sequence is odd. The sample is taken inside, so that a reader of the old stretch has read
    // the counter before the new one starts.
    Atomics.add(this.#int32s, VVAR_SEQUENCE, 1)
    try {
      this.#takeSample()
      this.#write()
    } finally {
      Atomics.add(this.#int32s, VVAR_SEQUENCE, 1)
    }
  }

  /** The host's clocks, as the guest's. */
  #takeSample(): void {
    const sample = this.#sample
    this.#boot.clock.sampleClocks(sample)
    const {monotonicSeconds, rawSeconds, boottimeSeconds} = this.#boot
    const monotonic = BigInt(monotonicSeconds) * NS_PER_SECOND
    sample[MONOTONIC] -= monotonic
    sample[RAW] -= BigInt(rawSeconds) * NS_PER_SECOND
    sample[REALTIME_OFFSET] += monotonic
    sample[BOOTTIME_OFFSET] += monotonic - BigInt(boottimeSeconds) * NS_PER_SECOND
    sample[TAI_OFFSET] += monotonic
  }

  #dueAfter(intervalNs: bigint): number {
    return this.#boot.monotonicNs + Number(this.#sample[MONOTONIC] + intervalNs)
  }

  #write(): void {
    const sample = this.#sample
    const cycles = sample[CYCLES]
    const reading = {cycles, ns: sample[MONOTONIC]}
    const isRunning = this.#monotonic.update(reading, cycles)
    const rawIsRunning = this.#raw.update({cycles: sample[RAW_CYCLES], ns: sample[RAW]}, cycles)
    this.dueNs = this.#dueAfter(this.#monotonic.intervalNs)
    if (!isRunning || !rawIsRunning) return

    const words = this.#words
    words[VVAR_BASE_CYCLES] = BigInt.asUintN(64, cycles + this.#guestCycles)
    words[VVAR_MULT] = this.#monotonic.mult
    words[VVAR_RAW_MULT] = this.#raw.mult
    words[VVAR_MONOTONIC] = this.#monotonic.baseNs
    words[VVAR_RAW] = this.#raw.baseNs
    this.#writeOffset(VVAR_REALTIME_OFFSET, sample[REALTIME_OFFSET])
    this.#writeOffset(VVAR_BOOTTIME_OFFSET, sample[BOOTTIME_OFFSET])
    // TAI is a whole number of seconds from UTC.
    const realtimeOffset = BigInt.asIntN(64, words[VVAR_REALTIME_OFFSET])
    words[VVAR_TAI_OFFSET] = BigInt.asUintN(
      64,
      realtimeOffset + roundToSecond(sample[TAI_OFFSET] - realtimeOffset),
    )
    this.#int32s[VVAR_MODE] = MODE_CYCLES
  }

  #writeOffset(index: number, offset: bigint): void {
    const change = offset - BigInt.asIntN(64, this.#words[index])
    if (change > -OFFSET_NOISE_NS && change < OFFSET_NOISE_NS) return
    this.#words[index] = BigInt.asUintN(64, offset)
  }
}

function roundToSecond(ns: bigint): bigint {
  const half = ns < 0n ? -NS_PER_SECOND / 2n : NS_PER_SECOND / 2n
  return ((ns + half) / NS_PER_SECOND) * NS_PER_SECOND
}
