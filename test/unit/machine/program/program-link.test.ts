// The host's side of a program in a machine, and a hostile first process there.

import {once} from 'node:events'
import {type Duplex, PassThrough} from 'node:stream'
import {setImmediate as nextTurn} from 'node:timers/promises'
import {describe, expect, test} from 'vitest'
import type {VirtioVsock} from '../../../../src/machine/devices/virtio-vsock.ts'
import {CONTROL_PORT, encodeOrder, type MachineOrder} from '../../../../src/machine/program/order.ts'
import {ProgramLink} from '../../../../src/machine/program/program-link.ts'
import {streamPair} from '../../../helpers/stream-pair.ts'
import {codeOf} from '../../../helpers/vm.ts'

const ORDER: MachineOrder = {
  ...{program: 'cat', args: ['-'], env: {A: 'b'}, cwd: '/', hostname: 'here'},
  ...{user: {uid: 1, gid: 2, groups: [3]}, umask: 0o22, nice: 0},
}
const [CONTROL, INPUT, OUTPUT, ERROR] = [0, 1, 2, 3].map((more) => CONTROL_PORT + more)

class Machine {
  readonly stdin = new PassThrough()
  readonly stdout = new PassThrough()
  readonly stderr = new PassThrough()
  readonly #listeners = new Map<number, (stream: Duplex) => void>()
  readonly link: ProgramLink
  ends = 0

  constructor(order = ORDER) {
    const vsock = {
      listen: (port: number, onStream: (stream: Duplex) => void) => {
        this.#listeners.set(port, onStream)
        return () => this.#listeners.delete(port)
      },
    }
    const streams = {stdin: () => this.stdin, stdout: this.stdout, stderr: this.stderr}
    this.link = new ProgramLink(vsock as unknown as VirtioVsock, order, streams, () => this.ends++)
  }

  /** A connection to one of the host's ports; undefined: nobody listens. */
  connect(port: number): Duplex | undefined {
    const listener = this.#listeners.get(port)
    if (listener === undefined) return undefined
    const [ours, theirs] = streamPair()
    listener(theirs)
    return ours
  }
}

const news = (kind: number, value: number): Buffer => Buffer.from(Uint32Array.of(kind, value).buffer)

async function settled(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await nextTurn()
}

describe('a program in a machine', () => {
  test('gets its order, its input, and what it writes goes out before its end is told', async () => {
    const machine = new Machine()
    const control = machine.connect(CONTROL)!
    const [order] = await once(control, 'data')
    expect(Buffer.from(order)).toEqual(Buffer.from(encodeOrder(ORDER)))
    const [input, output, error] = [INPUT, OUTPUT, ERROR].map((port) => machine.connect(port)!)
    machine.stdin.end('words')
    expect(String((await once(input, 'data'))[0])).toBe('words')
    control.write(news(3, 7 << 8))
    await settled()
    expect([machine.ends, machine.link.end]).toEqual([0, {exitCode: 7}])
    output.end('out')
    error.end('err')
    await settled()
    expect(machine.ends).toBe(1)
    expect([machine.stdout.read(), machine.stderr.read()].map(String)).toEqual(['out', 'err'])
  })

  test.each([
    [3, 7 << 8, {exitCode: 7}],
    [3, 11 | 0x80, {signal: 11}],
    [3, 0xffffffff, {exitCode: 255}],
    [4, 2, {errno: 2, ofDirectory: true}],
    [5, 13, {errno: 13, ofDirectory: false}],
    [0xffffffff, 0, {exitCode: 0}],
  ])('ended as %d %d: %j', async (kind, value, end) => {
    const machine = new Machine()
    const output = machine.connect(OUTPUT)!
    machine.connect(CONTROL)!.write(news(kind, value))
    // Without a program nobody ends the output.
    if (!('errno' in end)) output.end()
    await settled()
    expect(machine.link.end).toEqual(end)
    expect(machine.ends).toBe(1)
  })

  test('is told signals while it is there', async () => {
    const machine = new Machine()
    expect(machine.link.signal(15)).toBe(false)
    const control = machine.connect(CONTROL)!
    const told: Buffer[] = []
    control.on('data', (bytes) => told.push(bytes))
    expect(machine.link.signal(15)).toBe(true)
    expect(machine.link.resize({rows: 24, columns: 80})).toBe(true)
    await settled()
    expect(Buffer.concat(told).subarray(-16)).toEqual(Buffer.concat([news(1, 15), news(2, 24 | (80 << 16))]))
    control.write(news(3, 0))
    await settled()
    expect(machine.link.signal(15)).toBe(false)
  })

  test('is heard once: nobody else connects, and more news change nothing', async () => {
    const machine = new Machine()
    const control = machine.connect(CONTROL)!
    for (const port of [INPUT, OUTPUT, ERROR]) machine.connect(port)?.end()
    for (const port of [CONTROL, INPUT, OUTPUT, ERROR]) expect(machine.connect(port)).toBeUndefined()
    for (const byte of news(3, 1 << 8)) control.write(Uint8Array.of(byte))
    for (let more = 0; more < 1000; more++) control.write(news(3, 2 << 8))
    control.write(Buffer.alloc(1 << 20))
    await settled()
    expect(machine.link.end).toEqual({exitCode: 1})
    expect(machine.ends).toBe(1)
  })

  test('ends, though its machine goes without a word for its streams', async () => {
    const machine = new Machine()
    const output = machine.connect(OUTPUT)!
    machine.connect(CONTROL)!.write(news(3, 0))
    await settled()
    expect(machine.ends).toBe(0)
    output.destroy()
    await settled()
    expect(machine.ends).toBe(1)
  })

  test('hears that nobody reads its output any more', async () => {
    const machine = new Machine()
    const output = machine.connect(OUTPUT)!
    machine.stdout.destroy(new Error('EPIPE'))
    output.write('words')
    await settled()
    machine.connect(CONTROL)!.write(news(3, 13))
    await settled()
    expect([machine.ends, machine.link.end]).toEqual([1, {signal: 13}])
  })

  test('has no more arguments, variables and groups than its first process takes', () => {
    const many = Array.from({length: 1 << 14}, () => '')
    for (const much of [
      {args: many},
      {args: ['a'.repeat(1 << 20)]},
      {env: Object.fromEntries(Array.from({length: (1 << 14) + 1}, (_, index) => [`A${index}`, '']))},
      {user: {uid: 0, gid: 0, groups: Array.from({length: (1 << 12) + 1}, () => 1)}},
    ])
      expect(codeOf(() => encodeOrder({...ORDER, ...much}))).toBe('BAD_ARGUMENT')
  })
})
