// The guest `paper` (guests/bare/paper.c) in a virtual machine, and its clock compared with the host's.

import {addon} from '../../src/addon.ts'
import {GuestFile, openGuestFile} from '../../src/machine/bare/guest-file.ts'
import {machine} from '../../src/machine/host-machine.ts'
import {Vm} from '../../src/vm/vm.ts'

// guests/bare/paper.h, and its indexes of 32-bit and of 64-bit words.
const MAILBOX = 0x50000000
const MAILBOX_BYTES = 0x10000
const WORD = {request: 0, reply: 1, taken: 4, ready: 5, events: 8, gicVersion: 9}
const LONG = {counter: 1, stamp: 3, frequency: 5, samples: 6}
// guests/bare/paper.c.
export const MARK = 0xfffffffd
export const COMPARE = 0xfffffffe
export const DONE = 0xffffffff
const LEAVE = 0xffffffff
// guests/bare/arch/ARCH/paper-ops.h.
const DOORBELL = {mmio: 0x0a000000, io: 0x510}

const MEMORY_BYTES = 16 << 20
const STACK_BYTES = 0x10000
const QUESTIONS = 3000
const SPIN_MS = 5000
const NS_PER_MS = 1e6
const NS_PER_S = 1e9

/** The host's monotonic clock. */
export const now = () => addon.monotonicNs()
export const isArm = machine.memoryBase !== 0

export class Guest {
  vm
  vcpus
  /** Values of the guest's counter, and when it had them. */
  points = []

  /** @param {string} name of a benchmark @param {number} events how many events are timed one by one */
  constructor(path, name, events, cpus = 1) {
    this.vm = Vm.create({memoryBytes: MEMORY_BYTES, memoryBase: machine.memoryBase, irqchip: true})
    this.vm.addMemory({address: MAILBOX, bytes: MAILBOX_BYTES})
    const {buffer, byteOffset} = this.vm.memory.view(MAILBOX, MAILBOX_BYTES)
    this.words = new Uint32Array(buffer, byteOffset, 16)
    this.longs = new BigInt64Array(buffer, byteOffset, MAILBOX_BYTES / 8)
    this.words[WORD.events] = events
    this.words[WORD.gicVersion] = this.vm.irqchip.kind === 'gicv2' ? 2 : 3
    using file = new GuestFile(openGuestFile(path), path)
    const start = file.load(this.vm.memory, [name])
    this.vcpus = Array.from({length: cpus}, () => this.vm.createVcpu())
    machine.boot(this.vm, this.vcpus[0], start)
    // On x86_64 the first vCPU starts the second.
    if (cpus === 2 && isArm) {
      const [memoryBytes, , argv] = start.args
      const second = {...start, stack: start.stack - STACK_BYTES / 2, args: [memoryBytes, 0, argv]}
      machine.boot(this.vm, this.vcpus[1], second)
    }
  }

  word(name) {
    return Atomics.load(this.words, WORD[name])
  }

  long(name) {
    return Number(Atomics.load(this.longs, LONG[name]))
  }

  sample(index) {
    return Number(this.longs[LONG.samples + index])
  }

  /** Runs until the next exit, on this thread. A signal to the process also ends a run. */
  step() {
    for (;;) {
      const exit = this.vcpus[0].run()
      if (exit.kind !== 'interrupted') return exit
    }
  }

  /** Runs until the doorbell rings; the guest's questions until then are answered at once. @returns what the guest told */
  run() {
    for (;;) {
      const exit = this.step()
      if (isDoorbell(exit)) return told(exit)
      answer(exit)
    }
  }

  /** The same on the vCPU's own thread. */
  async runAsync(signal) {
    for (;;) {
      const exit = await this.vcpus[0].runAsync(signal)
      if (isDoorbell(exit)) return told(exit)
      if (exit.kind !== 'interrupted') throw new Error(`the guest ended with ${exit.kind}`)
      if (signal.aborted) throw new Error('it does not end')
    }
  }

  /** Records that the counter value that the guest has just told belongs to this time. */
  mark(at = now()) {
    this.points.push({host: at, guest: this.long('counter'), errorNs: 0})
  }

  /** Lets the guest go on from COMPARE. */
  async compare(signal) {
    Atomics.store(this.words, WORD.reply, 0)
    Atomics.store(this.words, WORD.request, isArm ? LEAVE : 0)
    if (isArm) {
      this.points.push(this.#nearest(() => Number(this.vcpus[0].registers.get('cntvct_el0'))))
      return this.runAsync(signal)
    }
    const next = this.runAsync(signal)
    // If the guest does not answer, that is the reason, and nobody awaits this.
    next.catch(() => {})
    let request = 0
    const ask = () => {
      Atomics.store(this.words, WORD.request, ++request)
      spin(() => this.word('reply') === request)
      return this.long('counter')
    }
    this.points.push(this.#nearest(ask))
    Atomics.store(this.words, WORD.request, LEAVE)
    return next
  }

  /** @param {() => number} ask returns the guest's counter at some moment of the call */
  #nearest(ask) {
    const points = Array.from({length: QUESTIONS}, () => {
      const asked = now()
      const guest = ask()
      const errorNs = (now() - asked) / 2
      return {host: asked + errorNs, guest, errorNs}
    })
    return points.reduce((best, point) => (point.errorNs < best.errorNs ? point : best))
  }

  /**
   * The frequency is the processor's own figure, or else follows from the first and the last point.
   * @returns {{toNs: (counter: number) => number, nsPerTick: number, errorNs: number}}
   */
  clock() {
    const [first, last] = [this.points[0], this.points.at(-1)]
    const frequency = this.long('frequency')
    const measured = (last.host - first.host) / (last.guest - first.guest)
    const nsPerTick = frequency > 0 ? NS_PER_S / frequency : measured
    return {
      nsPerTick,
      toNs: (counter) => first.host + (counter - first.guest) * nsPerTick,
      errorNs: Math.max(first.errorNs, last.errorNs),
    }
  }

  [Symbol.dispose]() {
    this.vm[Symbol.dispose]()
  }
}

export const isDoorbell = (exit) =>
  (exit.kind === 'mmio' && exit.isWrite && exit.address === DOORBELL.mmio) ||
  (exit.kind === 'io' && exit.direction === 'out' && exit.port === DOORBELL.io)

const told = ({data}) => new DataView(data.buffer, data.byteOffset).getUint32(0, true)

/** Answers any question of the guest. */
export function answer(exit) {
  const isQuestion = exit.kind === 'mmio' ? !exit.isWrite : exit.kind === 'io' && exit.direction === 'in'
  if (!isQuestion) throw new Error(`the guest ended with ${exit.kind}`)
  exit.data[0] = 1
}

/** @param {() => void} [pause] called between two looks */
export function spin(isSo, pause) {
  const end = now() + SPIN_MS * NS_PER_MS
  while (!isSo()) {
    if (now() > end) throw new Error('the guest does not answer')
    pause?.()
  }
}
