// Hostile drivers of virtio devices from a seed: no throw, no hang, nothing outside of the guest's memory, and the device works afterwards.
//
// HV_LONG=1 (`npm run test:long`): five minutes for each device, with another seed each time. HV_SEED: this seed.

import {readFileSync} from 'node:fs'
import {setImmediate as nextTurn, setTimeout as sleep} from 'node:timers/promises'
import {Worker} from 'node:worker_threads'
import {expect, test} from 'vitest'
import {Queue} from '../../src/machine/virtio/queue.ts'
import {Register} from '../../src/machine/virtio/registers.ts'
import {seededRandom} from '../helpers/mutate.ts'
import {FakeMemory, GUARD_BYTES, MEMORY_BASE, VirtioDriver} from '../helpers/virtio-driver.ts'
import {HOSTILE_BYTES, HostileDriver, RINGS_BYTES} from '../helpers/virtio-hostile.ts'
import {type Target, targets} from '../helpers/virtio-targets.ts'

const isLong = process.env.HV_LONG === '1'
const SECONDS = isLong ? 300 : 2
const SEED = Number(process.env.HV_SEED ?? (isLong ? Date.now() % 2 ** 31 : 20261128))
const TIMEOUT_MS = (SECONDS + 120) * 1000
/** Moves for one seed. */
const MOVES = isLong ? 30_000 : 3000
const MOVES_OF_A_TURN = 20
/** The longest until a device works again after the hostile driver. */
const ANSWER_TIMEOUT_MS = 20_000
const MOST_GROWTH_MB = 200
const LOOK_EVERY_CALLS = 16

/** What another of the guest's CPUs does to the rings meanwhile. */
const SCRIBBLER = `
const {workerData: {buffer, from, to}} = require('node:worker_threads')
const words = new Uint16Array(buffer, from, (to - from) / 2)
const pause = new Int32Array(new SharedArrayBuffer(4))
for (;;) {
  const at = Math.floor(Math.random() * words.length)
  const before = words[at]
  words[at] = Math.random() < 0.5 ? before + 1 : Math.random() * 65536
  Atomics.wait(pause, 0, 0, 0.2)
  words[at] = before
  Atomics.wait(pause, 0, 0, 1)
}`

/** This thread's time on a processor; Linux: Documentation/scheduler/sched-stats. A busy machine makes no difference. */
const onProcessorMs = (): number =>
  Number(/^(\d+)/.exec(readFileSync('/proc/self/schedstat', 'latin1'))![1]) / 1e6

/** Times a piece of work that took some 10 ms where these limits were set: a slower processor takes longer. */
function yardstickMs(): number {
  const begin = onProcessorMs()
  const bytes = new Uint8Array(4 << 20)
  for (let i = 0; i < bytes.length; i++) bytes[i] = i * 31
  bytes.slice()
  return onProcessorMs() - begin
}

/** The most of this thread's own time in one turn of the event loop. It may include a garbage collection of V8's. */
const MOST_MS = Math.max(50, 5 * Math.min(...Array.from({length: 3}, yardstickMs)))

/** Measures the processor time of moves and turns. */
class Clock {
  slowestMs = 0
  #calls = 0
  #before = onProcessorMs()

  async timed(body: () => unknown): Promise<void> {
    const start = performance.now()
    await body()
    const isSlow = performance.now() - start > MOST_MS / 5
    if (!isSlow && ++this.#calls % LOOK_EVERY_CALLS !== 0) return
    const now = onProcessorMs()
    // The time between the last look and the start is small.
    if (isSlow) this.slowestMs = Math.max(this.slowestMs, Math.round(now - this.#before))
    this.#before = now
  }
}

/** Chains that devices have given back: a hostile driver that never gets that far finds nothing. */
let completed = 0
const complete = Queue.prototype.complete
Queue.prototype.complete = function (chain, written) {
  if (chain.isLive) completed++
  complete.call(this, chain, written)
}

async function play(target: Target, seed: number, memory: FakeMemory, clock: Clock): Promise<void> {
  const random = seededRandom(seed)
  const subject = target.make(random)
  memory.view(MEMORY_BASE, HOSTILE_BYTES).fill(0)
  const driver = new VirtioDriver(subject.model, {memory, reservedBytes: RINGS_BYTES})
  const takeInterrupt = driver.line.onRaise
  driver.line.onRaise = () => {}
  const hostile = new HostileDriver(driver, random, subject.payload, subject.model.queueSizes.length)
  for (let move = 0; move < MOVES; move++) {
    await clock.timed(() => hostile.act())
    if (random(10) === 0) subject.stir(random)
    if (random(MOVES_OF_A_TURN) === 0) await clock.timed(() => nextTurn())
  }
  driver.write(Register.status, 0)
  driver.line.onRaise = takeInterrupt
  const works = await Promise.race([
    subject.works(driver.begin()),
    sleep(ANSWER_TIMEOUT_MS, 'not in time', {ref: false}),
  ])
  driver.write(Register.status, 0)
  subject.close()
  const {areGuardsWhole} = memory
  expect({seed, works, areGuardsWhole}).toEqual({seed, works: true, areGuardsWhole: true})
}

test.each(targets)(
  `hostile drivers of $name, from seed ${SEED} on, harm nobody`,
  {timeout: TIMEOUT_MS},
  async (target) => {
    const clock = new Clock()
    const end = performance.now() + SECONDS * 1000
    const [before, completedBefore] = [process.memoryUsage().rss, completed]
    const memory = new FakeMemory(HOSTILE_BYTES, true)
    const range = {buffer: memory.buffer, from: GUARD_BYTES, to: GUARD_BYTES + RINGS_BYTES}
    const scribbler = new Worker(SCRIBBLER, {eval: true, workerData: range})
    let seed = SEED
    try {
      while (performance.now() < end) await play(target, seed++, memory, clock)
    } finally {
      await scribbler.terminate()
    }
    const growthMb = Math.round((process.memoryUsage().rss - before) / 2 ** 20)
    const took = {SEED, seeds: seed - SEED, completed: completed - completedBefore, growthMb}
    if (isLong) console.log(target.name, took, clock.slowestMs)
    expect(took.completed).toBeGreaterThan(20)
    expect(clock.slowestMs).toBeLessThan(MOST_MS)
    expect(growthMb).toBeLessThan(MOST_GROWTH_MB)
  },
)
