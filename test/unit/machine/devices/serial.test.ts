// Serial: what a polling 16550 driver sees, and when the device asks for input.

import {PassThrough} from 'node:stream'
import {setTimeout as sleep} from 'node:timers/promises'
import {expect, test} from 'vitest'
import {MachineInput, MachineOutput} from '../../../../src/machine/console/streams.ts'
import {Serial} from '../../../../src/machine/devices/serial.ts'

const DATA = 0
const LINE_CONTROL = 3
const LINE_STATUS = 5
const MODEM_STATUS = 6
const SCRATCH = 7

function makeSerial() {
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
  return {serial: new Serial(input, output), input, output, stream, sent, opened: () => opened}
}

test('the transmitter is always empty, and what is sent comes out', async () => {
  const {serial, output, sent} = makeSerial()
  expect(serial.read(LINE_STATUS)).toBe(0x60)
  serial.write(DATA, 65)
  await output.flush()
  expect(sent).toEqual([65])
})

test('a divisor that a driver sets is not sent, and reads back', async () => {
  const {serial, output, sent} = makeSerial()
  serial.write(LINE_CONTROL, 0x83)
  serial.write(DATA, 1)
  expect(serial.read(DATA)).toBe(1)
  serial.write(LINE_CONTROL, 0x03)
  await output.flush()
  expect(sent).toEqual([])
})

test('registers without a function keep what is written', () => {
  const {serial} = makeSerial()
  serial.write(SCRATCH, 0x5a)
  expect(serial.read(SCRATCH)).toBe(0x5a)
})

test('a driver that looks before each byte it sends takes no input', () => {
  const {serial, opened} = makeSerial()
  for (let i = 0; i < 100; i++) {
    serial.read(LINE_STATUS)
    serial.write(DATA, 65)
  }
  expect(opened()).toBe(0)
  expect(serial.isWaiting).toBe(false)
})

test('a driver that only looks is waiting for input, and gets it byte by byte', async () => {
  const {serial, stream, opened} = makeSerial()
  for (let i = 0; i < 16; i++) serial.read(LINE_STATUS)
  expect([opened(), serial.isWaiting]).toEqual([1, true])
  stream.write('ab')
  await sleep(5)
  expect(serial.read(LINE_STATUS)).toBe(0x61)
  expect(serial.read(DATA)).toBe(97)
  expect(serial.read(DATA)).toBe(98)
  expect(serial.read(LINE_STATUS)).toBe(0x60)
})

test('the carrier goes when the input has ended and all of it was read', async () => {
  const {serial, stream} = makeSerial()
  expect(serial.read(MODEM_STATUS)).toBe(0xb0)
  serial.read(DATA)
  stream.end('z')
  await sleep(5)
  expect(serial.read(MODEM_STATUS)).toBe(0xb0)
  expect(serial.read(DATA)).toBe(122)
  expect(serial.read(LINE_STATUS)).toBe(0x60)
  await sleep(5)
  expect(serial.read(MODEM_STATUS)).toBe(0x30)
})

test('waiting ends with the first byte, and at the latest when it is told', async () => {
  const {input, stream} = makeSerial()
  input.start()
  const started = performance.now()
  await input.wait(20)
  expect(performance.now() - started).toBeGreaterThan(15)
  setTimeout(() => stream.write('x'), 5)
  await input.wait(10_000)
  expect(input.take()).toBe(120)
})
