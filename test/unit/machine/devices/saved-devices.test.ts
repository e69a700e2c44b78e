// Devices that save themselves: another one goes on where the first was, and takes no state that no device of its kind can have.

import {PassThrough} from 'node:stream'
import {expect, test} from 'vitest'
import {MachineInput, MachineOutput} from '../../../../src/machine/console/streams.ts'
import {CmosClock} from '../../../../src/machine/devices/cmos-clock.ts'
import {ExitRegister} from '../../../../src/machine/devices/exit-register.ts'
import {Pl011} from '../../../../src/machine/devices/pl011.ts'
import {Pl031} from '../../../../src/machine/devices/pl031.ts'
import {Serial} from '../../../../src/machine/devices/serial.ts'
import {TextCursor} from '../../../../src/machine/devices/text-cursor.ts'
import type {Uart} from '../../../../src/machine/devices/uart.ts'
import {FakeLine} from '../../../helpers/virtio-driver.ts'
import {codeOf} from '../../../helpers/vm.ts'

const throughJson = (state: object): object => JSON.parse(JSON.stringify(state))

/** A UART on a line, and its input. */
function wired<Port extends Uart>(Kind: new (input: MachineInput, output: MachineOutput) => Port) {
  const input = new PassThrough()
  const port = new Kind(new MachineInput(() => input), new MachineOutput((bytes) => bytes.length))
  const line = new FakeLine()
  const statuses: number[] = []
  port.wire({line, status: (value) => statuses.push(value)})
  return {port, input, line, statuses}
}

test('a 16550 keeps its registers, its FIFO and its interrupt, and takes input', async () => {
  const {port} = wired(Serial)
  // Divisor latch, modem control, scratch, FIFO; then received and sent are enabled.
  for (const [offset, value] of [
    ...[
      [3, 0x83],
      [0, 7],
      [3, 0x03],
      [4, 0x0b],
      [7, 0x5a],
      [2, 1],
      [1, 3],
    ],
  ])
    port.write(offset, value)
  const other = wired(Serial)
  other.port.restore(throughJson(port.save()))
  expect(other.line.isRaised).toBe(true)
  expect([2, 2, 4, 7].map((offset) => other.port.read(offset))).toEqual([0xc2, 0xc1, 0x0b, 0x5a])
  expect(other.line.isRaised).toBe(false)
  other.input.write('a')
  await new Promise((resolve) => setImmediate(resolve))
  expect(other.line.isRaised).toBe(true)
  expect([other.statuses.at(-1), other.port.read(0)]).toEqual([0x61, 0x61])
})

test('a PL011 keeps its registers and its interrupt, and takes input', async () => {
  const {port} = wired(Pl011)
  for (const [offset, value] of [
    ...[
      [0x24, 13],
      [0x2c, 0x70],
      [0x38, 0x70],
      [0, 65],
    ],
  ])
    port.write(offset, value)
  const other = wired(Pl011)
  other.port.restore(throughJson(port.save()))
  expect(other.line.isRaised).toBe(true)
  expect([0x24, 0x2c, 0x38, 0x40].map((offset) => other.port.read(offset))).toEqual([13, 0x70, 0x70, 0x20])
  other.port.write(0x44, 0x20)
  expect(other.line.isRaised).toBe(false)
  other.input.write('a')
  await new Promise((resolve) => setImmediate(resolve))
  expect([other.line.isRaised, other.port.read(0)]).toEqual([true, 0x61])
})

test('clocks that a guest has set go on with the host’s time', () => {
  let now = Date.UTC(2026, 10, 29)
  const old = new Pl031(() => now)
  old.write(0x08, 1000)
  const other = new Pl031(() => now)
  other.restore(throughJson(old.save()))
  now += 5000
  expect(other.read(0)).toBe(1005)
})

test('a PC’s clock that a guest is setting stays as it is', () => {
  const old = new CmosClock()
  for (const [register, value] of [
    ...[
      [0x0b, 0x82],
      [9, 0x70],
      [0, 0x33],
    ],
  ]) {
    old.write(0, register)
    old.write(1, value)
  }
  const other = new CmosClock()
  other.restore(throughJson(old.save()))
  expect([other.read(0), other.read(1)]).toEqual([0, 0x33])
  other.write(0, 9)
  expect(other.read(1)).toBe(0x70)
  other.write(0, 0x0b)
  expect(other.read(1)).toBe(0x82)
})

test('an exit status is kept', () => {
  const [old, other] = [0, 1].map(() => new ExitRegister({name: 'x', space: 'port', first: 0, length: 1}))
  other.restore(throughJson(old.save()))
  expect(other.status).toBeUndefined()
  old.write(0, 300)
  other.restore(throughJson(old.save()))
  expect(other.status).toBe(44)
})

const uart = (Kind: typeof Serial | typeof Pl011) => wired<Uart>(Kind).port
test.each<[string, {restore(state: unknown): void}, unknown]>([
  ['no object', uart(Serial), null],
  ['too few registers', uart(Serial), {registers: [1], hasFifo: true, hasSent: true}],
  ['no byte', uart(Serial), {registers: [0, 0, 0, 0, 0, 0, 0, 256], hasFifo: true, hasSent: true}],
  ['another field', uart(Serial), {...uart(Serial).save(), more: 1}],
  ['no such register', uart(Pl011), {registers: [[0x1000, 1]], hasSent: true}],
  ['no pair', uart(Pl011), {registers: [[1]], hasSent: true}],
  ['no time', new Pl031(), {ahead: 1e300}],
  ['no register of it', new CmosClock(), {ahead: 0, index: 128}],
  ['too many registers', new CmosClock(), {ahead: 0, index: 0, set: Array.from({length: 99}, () => [0, 0])}],
  ['no status', new ExitRegister({name: 'x', space: 'port', first: 0, length: 1}), {status: -1}],
])('%s is refused', (_, device, state) => {
  expect(codeOf(() => device.restore(state))).toBe('BAD_ARGUMENT')
})

test('a text cursor keeps its registers, and takes no other state', () => {
  const cursor = new TextCursor()
  for (const [offset, value] of [
    [0, 0x4e],
    [1, 7],
    [0, 15],
    [1, 0x42],
  ])
    cursor.write(offset, value)
  const other = new TextCursor()
  other.restore(throughJson(cursor.save()))
  expect([other.read(0), other.read(1)]).toEqual([15, 0x42])
  other.write(0, 14)
  expect(other.read(1)).toBe(7)
  const {registers} = cursor.save()
  for (const state of [
    {index: 32, registers},
    {index: 0, registers: registers.slice(1)},
    {index: 0, registers: [...registers.slice(1), 256]},
  ])
    expect(codeOf(() => new TextCursor().restore(state))).toBe('BAD_ARGUMENT')
})
