// Ioeventfds: stores that KVM answers by itself, and that an eventfd reports.

import {execFileSync} from 'node:child_process'
import {readdirSync, readlinkSync, readSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {fileURLToPath} from 'node:url'
import {Worker} from 'node:worker_threads'
import {expect, test} from 'vitest'
import {arch} from '../../../src/arch/index.ts'
import type {IoeventfdPlace} from '../../../src/vm/ioeventfd.ts'
import {Vm} from '../../../src/vm/vm.ts'
import {guest} from '../../helpers/guest-code.ts'
import {codeOf, describeKvm, MEMORY_BYTES} from '../../helpers/vm.ts'

const {tell, stop, stopKind, spin, numberOf} = guest
const create = () => Vm.create({memoryBytes: MEMORY_BYTES, memoryBase: guest.memoryBase})
/** Where guests tell numbers; what they store is 0. */
const placeOf = (number: number): IoeventfdPlace =>
  arch.name === 'x86_64'
    ? {space: 'port', address: number, length: 1}
    : {space: 'memory', address: 0x0a001000 + 4 * number, length: 4}
const anyLength = (number: number): IoeventfdPlace => ({...placeOf(number), length: undefined})

function eventfdsOpen(): number {
  const isEventfd = (fd: string): boolean => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`) === 'anon_inode:[eventfd]'
    } catch {
      return false
    }
  }
  return readdirSync('/proc/self/fd').filter(isEventfd).length
}

/** Counts the stores that a listener is told of, until there are that many. */
function counting(vm: Vm, place: IoeventfdPlace, stores: number): Promise<number> {
  return new Promise((resolve) => {
    let told = 0
    vm.ioeventfd(place, (count) => {
      told += count
      if (told >= stores) resolve(told)
    })
  })
}

describeKvm('a store with an ioeventfd', () => {
  test.each(['run', 'runAsync'] as const)(
    'ends no %s, and is told before the exit behind it',
    async (run) => {
      using vm = create()
      let told = 0
      vm.ioeventfd(placeOf(1), (count) => {
        told += count
      })
      const vcpu = guest.start(vm, guest.at, [...tell(1), ...tell(1), ...tell(1), ...tell(2)], {})
      const exit = await vcpu[run]()
      expect([numberOf(exit), told]).toEqual([2, 3])
    },
  )

  test('is told while the guest runs on', async () => {
    using vm = create()
    const told = counting(vm, anyLength(1), 1)
    const run = guest.start(vm, guest.at, [...tell(1), ...spin], {}).runAsync()
    expect(await told).toBe(1)
    vm.vcpus[0].interrupt()
    expect((await run).kind).toBe('interrupted')
  })

  test('is an exit when its value is another one, or its address', () => {
    using vm = create()
    vm.ioeventfd({...placeOf(1), value: 1}, () => {})
    vm.ioeventfd({...placeOf(2), value: 0n})
    const code = [...tell(1), ...tell(2), ...tell(3), ...stop]
    const vcpu = guest.start(vm, guest.at, code, {[guest.general[0]]: 0n})
    expect([vcpu.run(), vcpu.run()].map(numberOf)).toEqual([1, 3])
    expect(vcpu.run().kind).toBe(stopKind)
  })

  test('is for whoever has the descriptor, when nobody listens', () => {
    using vm = create()
    const {fd} = vm.ioeventfd(placeOf(1))
    guest.start(vm, guest.at, [...tell(1), ...tell(1), ...stop], {}).run()
    const counter = new BigUint64Array(1)
    readSync(fd, counter)
    expect(counter[0]).toBe(2n)
    expect(() => readSync(fd, counter)).toThrow('EAGAIN')
  })

  test('is an exit again when the ioeventfd is disposed of', () => {
    using vm = create()
    const first = vm.ioeventfd(placeOf(1))
    const vcpu = guest.start(vm, guest.at, [...tell(1), ...stop, ...tell(1)], {})
    expect(vcpu.run().kind).toBe(stopKind)
    first[Symbol.dispose]()
    first[Symbol.dispose]()
    expect(numberOf(vcpu.run())).toBe(1)
  })

  test('is told before the VM is saved', () => {
    using vm = create()
    let told = 0
    vm.ioeventfd(placeOf(1), (count) => {
      told += count
    })
    guest.start(vm, guest.at, [...tell(1), ...tell(1), ...stop], {}).run()
    vm.save(join(tmpdir(), `hv-saved-${process.pid}`))
    expect(told).toBe(2)
  })
})

describeKvm('ioeventfds', () => {
  test('are what the host has, and says that it has', () => {
    using vm = create()
    expect(vm.eventfdLimits).toEqual({
      ioeventfd: true,
      anyLength: true,
      irqfd: true,
      messages: arch.name === 'x86_64',
      resample: true,
      listeners: true,
    })
  })

  test('are 256 at most, and as many again when some are disposed of', () => {
    using vm = create()
    const add = (index: number) => vm.ioeventfd({space: 'memory', address: 0x10000000 + 4 * index})
    const all = Array.from({length: 256}, (_, index) => add(index))
    expect(codeOf(() => add(256))).toBe('BAD_ARGUMENT')
    all[0][Symbol.dispose]()
    add(256)
  })

  test('are gone with their VM, descriptors and all', async () => {
    const before = eventfdsOpen()
    const vm = create()
    const last = vm.ioeventfd(placeOf(1), () => expect.unreachable())
    vm.ioeventfd(placeOf(2))
    expect(eventfdsOpen()).toBe(before + 2)
    const run = guest.start(vm, guest.at, [...tell(1), ...spin], {}).runAsync()
    // The guest stores while nobody listens.
    for (const end = performance.now() + 20; performance.now() < end; );
    vm[Symbol.dispose]()
    last[Symbol.dispose]()
    expect(eventfdsOpen()).toBe(before)
    expect((await run).kind).toBe('interrupted')
    expect(codeOf(() => vm.ioeventfd(placeOf(1)))).toBe('DISPOSED')
    expect(codeOf(() => vm.eventfdLimits)).toBe('DISPOSED')
  })

  test('may dispose of one another, and of their VM', async () => {
    const vm = create()
    const heard = new Promise<number>((resolve) => {
      vm.ioeventfd(placeOf(1), (count) => {
        vm[Symbol.dispose]()
        resolve(count)
      })
    })
    vm.ioeventfd(placeOf(2), () => expect.unreachable())
    const run = guest.start(vm, guest.at, [...tell(1), ...tell(2), ...spin], {}).runAsync()
    expect(await heard).toBe(1)
    expect((await run).kind).toBe('interrupted')
  })

  test.each([
    ['another space', {space: 'disk', address: 0}],
    ['no address', {space: 'memory'}],
    ['a negative one', {space: 'memory', address: -1}],
    ['a port that there is not', {space: 'port', address: 0xffff, length: 2}],
    ['a length of no store', {space: 'memory', address: 0, length: 3}],
    ['a value without a length', {space: 'memory', address: 0, value: 1}],
    ['a value that does not fit', {space: 'memory', address: 0, length: 1, value: 256}],
    ['a negative value', {space: 'memory', address: 0, length: 8, value: -1n}],
    ['half a value', {space: 'memory', address: 0, length: 4, value: 0.5}],
    ['another option', {space: 'memory', address: 0, size: 4}],
  ])('are none of %s', (_, place) => {
    using vm = create()
    const before = eventfdsOpen()
    expect(codeOf(() => vm.ioeventfd(place as never))).toBe('BAD_ARGUMENT')
    expect(codeOf(() => vm.ioeventfd(placeOf(1), 'listener' as never))).toBe('BAD_ARGUMENT')
    expect(eventfdsOpen()).toBe(before)
  })

  test('are one for each place and value', () => {
    using vm = create()
    for (const value of [1, 2]) vm.ioeventfd({...placeOf(1), value})
    const before = eventfdsOpen()
    expect(codeOf(() => vm.ioeventfd({...placeOf(1), value: 2}))).toBe('BAD_ARGUMENT')
    expect(codeOf(() => vm.ioeventfd(placeOf(1)))).toBe('BAD_ARGUMENT')
    expect(eventfdsOpen()).toBe(before)
  })
})

describeKvm('an eventfd that is listened to', () => {
  const helper = fileURLToPath(new URL('../../helpers/eventfds.mjs', import.meta.url))
  const end = (how: string): string =>
    execFileSync(process.execPath, [helper, how], {encoding: 'utf8', timeout: 60_000})

  test.each([
    ['idle', /^(heard 2\n)?$/],
    ['dispose', /^heard 2\n$/],
    ['exit', /^heard 2\n$/],
    ['throw', /^heard 2\nuncaught: a listener’s\n$/],
  ])('lets its process end by itself (%s)', (how, says) => {
    expect(end(how)).toMatch(says)
  })

  test('ends with its worker, in the middle of being heard', async () => {
    for (let i = 0; i < 5; i++) {
      const worker = new Worker(helper)
      await new Promise((resolve) => worker.once('message', resolve))
      expect(await worker.terminate()).toBe(1)
    }
  })
})
