// VirtioBalloon: what a driver gives to the host, and what a hostile one does.

import {setImmediate as nextTurn} from 'node:timers/promises'
import {expect, test} from 'vitest'
import {VirtioBalloon} from '../../../../src/machine/devices/virtio-balloon.ts'
import {Register, Status} from '../../../../src/machine/virtio/registers.ts'
import {FakeMemory, GUARD_BYTES, MEMORY_BASE, VirtioDriver} from '../../../helpers/virtio-driver.ts'
import {codeOf} from '../../../helpers/vm.ts'

const PAGE = 4096
const MIB = 1 << 20
const [INFLATE, DEFLATE, STATISTICS, , REPORT] = [0, 1, 2, 3, 4]
const F_STATS_VQ = 1n << 1n
const [NUM_PAGES, ACTUAL] = [0, 4]
const FIRST = MEMORY_BASE / PAGE

/** Memory that knows what was given back. */
class GivenMemory extends FakeMemory {
  readonly given: [address: number, length: number][] = []

  discard(view: Uint8Array): number {
    this.given.push([this.base + view.byteOffset - GUARD_BYTES, view.length])
    return view.length
  }
}

function begun(without = 0n) {
  const model = new VirtioBalloon()
  const memory = new GivenMemory(1 << 25)
  const driver = new VirtioDriver(model, {without, memory}).begin()
  return {model, driver, given: memory.given, queues: driver.queues}
}

const numbers = (...pages: number[]): Uint8Array => new Uint8Array(Uint32Array.from(pages).buffer)

/** Entries of a tag and a value. */
function entries(...list: [tag: number, value: bigint][]): Uint8Array {
  const view = new DataView(new ArrayBuffer(10 * list.length))
  for (const [index, [tag, value]] of list.entries()) {
    view.setUint16(10 * index, tag, true)
    view.setBigUint64(10 * index + 2, value, true)
  }
  return new Uint8Array(view.buffer)
}

test('pages that a driver puts into the balloon go to the host, consecutive ones together', async () => {
  const {model, queues, given} = begun()
  await queues[INFLATE].request([numbers(FIRST + 100, FIRST + 101, FIRST + 102), numbers(FIRST + 50)])
  expect(given).toEqual([
    [MEMORY_BASE + 100 * PAGE, 3 * PAGE],
    [MEMORY_BASE + 50 * PAGE, PAGE],
  ])
  expect(model.counts).toEqual({inflatedBytes: 4 * PAGE, reportedBytes: 0})
})

test('pages that leave the balloon cost nothing', async () => {
  const {queues, given} = begun()
  expect((await queues[DEFLATE].request([numbers(FIRST, 2 ** 32 - 1)])).written).toBe(0)
  expect(given).toEqual([])
})

test.each([3, REPORT])('what is reported as free goes to the host: queue %i', async (index) => {
  const {model, queues, given} = begun()
  const {written} = await queues[index].request([], [4 * MIB, 8 * PAGE])
  expect([written, given.map(([, length]) => length)]).toEqual([0, [4 * MIB, 8 * PAGE]])
  expect(model.counts).toEqual({inflatedBytes: 0, reportedBytes: 4 * MIB + 8 * PAGE})
})

test('without statistics, the third queue is for reports', async () => {
  const {model, queues, given} = begun(F_STATS_VQ)
  await queues[STATISTICS].request([], [PAGE])
  expect([given.length, await model.statistics()]).toEqual([1, undefined])
})

test('a driver hears what it is to give, and says what it has given', async () => {
  const {model, driver} = begun()
  model.targetBytes = 3 * MIB + 1
  await Promise.resolve()
  expect([driver.configChanges, driver.config(NUM_PAGES, 4)]).toEqual([1, 3 * 256])
  driver.write(Register.config + ACTUAL, 2 * 256)
  driver.write(Register.config + NUM_PAGES, 1)
  expect([model.targetBytes, model.actualBytes]).toEqual([3 * MIB, 2 * MIB])
  driver.write(Register.status, 0)
  expect([model.targetBytes, model.actualBytes]).toEqual([3 * MIB, 0])
})

test('a driver is asked for its statistics, once for all who ask', async () => {
  const {model, queues} = begun()
  const first = queues[STATISTICS].request([entries([4, 1n])])
  const asked = [model.statistics(), model.statistics()]
  await first
  void queues[STATISTICS].request([entries([4, 2n ** 20n], [5, 2n ** 22n], [99, 7n], [2, 3n])])
  const answer = {freeBytes: 2 ** 20, totalBytes: 2 ** 22, majorFaults: 3}
  expect(await Promise.all(asked)).toEqual([answer, answer])
})

