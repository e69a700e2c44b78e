// The benchmarks of the guest `paper` (guests/bare/paper.c) from the host's side: through the VM API, in one process.
//
//   node .cache/paper-vm.mjs GUEST counted|timed [BENCHMARK...]     ci/bundle-script.mjs makes it; prints a Measured as a line of JSON for each
//
// All times are of the host's monotonic clock. The guest's counter is converted to it: through its frequency on arm64; on x86_64 the
// guest tells its counter twice, and the host notes the time of each. Where a moment of one is compared with a moment of the other
// (`out`, `in`), the host asks for the guest's counter many times, through its register on arm64 and through shared memory on x86_64,
// and the quickest answer counts: it bounds the error.

import {spawnSync} from 'node:child_process'
import {allowedCpus, median} from './measure.mjs'
import {answer, COMPARE, DONE, Guest, isArm, isDoorbell, MARK, now, spin} from './paper-guest.mjs'

/**
 * @typedef {object} Measured
 * @property {string} name
 * @property {number} [ns] one operation: the median of timed ones; the least of counted ones, as all else only adds
 * @property {number} [errorNs] how far off the figure may be, where the clocks were compared
 * @property {string} [why] why there is no figure, or a remark on it
 */

// guests/bare/paper.c.
const BATCHES = 400
const BATCHES_OF_QUESTIONS = 100
const BATCH = 50
/** SPI 32 of arm64; a message with that vector on x86_64. */
const LINE = 0
const MESSAGE = {address: 0xfee00000, data: 0x40}

const TIMEOUT_MS = 20_000
/** Long enough that a waiting vCPU has gone to sleep. */
const PAUSE_NS = {in: 50e3, 'in-waiting': 2e6}

const [path, how, ...names] = process.argv.slice(2)
/** Tells that the machine's clocks count instructions and its processors take turns: a waiting one gives its turn to the other. */
const isCounted = how === 'counted'
/** How many events are timed one by one. Stores, which JavaScript handles, need more, until V8 has compiled the handler. */
const EVENTS = isCounted ? 100 : 400
const STORES = 4000
const nobody = new Int32Array(new SharedArrayBuffer(4))
const giveWay = isCounted ? () => Atomics.wait(nobody, 0, 0, 1) : undefined

/** Operations that KVM answers; on a thread of their own, as a guest that never exits would keep this one for ever. */
async function alone(name) {
  using guest = new Guest(path, name, EVENTS)
  const signal = AbortSignal.timeout(TIMEOUT_MS)
  for (let what = await guest.runAsync(signal); what !== DONE; what = await guest.runAsync(signal))
    guest.mark()
  return batches(guest, BATCHES)
}

/** Operations that JavaScript answers, on this thread, as that is the short way. */
function asking(name) {
  using guest = new Guest(path, name, EVENTS)
  for (let what = guest.run(); what !== DONE; what = guest.run()) guest.mark()
  return batches(guest, BATCHES_OF_QUESTIONS)
}

function batches(guest, length, share = 1) {
  const nsPerTick = tickNs(guest)
  return figure(Array.from({length}, (_, i) => (guest.sample(i) * nsPerTick) / BATCH / share))
}

/** A counted tick is one instruction on both architectures. */
const tickNs = (guest) => (isCounted ? 1 : guest.clock().nsPerTick)

function figure(values) {
  return {ns: isCounted ? Math.min(...values) : median(values)}
}

/** Two machines in turn, on one processor: between two questions of the first, both are entered and left. */
function switching(name) {
  using first = new Guest(path, name, EVENTS)
  using second = new Guest(path, name, EVENTS)
  if (first.run() !== MARK || second.run() !== MARK) throw new Error('the guest told nothing')
  first.mark()
  return pinned(() => {
    for (;;) {
      const exit = first.step()
      if (isDoorbell(exit)) break
      answer(exit)
      answer(second.step())
    }
    first.mark()
    return batches(first, BATCHES_OF_QUESTIONS, 2)
  })
}

