// The host's side of a program in a machine, and a hostile first process there.

import {once} from 'node:events'
import {type Duplex, PassThrough} from 'node:stream'
import {setImmediate as nextTurn} from 'node:timers/promises'
import {describe, expect, test} from 'vitest'
import type {VirtioVsock} from '../../../../src/machine/devices/virtio-vsock.ts'
import {MachineLink} from '../../../../src/machine/program/machine-link.ts'
import {CONTROL_PORT, encodeOrder, type MachineOrder} from '../../../../src/machine/program/order.ts'
import type {ProgramLink} from '../../../../src/machine/program/program-link.ts'
import {streamPair} from '../../../helpers/stream-pair.ts'
import {codeOf} from '../../../helpers/vm.ts'

const ORDER: MachineOrder = {
  ...{program: 'cat', args: ['-'], env: {A: 'b'}, cwd: '/', hostname: 'here'},
  ...{user: {uid: 1, gid: 2, groups: [3]}, umask: 0o22, nice: 0},
}
const [CONTROL, INPUT, OUTPUT, ERROR, , MACHINE] = [0, 1, 2, 3, 4, 5].map((more) => CONTROL_PORT + more)

class Machine {
  readonly stdin = new PassThrough()
  readonly stdout = new PassThrough()
  readonly stderr = new PassThrough()
  readonly #listeners = new Map<number, (stream: Duplex) => void>()
  readonly link: ProgramLink
  readonly #host: MachineLink
  readonly #keys: Duplex
  readonly #given: string[] = []
  /** The host's ends of all connections. */
  readonly hosts: Duplex[] = []
  ends = 0

  constructor(order = ORDER) {
    const vsock = {
      listen: (port: number, onStream: (stream: Duplex) => void) => {
        this.#listeners.set(port, onStream)
        return () => this.#listeners.delete(port)
      },
    }
    const streams = {stdin: () => this.stdin, stdout: this.stdout, stderr: this.stderr}
    this.#host = new MachineLink(vsock as unknown as VirtioVsock)
    this.link = this.#host.start(order, streams, () => this.ends++)
    this.#keys = this.open(MACHINE)!
  }

  /** Starts another program. */
  another(): ProgramLink {
    const streams = {stdin: () => new PassThrough(), stdout: new PassThrough(), stderr: new PassThrough()}
    return this.#host.start(ORDER, streams, () => {})
  }

  /** The keys that the first process was given. */
  async keys(): Promise<string[]> {
    await settled()
    const bytes: Buffer | null = this.#keys.read()
    for (let at = 0; at < (bytes?.length ?? 0); at += 16)
      this.#given.push(bytes!.toString('hex', at, at + 16))
    return this.#given
  }

  /** A connection of the first program's relay. */
  async connect(port: number): Promise<Duplex> {
    const stream = this.open(port)!
    stream.write(Buffer.from((await this.keys())[0], 'hex'))
    await settled()
    return stream
  }

  /** From the first process: it has not begun the first program. */
  async refuse(errno: number, key?: Buffer): Promise<void> {
    const of = key ?? Buffer.from((await this.keys())[0], 'hex')
    this.#keys.write(Buffer.concat([of, Buffer.from(Uint32Array.of(errno).buffer)]))
    await settled()
  }

  /** News of the first program, on a new connection. */
  async tell(bytes: Buffer): Promise<void> {
    const control = await this.connect(CONTROL)
    control.write(bytes)
  }