test('a driver that answers no question leaves nobody waiting', async () => {
  const {model, driver, queues} = begun()
  void queues[STATISTICS].request([entries([4, 1n])])
  expect(await model.statistics()).toBeUndefined()
  const asked = model.statistics()
  driver.write(Register.status, 0)
  expect(await asked).toBeUndefined()
})

test('statistics are as many as a driver may have, and it has one buffer for them', async () => {
  const {model, queues} = begun()
  const many = Array.from({length: 100}, (_, index): [number, bigint] => [4, BigInt(index)])
  const first = queues[STATISTICS].request([entries(...many)])
  const second = queues[STATISTICS].request([Uint8Array.of(1, 2, 3)])
  await first
  const asked = model.statistics()
  await second
  void queues[STATISTICS].request([entries(...many)])
  expect(await asked).toEqual({freeBytes: 31})
})

test.each([
  ['beyond memory', [FIRST + 100, FIRST + (1 << 25) / PAGE]],
  ['partly beyond memory', [FIRST + (1 << 25) / PAGE - 1, FIRST + (1 << 25) / PAGE]],
  ['beyond all memory', [2 ** 32 - 1]],
  ['below memory', [0]],
])('a page %s needs a reset', (_, pages) => {
  const {driver, queues, given} = begun()
  void queues[INFLATE].request([numbers(...pages)])
  expect(driver.status & Status.needsReset).toBe(Status.needsReset)
  expect(driver.device.brokenBy).toMatch(/^the balloon: \d+ bytes at/)
  expect(given.every(([address]) => address === MEMORY_BASE + 100 * PAGE)).toBe(true)
})

test('pages that are given twice, and chains of odd lengths, are no harm', async () => {
  const {driver, queues, given} = begun()
  await queues[INFLATE].request([numbers(FIRST + 7, FIRST + 7), Uint8Array.of(1, 2, 3)])
  await queues[INFLATE].request([], [64])
  await queues[REPORT].request([numbers(FIRST)])
  expect([given.length, driver.status & Status.needsReset]).toEqual([2, 0])
})

test('a chain of many pages, or of much memory, holds up no turn of the event loop', async () => {
  const {driver, queues, given} = begun()
  const pages = Array.from({length: 50_000}, (_, index) => FIRST + (index % 2 ? 3 : 5000) + (index % 7))
  const inflated = queues[INFLATE].request([numbers(...pages)])
  expect(given.length).toBeLessThanOrEqual(256)
  await nextTurn()
  expect(given.length).toBeLessThanOrEqual(512)
  await inflated
  given.length = 0
  const reported = queues[REPORT].request([], [20 * MIB])
  expect(given.length).toBe(1)
  await reported
  const lengths = given.map(([, length]) => length)
  expect(Math.max(...lengths)).toBeLessThanOrEqual(16 * MIB)
  expect(lengths.reduce((sum, length) => sum + length)).toBe(20 * MIB)
  expect(driver.status & Status.needsReset).toBe(0)
})

test('a reset ends what is being given back', async () => {
  const {driver, queues, given} = begun()
  void queues[INFLATE].request([numbers(...Array.from({length: 2000}, (_, index) => FIRST + 2 * index))])
  const before = given.length
  driver.write(Register.status, 0)
  for (let turn = 0; turn < 5; turn++) await nextTurn()
  expect([before, given.length]).toEqual([256, 256])
})

test('it goes on in another machine, with its target and the chain that it was at', async () => {
  const {model, driver, queues, given} = begun()
  model.targetBytes = 5 * MIB
  driver.write(Register.config + ACTUAL, 256)
  const inflated = queues[INFLATE].request([
    numbers(...Array.from({length: 300}, (_, index) => FIRST + 2 * index)),
  ])
  const state = driver.saved()
  driver.device.reset()
  given.length = 0
  const other = new VirtioBalloon()
  driver.moveTo(other, state)
  await inflated
  expect([given.length, other.targetBytes, other.actualBytes]).toEqual([300, 5 * MIB, MIB])
})

test.each([{}, {target: -1, actual: 0}, {target: 0, actual: 2 ** 32}, {target: 0, actual: 0, more: 1}])(
  'the state %j is refused',
  (state) => {
    expect(codeOf(() => new VirtioBalloon().restore(state))).toBe('BAD_ARGUMENT')
  },
)