/** Pins this thread to one processor, if the host can. */
function pinned(run) {
  const all = allowedCpus()
  const set = (cpus) => spawnSync('taskset', ['-pc', cpus.join(','), `${process.pid}`], {stdio: 'ignore'})
  const {status} = set(all.slice(0, 1))
  try {
    return {...run(), ...(status !== 0 && {why: 'not pinned: no taskset'})}
  } finally {
    set(all)
  }
}

async function ipi(name) {
  using guest = new Guest(path, name, EVENTS, 2)
  const signal = AbortSignal.timeout(TIMEOUT_MS)
  const second = guest.vcpus[1].runAsync(signal)
  // Awaited only when the first one is done.
  second.catch(() => {})
  for (let what = await guest.runAsync(signal); what !== DONE; what = await guest.runAsync(signal))
    guest.mark()
  guest.vcpus[1].interrupt()
  const {kind} = await second
  if (kind !== 'interrupted') throw new Error(`the second processor ended with ${kind}`)
  const nsPerTick = tickNs(guest)
  return figure(Array.from({length: EVENTS}, (_, i) => guest.sample(i) * nsPerTick))
}

/** Measures from before the guest's store until JavaScript holds the exit. */
async function out(name) {
  using guest = new Guest(path, name, STORES)
  const signal = AbortSignal.timeout(TIMEOUT_MS)
  if (guest.run() !== COMPARE) throw new Error('the guest told nothing')
  const sent = []
  const heard = []
  let what = await guest.compare(signal)
  // The first exit came through the other thread.
  while (what !== COMPARE) {
    what = guest.run()
    heard.push(now())
    sent.push(guest.long('stamp'))
  }
  await guest.compare(signal)
  const {toNs, errorNs} = guest.clock()
  const values = sent.slice(0, -1).map((stamp, i) => heard[i] - toNs(stamp))
  return {...figure(values), errorNs}
}

/** Measures from before the line is raised until the guest's handler runs. */
async function into(name) {
  using guest = new Guest(path, name, EVENTS)
  const signal = AbortSignal.timeout(TIMEOUT_MS)
  const {irqchip} = guest.vm
  const line = isArm ? irqchip.line(LINE) : {pulse: () => irqchip.sendMsi(MESSAGE)}
  if (guest.run() !== COMPARE) throw new Error('the guest told nothing')
  const next = guest.compare(signal)
  // Awaited only when all are sent: what fails before that is the reason.
  next.catch(() => {})
  spin(() => guest.word('ready') === 1, giveWay)
  // The vCPU's thread already exists, so it has the other processor.
  const {raised, taken} = pinned(() => send(guest, line, PAUSE_NS[name]))
  if ((await next) !== COMPARE) throw new Error('the guest told nothing')
  await guest.compare(signal)
  const {toNs, errorNs} = guest.clock()
  return {...figure(taken.map((stamp, i) => toNs(stamp) - raised[i])), errorNs}
}

function send(guest, line, pauseNs) {
  const raised = []
  const taken = []
  for (let i = 0; i < EVENTS; i++) {
    const until = now() + pauseNs
    spin(() => now() >= until, giveWay)
    raised.push(now())
    line.pulse()
    spin(() => guest.word('taken') === i + 1, giveWay)
    taken.push(guest.long('stamp'))
  }
  return {raised, taken}
}

const benchmarks = {
  hypercall: alone,
  controller: alone,
  ipi,
  completion: alone,
  switch: switching,
  out,
  in: into,
  'in-waiting': into,
  'io-user': asking,
}
const needClocks = ['out', 'in', 'in-waiting']
const needTwoCpus = ['ipi', ...needClocks]

for (const name of names.length > 0 ? names : Object.keys(benchmarks)) {
  console.log(JSON.stringify({name, ...(await measured(name))}))
}

/** @returns {Promise<Omit<Measured, 'name'>>} */
async function measured(name) {
  if (needTwoCpus.includes(name) && allowedCpus().length < 2) return {why: 'needs two processors'}
  if (needClocks.includes(name) && isCounted && !isArm) {
    return {why: 'the clocks cannot be compared, as the processors take turns'}
  }
  try {
    return await benchmarks[name](name)
  } catch (error) {
    return {why: error.message}
  }
}
