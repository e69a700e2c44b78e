// Pl011: what a polling driver of the PrimeCell UART sees, and when the device asks for input.

import {PassThrough} from 'node:stream'
import {setTimeout as sleep} from 'node:timers/promises'
import {expect, test} from 'vitest'
import {MachineInput, MachineOutput} from '../../../../src/machine/console/streams.ts'
import {Pl011} from '../../../../src/machine/devices/pl011.ts'

const DATA = 0x00
const FLAGS = 0x18
const CONTROL = 0x30
const PERIPHERAL_ID = [0xfe0, 0xfe4, 0xfe8, 0xfec, 0xff0, 0xff4, 0xff8, 0xffc]
/** CTS, DSR, DCD; receiver and transmitter empty. */
const NOTHING_THERE = 0x97
const CARRIER_DETECT = 0x04
const RECEIVER_EMPTY = 0x10

function makeUart() {
  const stream = new PassThrough()
  const sent: number[] = []
  let opened = 0
  const input = new MachineInput(() => {
    opened++
    return stream
  })
  const output = new MachineOutput((bytes) => {
    sent.push(...bytes)
    return bytes.length
  })
  return {uart: new Pl011(input, output), output, stream, sent, opened: () => opened}
}

test('what is sent comes out, one byte a store, however wide', async () => {
  const {uart, output, sent} = makeUart()
  uart.write(DATA, 65)
  uart.write(DATA, 0x1142)
  await output.flush()
  expect(sent).toEqual([65, 0x42])
})

test('registers without a function keep what is written', () => {
  const {uart} = makeUart()
  uart.write(CONTROL, 0x301)
  expect([uart.read(CONTROL), uart.read(0x2c)]).toEqual([0x301, 0])
})

test('it says that it is a PL011 of Arm', () => {
  const {uart} = makeUart()
  expect(PERIPHERAL_ID.map((offset) => uart.read(offset))).toEqual([
    0x11, 0x10, 0x14, 0x00, 0x0d, 0xf0, 0x05, 0xb1,
  ])
})

test('a driver that looks before each byte it sends takes no input', () => {
  const {uart, opened} = makeUart()
  for (let i = 0; i < 100; i++) {
    expect(uart.read(FLAGS)).toBe(NOTHING_THERE)
    uart.write(DATA, 65)
  }
  expect([opened(), uart.isWaiting]).toEqual([0, false])
})

test('a driver that only looks is waiting for input, and gets it byte by byte', async () => {
  const {uart, stream, opened} = makeUart()
  for (let i = 0; i < 16; i++) uart.read(FLAGS)
  expect([opened(), uart.isWaiting]).toEqual([1, true])
  stream.write('ab')
  await sleep(5)
  expect(uart.read(FLAGS) & RECEIVER_EMPTY).toBe(0)
  expect([uart.read(DATA), uart.read(DATA)]).toEqual([97, 98])
  expect(uart.read(FLAGS) & RECEIVER_EMPTY).toBe(RECEIVER_EMPTY)
})

test('the carrier goes when the input has ended and all of it was read', async () => {
  const {uart, stream} = makeUart()
  uart.read(DATA)
  stream.end('z')
  await sleep(5)
  expect(uart.read(FLAGS) & CARRIER_DETECT).toBe(CARRIER_DETECT)
  expect(uart.read(DATA)).toBe(122)
  uart.read(FLAGS)
  await sleep(5)
  expect(uart.read(FLAGS) & CARRIER_DETECT).toBe(0)
})
