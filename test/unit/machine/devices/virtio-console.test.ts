// VirtioConsole: the console and its named ports, with streams on the host's side and a driver on the guest's.

import {PassThrough, Writable} from 'node:stream'
import {describe, expect, test} from 'vitest'
import {type ConsoleOptions, VirtioConsole} from '../../../../src/machine/devices/virtio-console.ts'
import {Register} from '../../../../src/machine/virtio/registers.ts'
import {settle} from '../../../helpers/settle.ts'
import {VirtioDriver} from '../../../helpers/virtio-driver.ts'

const [TO_GUEST, TO_HOST, CONTROL_TO_GUEST, CONTROL_TO_HOST] = [0, 1, 2, 3]
const F_MULTIPORT = 2n

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1')
const bytesOf = (string: string): Uint8Array => new Uint8Array(Buffer.from(string, 'latin1'))

function makeConsole(options: ConsoleOptions = {}, without = 0n) {
  const streams = {input: new PassThrough(), output: new PassThrough()}
  const model = new VirtioConsole({...streams, ...options})
  const driver = new VirtioDriver(model, {without, memoryBytes: 1 << 23})
  driver.begin()
  const receive = async (queue: number, room = 64): Promise<string> => {
    const {bytes, written} = await driver.queues[queue].request([], [room])
    return text(bytes.subarray(0, written))
  }
  return {...streams, model, driver, receive}
}

describe('a console alone', () => {
  test('what the guest writes comes out of one stream, what goes into the other comes to the guest', async () => {
    const {input, output, driver, receive} = makeConsole()
    const hello = receive(TO_GUEST)
    await driver.queues[TO_HOST].request([bytesOf('login'), bytesOf(': ')])
    expect(text(output.read())).toBe('login: ')
    input.write('root\n')
    expect(await hello).toBe('root\n')
  })

  test('it has two queues, and its size in its configuration, which changes with the window', async () => {
    const {driver, model} = makeConsole({size: {columns: 80, rows: 24}})
    expect([driver.queues.length, driver.config(0, 2), driver.config(2, 2)]).toEqual([2, 80, 24])
    model.resize({columns: 132, rows: 43})
    await settle()
    expect([driver.configChanges, driver.config(0, 2), driver.config(2, 2)]).toEqual([1, 132, 43])
  })

  test('its window may change before the device is anywhere', () => {
    const model = new VirtioConsole({size: {columns: 80, rows: 24}})
    model.resize({columns: 100, rows: 50})
    expect(new VirtioDriver(model).config(0, 4)).toBe(100 + (50 << 16))
  })

  test('input waits for room in the guest, in whatever pieces there are', async () => {
    const {input, receive} = makeConsole()
    input.write('0123456789')
    await settle()
    expect([await receive(TO_GUEST, 4), await receive(TO_GUEST, 4), await receive(TO_GUEST, 4)]).toEqual([
      '0123',
      '4567',
      '89',
    ])
  })

  test('input is not touched while there is no driver', async () => {
    const input = new PassThrough({highWaterMark: 1000})
    const driver = new VirtioDriver(new VirtioConsole({input}))
    expect(input.write(Buffer.alloc(5000, 'a'))).toBe(false)
    await settle()
    expect([input.readableLength, input.listenerCount('readable')]).toEqual([5000, 0])
    const {queues} = driver.begin()
    const all = await Promise.all([0, 1, 2].map(() => queues[TO_GUEST].request([], [2000])))
    expect(all.reduce((sum, {written}) => sum + written, 0)).toBe(5000)
  })

  test('a guest that writes more than the host reads waits', async () => {
    const taken: Uint8Array[] = []
    const goOn: (() => void)[] = []
    const output = new Writable({
      highWaterMark: 1 << 16,
      write(chunk, _, done) {
        taken.push(chunk)
        goOn.push(done)
      },
    })
    const {driver} = makeConsole({output})
    const sizes = [1 << 20, 1 << 20]
    let isDone = false
    const all = Promise.all(sizes.map((size) => driver.queues[TO_HOST].request([new Uint8Array(size)])))
    void all.then(() => {
      isDone = true
    })
    await settle()
    expect([isDone, output.writableLength]).toEqual([false, 1 << 16])
    while (taken.reduce((sum, {length}) => sum + length, 0) < 2 << 20) {
      for (const done of goOn.splice(0)) done()
      await settle()
    }
    await all
  })

  test('an output that fails or ends drops what comes, and the guest goes on', async () => {
    const {output, driver} = makeConsole()
    await driver.queues[TO_HOST].request([bytesOf('a')])
    output.destroy(new Error('EPIPE'))
    await settle()
    expect((await driver.queues[TO_HOST].request([bytesOf('b')])).written).toBe(0)
  })

  test('a reset loses nothing of the input', async () => {
    const {input, driver, receive} = makeConsole()
    input.write('kept')
    await settle()
    driver.write(Register.status, 0)
    driver.begin()
    expect(await receive(TO_GUEST)).toBe('kept')
  })

  test('a console that was closed leaves its streams alone', async () => {
    const {input, output, model, driver} = makeConsole()
    model.close()
    input.write('for others')
    expect([input.listenerCount('readable'), output.listenerCount('drain'), text(input.read())]).toEqual([
      0,
      0,
      'for others',
    ])
    driver.write(Register.status, 0)
  })
})

