// A core that comes out of a machine, and senders of anything else in its place.

import type {Duplex} from 'node:stream'
import {setImmediate as nextTurn} from 'node:timers/promises'
import {expect, test} from 'vitest'
import type {VirtioVsock} from '../../../../src/machine/devices/virtio-vsock.ts'
import {CORE_PORT, WHO_BYTES} from '../../../../src/machine/program/order.ts'
import {ProgramCore} from '../../../../src/machine/program/program-core.ts'
import {streamPair} from '../../../helpers/stream-pair.ts'

const MOST_BYTES = 1 << 16
const PAGE_BYTES = 4096

class Machine {
  readonly written: [position: number, bytes: number][] = []
  /** The outcomes that were reported. */
  readonly told: string[] = []
  readonly core: ProgramCore
  fileBytes = 0
  /** The room on the file's disk. */
  room = Number.POSITIVE_INFINITY
  #listener: ((stream: Duplex) => void) | undefined

  constructor() {
    const vsock = {
      listen: (port: number, onStream: (stream: Duplex) => void) => {
        expect(port).toBe(CORE_PORT)
        this.#listener = onStream
        return () => {
          this.#listener = undefined
        }
      },
    }
    const sink = {
      write: (bytes: Uint8Array, position: number) => {
        this.room -= bytes.length
        if (this.room < 0) throw Object.assign(new Error('no room'), {code: 'ENOSPC'})
        this.written.push([position, bytes.length])
      },
      setLength: (bytes: number) => {
        this.fileBytes = bytes
      },
    }
    const take = (who: string, finish: () => void): void => {
      try {
        finish()
        this.told.push(`${who} is there`)
      } catch (error) {
        this.told.push(`${who}: ${(error as NodeJS.ErrnoException).code}`)
      }
    }
    this.core = new ProgramCore(vsock as unknown as VirtioVsock, {sink, take}, MOST_BYTES)
  }

  /** The stream of a process with a core; undefined: nobody wants the core. */
  connect(who?: string): Duplex | undefined {
    const [ours, theirs] = streamPair()
    if (this.#listener === undefined) return undefined
    this.#listener(theirs)
    if (who !== undefined) ours.write(Buffer.from(who.padEnd(WHO_BYTES, '\0'), 'latin1'))
    return ours
  }
}

async function settled(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await nextTurn()
}

/** Sends bytes as a piece of their own, like one of the device's packets. */
async function send(process: Duplex, bytes: Buffer): Promise<void> {
  process.write(bytes)
  await settled()
}

test('a core is kept as it comes, with holes for zeros, and who sends it hears that it is there', async () => {
  const machine = new Machine()
  const process = machine.connect('sh (12)')!
  let isOver = false
  process.on('end', () => {
    isOver = true
  })
  process.resume()
  await send(process, Buffer.alloc(5000, 1))
  await send(process, Buffer.alloc(2 * MOST_BYTES))
  await send(process, Buffer.alloc(10, 1))
  await send(process, Buffer.alloc(PAGE_BYTES))
  expect([machine.told, isOver]).toEqual([[], false])
  process.end()
  await settled()
  expect([machine.told, isOver]).toEqual([['sh (12) is there'], true])
  const kept = [
    [0, 5000],
    [5000 + 2 * MOST_BYTES, 10],
  ]
  expect(machine.written).toEqual(kept)
  expect(machine.fileBytes).toBe(5000 + 2 * MOST_BYTES + 10 + PAGE_BYTES)
})

test('it may come byte by byte, and whose it is, too', async () => {
  const machine = new Machine()
  const process = machine.connect()!
  for (const byte of Buffer.from('a\nb (1)'.padEnd(WHO_BYTES + 3, '\0'))) process.write(Uint8Array.of(byte))
  process.end()
  await settled()
  expect([machine.told, machine.fileBytes]).toEqual([['a\\x0ab (1) is there'], 3])
})

test.each([
  ['nothing at all', Buffer.alloc(0), 'a process: it is empty'],
  ['half of a name', Buffer.from('sh'), 'sh: it is empty'],
  ['nothing but a name', Buffer.from('sh'.padEnd(WHO_BYTES, '\0')), 'sh: it is empty'],
])('%s is no core', async (_, bytes, told) => {
  const machine = new Machine()
  machine.connect()!.end(bytes)
  await settled()
  expect(machine.told).toEqual([told])
})

test('the first one is heard, and told of once', async () => {
  const machine = new Machine()
  const process = machine.connect('first (1)')!
  expect(machine.connect('second (2)')).toBeUndefined()
  process.end('core')
  await settled()
  expect(machine.connect('third (3)')).toBeUndefined()
  machine.core.close()
  expect(machine.told).toEqual(['first (1) is there'])
})

test('one that is endless stops at the size of the machine', async () => {
  const machine = new Machine()
  const process = machine.connect('yes (1)')!
  for (let more = 0; more < 20; more++) await send(process, Buffer.alloc(PAGE_BYTES, 1))
  expect(machine.told).toEqual(['yes (1): it is larger than the machine'])
  expect(machine.written).toHaveLength(MOST_BYTES / PAGE_BYTES)
  expect(machine.fileBytes).toBe(MOST_BYTES)
})

test('one that stays open holds nobody up, and is not whole', async () => {
  const machine = new Machine()
  machine.connect('idle (1)')!.write('begin')
  await settled()
  machine.core.close()
  expect([machine.told, machine.fileBytes]).toEqual([['idle (1): it ended early'], 5])
})

test('one that the machine resets is not whole', async () => {
  const machine = new Machine()
  const process = machine.connect('sh (1)')!
  process.write('begin')
  await settled()
  process.destroy(new Error('reset'))
  await settled()
  machine.core.close()
  expect(machine.told).toEqual(['sh (1): it ended early'])
})

test('one that its file has no room for is told of once, and no more is taken', async () => {
  const machine = new Machine()
  machine.room = 5
  const process = machine.connect('sh (1)')!
  for (let more = 0; more < 10; more++) await send(process, Buffer.from('four'))
  machine.core.close()
  expect([machine.told, machine.fileBytes]).toEqual([['sh (1): ENOSPC'], 4])
})

test('none is told of when no process has died', () => {
  const machine = new Machine()
  machine.core.close()
  expect(machine.told).toEqual([])
})