  /** A connection to one of the host's ports; undefined: nobody listens. */
  open(port: number): Duplex | undefined {
    const listener = this.#listeners.get(port)
    if (listener === undefined) return undefined
    const [ours, theirs] = streamPair()
    this.hosts.push(theirs)
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
    const control = await machine.connect(CONTROL)
    const [order] = await once(control, 'data')
    expect(Buffer.from(order)).toEqual(Buffer.from(encodeOrder(ORDER)))
    const [input, output, error] = await Promise.all(
      [INPUT, OUTPUT, ERROR].map((port) => machine.connect(port)),
    )
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
    [4, 2, {errno: 2, of: 'directory'}],
    [5, 13, {errno: 13, of: 'program'}],
    [7, 12, {errno: 12, of: 'machine'}],
    [0xffffffff, 0, {exitCode: 0}],
  ])('ended as %d %d: %j', async (kind, value, end) => {
    const machine = new Machine()
    const output = await machine.connect(OUTPUT)
    await machine.tell(news(kind, value))
    // Without a program nobody ends the output.
    if (!('errno' in end)) output.end()
    await settled()
    expect(machine.link.end).toEqual(end)
    expect(machine.ends).toBe(1)
  })

  test('is told signals while it is there', async () => {
    const machine = new Machine()
    expect(machine.link.signal(15)).toBe(false)
    const control = await machine.connect(CONTROL)
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
    const control = await machine.connect(CONTROL)
    for (const port of [INPUT, OUTPUT, ERROR]) (await machine.connect(port)).end()
    for (const port of [CONTROL, INPUT, OUTPUT, ERROR])
      expect((await machine.connect(port)).destroyed, String(port)).toBe(true)
    expect(machine.open(MACHINE)).toBeUndefined()
    for (const byte of news(3, 1 << 8)) control.write(Uint8Array.of(byte))
    for (let more = 0; more < 1000; more++) control.write(news(3, 2 << 8))
    control.write(Buffer.alloc(1 << 20))
    await settled()
    expect(machine.link.end).toEqual({exitCode: 1})
    expect(machine.ends).toBe(1)
  })

  test('ends, though its machine goes without a word for its streams', async () => {
    const machine = new Machine()
    const output = await machine.connect(OUTPUT)
    await machine.tell(news(3, 0))
    await settled()
    expect(machine.ends).toBe(0)
    output.destroy()
    await settled()
    expect(machine.ends).toBe(1)
  })

  test('ends when its relay goes without a word of its end', async () => {
    const machine = new Machine()
    ;(await machine.connect(CONTROL)).destroy()
    await settled()
    expect([machine.ends, machine.link.end]).toEqual([1, undefined])
  })

  test('has its process ID once it is started', async () => {
    const machine = new Machine()
    const control = await machine.connect(CONTROL)
    control.write(news(6, 77))
    control.write(news(6, 78))
    await settled()
    expect([machine.link.pid, machine.link.end]).toEqual([77, undefined])
  })

  test('that its first process cannot begin has the errno', async () => {
    const machine = new Machine()
    await machine.refuse(11, Buffer.alloc(16))
    expect(machine.ends).toBe(0)
    await machine.refuse(11)
    await machine.refuse(12)
    expect([machine.ends, machine.link.end]).toEqual([1, {errno: 11, of: 'machine'}])
  })

  test('that has a relay is not refused', async () => {
    const machine = new Machine()
    await machine.connect(CONTROL)
    await machine.refuse(11)
    expect([machine.ends, machine.link.end]).toEqual([0, undefined])
  })

  test('is abandoned with its streams, and its relay not heard later', async () => {
    const machine = new Machine()
    const output = await machine.connect(OUTPUT)
    machine.link.abandon()
    await settled()
    expect([machine.ends, output.destroyed]).toEqual([1, true])
    expect((await machine.connect(CONTROL)).destroyed).toBe(true)
    expect(machine.link.hasBegun).toBe(false)
  })

  test('hears that nobody reads its output any more', async () => {
    const machine = new Machine()
    const output = await machine.connect(OUTPUT)
    machine.stdout.destroy(new Error('EPIPE'))
    output.write('words')
    await settled()
    await machine.tell(news(3, 13))
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

describe('programs in one machine', () => {
  test('have a key each, and at most 32 run', async () => {
    const machine = new Machine()
    const others = Array.from({length: 31}, () => machine.another())
    expect(new Set(await machine.keys()).size).toBe(32)
    expect(codeOf(() => machine.another())).toBe('SANDBOX_FULL')
    await machine.tell(news(5, 2))
    await settled()
    expect(machine.another().end).toBeUndefined()
    expect(others.map(({hasBegun}) => hasBegun)).not.toContain(true)
  })

  test('are not reached by those who do not know their keys', async () => {
    const machine = new Machine()
    const [output, strange] = [await machine.connect(OUTPUT), machine.open(OUTPUT)!]
    strange.write(Buffer.alloc(1 << 16, 7))
    output.write('words')
    await settled()
    expect([strange.destroyed, String(machine.stdout.read())]).toEqual([true, 'words'])
  })

  test('are reached though many others connect and say nothing, or not enough', async () => {
    const machine = new Machine()
    for (let index = 0; index < 1000; index++) {
      const stream = machine.open(CONTROL + (index % 4))!
      if (index % 2) stream.write('short')
    }
    await settled()
    // And the one of the first process.
    expect(machine.hosts.filter(({destroyed}) => !destroyed).length).toBe(64 + 1)
    const output = await machine.connect(OUTPUT)
    output.write('words')
    await settled()
    expect(String(machine.stdout.read())).toBe('words')
  })
})
