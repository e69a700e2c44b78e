// CmosClock: what a driver of a PC's clock reads and sets.

import {expect, test} from 'vitest'
import {CmosClock} from '../../../../src/machine/devices/cmos-clock.ts'

const [SECOND, MINUTE, HOUR, WEEKDAY, DAY, MONTH, YEAR] = [0, 2, 4, 6, 7, 8, 9]
const [A, B, C, D] = [0x0a, 0x0b, 0x0c, 0x0d]
const TIME = [YEAR, MONTH, DAY, WEEKDAY, HOUR, MINUTE, SECOND]
const SET = 0x80

function read(clock: CmosClock, register: number): number {
  clock.write(0, register)
  return clock.read(1)
}

function write(clock: CmosClock, register: number, value: number): void {
  clock.write(0, register)
  clock.write(1, value)
}

const timeOf = (clock: CmosClock): string =>
  TIME.map((register) => read(clock, register).toString(16).padStart(2, '0')).join(' ')

test('it has the host’s time, in BCD and 24 hours, without an update in progress', () => {
  // Sunday is 1.
  const clock = new CmosClock(() => Date.UTC(2026, 10, 29, 23, 5, 59, 900))
  expect(timeOf(clock)).toBe('26 11 29 01 23 05 59')
  expect([A, B, C, D].map((register) => read(clock, register))).toEqual([0x26, 0x02, 0x00, 0x80])
})

test('it runs on from what a driver sets, as Linux does it: stopped meanwhile', () => {
  let now = Date.UTC(2026, 10, 29)
  const clock = new CmosClock(() => now)
  write(clock, B, 0x02 | SET)
  expect(read(clock, B)).toBe(0x82)
  now += 5000
  expect(read(clock, SECOND)).toBe(0)
  const set = [0x70, 0x02, 0x28, 0x03, 0x23, 0x59, 0x58]
  for (const [index, value] of set.entries()) write(clock, TIME[index], value)
  expect(timeOf(clock)).toBe('70 02 28 03 23 59 58')
  write(clock, B, 0x02)
  now += 3000
  expect(timeOf(clock)).toBe('70 03 01 01 00 00 01')
})

test('it can be set without being stopped, and has two digits for the year', () => {
  const clock = new CmosClock(() => Date.UTC(2026, 10, 29, 10, 0, 0))
  write(clock, MINUTE, 0x30)
  expect(timeOf(clock)).toBe('26 11 29 01 10 30 00')
  write(clock, YEAR, 0x69)
  expect(read(clock, WEEKDAY)).toBe(6)
  write(clock, YEAR, 0x70)
  expect(read(clock, WEEKDAY)).toBe(1)
})

test('whatever is written, each register is a byte', () => {
  const clock = new CmosClock()
  for (const stopped of [SET, 0]) {
    write(clock, B, stopped)
    for (let register = 0; register < 256; register++) write(clock, register, 0xff)
    write(clock, B, 0)
    for (let register = 0; register < 256; register++) {
      const value = read(clock, register)
      expect(value >= 0 && value <= 0xff && Number.isInteger(value), `${register}: ${value}`).toBe(true)
    }
  }
})
