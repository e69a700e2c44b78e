// The interrupts of both UARTs, and what their status register shows a vCPU's thread.

import {PassThrough} from 'node:stream'
import {expect, test} from 'vitest'
import {MachineInput, MachineOutput} from '../../../../src/machine/console/streams.ts'
import {Pl011} from '../../../../src/machine/devices/pl011.ts'
import {Serial} from '../../../../src/machine/devices/serial.ts'

const UARTS = [
  // Interrupt enable; received and sent; line status: transmitter empty, and data ready.
  {name: 'a 16550', Uart: Serial, enable: 1, received: 0x01, sent: 0x02, idle: 0x60, ready: 0x61},
  // Interrupt mask; received and sent; flags: CTS, DSR, DCD, TXFE; RXFE without data.
  {name: 'a PL011', Uart: Pl011, enable: 0x38, received: 0x50, sent: 0x20, idle: 0x97, ready: 0x87},
]

function make(Uart: (typeof UARTS)[number]['Uart']) {
  const stream = new PassThrough()
  const log: string[] = []
  let status = -1
  const line = {raise: () => log.push('raise'), lower: () => log.push('lower'), pulse() {}}
  const input = new MachineInput(() => stream)
  const uart = new Uart(input, new MachineOutput(({length}) => length))
  uart.wire({
    line,
    status: (value) => {
      status = value
    },
  })
  return {uart, stream, log, status: () => status}
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

for (const {name, Uart, enable, received, sent, idle, ready} of UARTS) {
  test(`${name} raises its line for input, once, until the byte is read`, async () => {
    const {uart, stream, log, status} = make(Uart)
    expect(status()).toBe(idle)
    uart.write(enable, received)
    stream.write('ab')
    await turn()
    expect([...log, status()]).toEqual(['raise', ready])
    expect([uart.read(0), uart.read(0)]).toEqual([0x61, 0x62])
    expect([...log, status()]).toEqual(['raise', 'lower', idle])
  })

  test(`${name} raises its line when a byte was sent, if the guest wants to know`, () => {
    const {uart, log} = make(Uart)
    uart.write(0, 65)
    expect(log).toEqual([])
    uart.write(enable, sent)
    expect(log).toEqual(['raise'])
    uart.write(enable, 0)
    expect(log).toEqual(['raise', 'lower'])
  })
}
