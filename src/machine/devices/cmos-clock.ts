// CmosClock: the time of a PC's real-time clock, Motorola's MC146818: registers with an index port and a data port.

import * as v from 'valibot'
import * as takes from '../../options.ts'
import {Rtc, rtcFields} from './rtc.ts'

/** Its interrupt would be for alarms, so the kernel is told of none. */
export const CMOS_CLOCK = {first: 0x70, length: 2, gsi: 8}
const INDEX = 0
/** Bit 7 of the index port controls NMIs. */
const INDEX_MASK = 0x7f

/** Registers of the time; those between them are the alarm's. */
const TIME = {year: 9, month: 8, day: 7, hour: 4, minute: 2, second: 0}
const WEEKDAY = 6
const REGISTERS = new Set([...Object.values(TIME), WEEKDAY])
/** A: the oscillator runs, and no update is in progress: each register holds the time at which it is read. */
const STATUS_A = 0x0a
const RUNS = 0x26
/** B: 24 hours; the numbers are in BCD. A driver stops the clock with SET while it sets it. */
const STATUS_B = 0x0b
const HAS_24_HOURS = 0x02
const SET = 0x80
/** D: the battery is good. */
const STATUS_D = 0x0d
const IS_VALID = 0x80
/** A year has two digits: Linux takes years below this one to be of this century. */
const LAST_CENTURY = 70

const byte = takes.integer(0, 255)
const savedState = takes.options({
  ...rtcFields,
  index: takes.integer(0, INDEX_MASK),
  set: v.optional(
    v.pipe(takes.list(v.tuple([byte, byte], 'a pair'), 'pairs'), v.maxLength(REGISTERS.size, 'fewer')),
  ),
})

export class CmosClock extends Rtc {
  readonly place = {name: 'the clock', space: 'port', ...CMOS_CLOCK, sizes: [1]} as const
  #index = 0
  /** Present while the clock is being set, and stopped: the time registers, in BCD. */
  #set: Map<number, number> | undefined

  read(offset: number): number {
    if (offset === INDEX) return this.#index
    switch (this.#index) {
      case STATUS_A:
        return RUNS
      case STATUS_B:
        return HAS_24_HOURS | (this.#set === undefined ? 0 : SET)
      case STATUS_D:
        return IS_VALID
      default:
        return (this.#set ?? this.#registers()).get(this.#index) ?? 0
    }
  }

  write(offset: number, value: number): void {
    if (offset === INDEX) this.#index = value & INDEX_MASK
    else if (this.#index === STATUS_B) this.#stop((value & SET) !== 0)
    else if (REGISTERS.has(this.#index)) this.#setRegister(value)
  }

  override save(): v.InferOutput<typeof savedState> {
    return {...super.save(), index: this.#index, set: this.#set && [...this.#set]}
  }

  override restore(state: unknown): void {
    const {ahead, index, set} = takes.checked(savedState, state, this.place.name)
    super.restore({ahead})
    this.#index = index
    // All of them are there: a register that the state lacks has the value of now.
    this.#set = set && new Map([...this.#registers(), ...set])
  }

  #setRegister(value: number): void {
    const registers = this.#set ?? this.#registers()
    registers.set(this.#index, value)
    if (this.#set === undefined) this.#begin(registers)
  }

  #stop(isStopped: boolean): void {
    if (isStopped) {
      this.#set ??= this.#registers()
    } else if (this.#set !== undefined) {
      this.#begin(this.#set)
      this.#set = undefined
    }
  }

  /** The clock runs on from there. A value that no calendar has (the 40th, 99 hours) counts as that much later. */
  #begin(registers: ReadonlyMap<number, number>): void {
    const get = (register: number): number => fromBcd(registers.get(register)!)
    const year = get(TIME.year) + (get(TIME.year) < LAST_CENTURY ? 2000 : 1900)
    const [month, day] = [get(TIME.month) - 1, get(TIME.day)]
    this.time = Date.UTC(year, month, day, get(TIME.hour), get(TIME.minute), get(TIME.second))
  }

  #registers(): Map<number, number> {
    const time = new Date(this.time)
    const values = [
      [TIME.year, time.getUTCFullYear() % 100],
      [TIME.month, time.getUTCMonth() + 1],
      [TIME.day, time.getUTCDate()],
      [TIME.hour, time.getUTCHours()],
      [TIME.minute, time.getUTCMinutes()],
      [TIME.second, time.getUTCSeconds()],
      // Sunday is 1.
      [WEEKDAY, time.getUTCDay() + 1],
    ]
    return new Map(values.map(([register, value]) => [register, toBcd(value)]))
  }
}

const toBcd = (value: number): number => Math.floor(value / 10) * 16 + (value % 10)
/** Invalid BCD is read as a number, too. */
const fromBcd = (byte: number): number => (byte >> 4) * 10 + (byte & 0xf)