/** `[port, event, value, what follows]` of a message. */
function parse(message: string): (number | string)[] {
  const bytes = Buffer.from(message, 'latin1')
  return [bytes.readUInt32LE(0), bytes.readUInt16LE(4), bytes.readUInt16LE(6), message.slice(8)]
}

function makePorts(without = 0n) {
  const agent = {input: new PassThrough(), output: new PassThrough()}
  const opened: boolean[] = []
  const ports = [{name: 'org.hv.agent', ...agent, onOpen: (isOpen: boolean) => opened.push(isOpen)}]
  const made = makeConsole({size: {columns: 80, rows: 24}, ports}, without)
  const send = async (port: number, event: number, value: number) => {
    const message = Buffer.alloc(8)
    message.writeUInt32LE(port, 0)
    message.writeUInt16LE(event, 4)
    message.writeUInt16LE(value, 6)
    await made.driver.queues[CONTROL_TO_HOST].request([new Uint8Array(message)])
  }
  const hear = async (count: number) => {
    const heard = []
    for (let i = 0; i < count; i++) heard.push(parse(await made.receive(CONTROL_TO_GUEST)))
    return heard
  }
  return {...made, agent, opened, send, hear}
}

const [READY, ADD, PORT_READY, CONSOLE, RESIZE, OPEN, NAME] = [0, 1, 3, 4, 5, 6, 7]
const [PORT_TO_GUEST, PORT_TO_HOST] = [4, 5]

describe('with named ports', () => {
  test('a driver learns of each port, of its name, and of the size of the console', async () => {
    const {driver, send, hear} = makePorts()
    expect([driver.queues.length, driver.config(4, 4)]).toEqual([6, 2])
    await send(0, READY, 1)
    expect(await hear(2)).toEqual([
      [0, ADD, 1, ''],
      [1, ADD, 1, ''],
    ])
    await send(0, PORT_READY, 1)
    await send(1, PORT_READY, 1)
    expect(await hear(5)).toEqual([
      [0, CONSOLE, 1, ''],
      [0, RESIZE, 1, '\x50\0\x18\0'],
      [0, OPEN, 1, ''],
      [1, NAME, 1, 'org.hv.agent'],
      [1, OPEN, 1, ''],
    ])
  })

  test('a port carries bytes once the guest has opened it', async () => {
    const {driver, agent, send, opened, receive} = makePorts()
    agent.input.write('ping')
    const early = receive(PORT_TO_GUEST)
    expect(await Promise.race([early, settle('waits')])).toBe('waits')
    await send(1, OPEN, 1)
    expect(await early).toBe('ping')
    await driver.queues[PORT_TO_HOST].request([bytesOf('pong')])
    await send(1, OPEN, 0)
    expect([text(agent.output.read()), opened]).toEqual(['pong', [true, false]])
  })

  test('the end of a port’s input closes it for the guest, behind the last byte', async () => {
    const {agent, send, hear, receive} = makePorts()
    await send(1, OPEN, 1)
    agent.input.end('bye')
    expect(await receive(PORT_TO_GUEST)).toBe('bye')
    expect(await hear(1)).toEqual([[1, OPEN, 0, '']])
  })

  test('a driver of one port has the console alone', async () => {
    const {driver, input, receive} = makePorts(F_MULTIPORT)
    input.write('hello')
    expect(await receive(TO_GUEST)).toBe('hello')
    const control = driver.queues[CONTROL_TO_HOST].request([new Uint8Array(8)])
    expect((await control).written).toBe(0)
  })

  test('however often a driver asks, each message is due once; nonsense is ignored', async () => {
    const {driver, send, hear} = makePorts()
    for (let i = 0; i < 1000; i++) await send(i % 3, i % 2 ? READY : PORT_READY, 1)
    for (const [port, event] of [
      [7, OPEN],
      [0xffffffff, PORT_READY],
      [0, 99],
    ])
      await send(port, event, 1)
    await driver.queues[CONTROL_TO_HOST].request([new Uint8Array(3)])
    expect((await hear(7)).map(([port, event]) => `${port} ${event}`)).toEqual([
      '0 1',
      '0 4',
      '0 5',
      '0 6',
      '1 1',
      '1 7',
      '1 6',
    ])
    const more = driver.queues[CONTROL_TO_GUEST].request([], [64])
    expect(await Promise.race([more, settle('nothing')])).toBe('nothing')
  })
})
