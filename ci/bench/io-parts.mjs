// Runs in a bed that counts instructions: who takes how many of them, by the host kernel's trace of its switches between programs, calls, and guests.

import {execFileSync} from 'node:child_process'
import {
  closeSync,
  constants,
  existsSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  writeFileSync,
} from 'node:fs'

const TRACING = '/sys/kernel/tracing'
/** Documentation/trace/ftrace-design, include/linux/ring_buffer.h. */
const PAGE_BYTES = 4096
const HEADER_BYTES = 16
const [PADDING, TIME_EXTEND, TIME_STAMP] = [29, 30, 31]
const TIME_BITS = 27
/** By event, where its fields are: events/GROUP/NAME/format. */
const EVENTS = [
  'raw_syscalls/sys_enter',
  'raw_syscalls/sys_exit',
  'sched/sched_switch',
  'kvm/kvm_entry',
  'kvm/kvm_exit',
]
const [CALL_NUMBER, NEXT_COMM, NEXT_PID] = [8, 40, 56]
const COMM_BYTES = 16

/** Calls that devices make; others keep their numbers. */
const CALLS = {
  arm64: {
    22: 'epoll_pwait',
    29: 'ioctl',
    63: 'read',
    64: 'write',
    65: 'readv',
    66: 'writev',
    67: 'pread64',
    68: 'pwrite64',
    69: 'preadv',
    70: 'pwritev',
    73: 'ppoll',
    82: 'fsync',
    83: 'fdatasync',
    98: 'futex',
    206: 'sendto',
    207: 'recvfrom',
    286: 'preadv2',
    287: 'pwritev2',
  },
  x64: {
    281: 'epoll_pwait',
    16: 'ioctl',
    0: 'read',
    1: 'write',
    19: 'readv',
    20: 'writev',
    17: 'pread64',
    18: 'pwrite64',
    295: 'preadv',
    296: 'pwritev',
    7: 'poll',
    271: 'ppoll',
    74: 'fsync',
    75: 'fdatasync',
    202: 'futex',
    44: 'sendto',
    45: 'recvfrom',
    327: 'preadv2',
    328: 'pwritev2',
  },
}[process.arch]

/** The host's kernel traces from its making on. */
export class Trace {
  constructor() {
    if (!existsSync(`${TRACING}/trace`))
      execFileSync('busybox', ['mount', '-t', 'tracefs', 'tracefs', TRACING])
    set('trace_clock', 'mono')
    set('buffer_size_kb', '16384')
    for (const event of EVENTS) set(`events/${event}/enable`, '1')
    set('tracing_on', '1')
  }

  /** @returns {{ns: number, cpu: number, pid: number, name: string, bytes: Buffer}[]} in order */
  end() {
    set('tracing_on', '0')
    const names = new Map(
      EVENTS.map((event) => [
        Number(readFileSync(`${TRACING}/events/${event}/id`, 'utf8')),
        event.split('/')[1],
      ]),
    )
    const cpus = readdirSync(`${TRACING}/per_cpu`).map((name) => Number(name.slice(3)))
    const events = cpus.flatMap((cpu) => [...eventsOf(cpu, names)])
    return events.sort((one, other) => one.ns - other.ns)
  }
}

const set = (file, value) => writeFileSync(`${TRACING}/${file}`, value)

function* eventsOf(cpu, names) {
  const pages = pagesOf(`${TRACING}/per_cpu/cpu${cpu}/trace_pipe_raw`)
  for (const page of pages) {
    let ns = Number(page.readBigUInt64LE(0))
    const end = HEADER_BYTES + (Number(page.readBigUInt64LE(8)) & 0xfffff)
    for (let at = HEADER_BYTES; at < end; ) {
      const word = page.readUInt32LE(at)
      const kind = word & 31
      const delta = word >>> 5
      at += 4
      if (kind === PADDING) break
      if (kind === TIME_EXTEND) {
        ns += page.readUInt32LE(at) * 2 ** TIME_BITS + delta
        at += 4
        continue
      }
      if (kind === TIME_STAMP) {
        ns = page.readUInt32LE(at) * 2 ** TIME_BITS + delta
        at += 4
        continue
      }
      ns += delta
      const length = kind === 0 ? page.readUInt32LE(at) - 4 : kind * 4
      const from = kind === 0 ? at + 4 : at
      const bytes = page.subarray(from, from + length)
      at = from + length
      const name = names.get(bytes.readUInt16LE(0))
      if (name !== undefined) yield {ns, cpu, pid: bytes.readInt32LE(4), name, bytes}
    }
  }
}

function* pagesOf(path) {
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  try {
    for (;;) {
      const page = Buffer.alloc(PAGE_BYTES)
      if (readSync(fd, page) === 0) return
      yield page
    }
  } catch (error) {
    if (error.code !== 'EAGAIN') throw error
  } finally {
    closeSync(fd)
  }
}

/** @returns instructions and events per call, the trace's own included: by thread and by what it was doing */
export function partsOf(events, calls) {
  const instructions = new Tally(calls)
  const counts = new Tally(calls)
  /** When each CPU's last event was. */
  const lasts = new Map()
  const threads = new Map()
  /** Idle CPUs, and this process. */
  const others = new Set([0, ...readdirSync('/proc/self/task').map(Number)])
  for (const {ns, cpu, pid, name, bytes} of events) {
    const thread = threads.get(pid) ?? {name: `${pid}`, doing: ''}
    threads.set(pid, thread)
    if (!others.has(pid)) instructions.add(`${thread.name}: ${thread.doing}`, ns - (lasts.get(cpu) ?? ns))
    lasts.set(cpu, ns)
    if (name === 'sched_switch') {
      const next = bytes.readInt32LE(NEXT_PID)
      const comm = bytes.toString('latin1', NEXT_COMM, NEXT_COMM + COMM_BYTES).split('\0')[0]
      const nameOf = comm.startsWith('libuv') ? comm : `${comm} ${next}`
      threads.set(next, {doing: '', call: '', ...threads.get(next), name: nameOf})
      if (!others.has(pid)) counts.add(`${thread.name}: switched`, 1)
      continue
    }
    if (name === 'sys_enter' && !others.has(pid)) {
      const number = bytes.readInt32LE(CALL_NUMBER)
      thread.call = CALLS[number] ?? `call ${number}`
      counts.add(`${thread.name}: ${thread.call}`, 1)
    }
    if (name === 'kvm_exit') counts.add(`${thread.name}: exit`, 1)
    thread.doing = {
      sys_enter: thread.call,
      sys_exit: `after ${thread.call}`,
      kvm_entry: 'guest',
      kvm_exit: thread.call,
    }[name]
  }
  return {instructions: instructions.largest, counts: counts.largest}
}

class Tally {
  #sums = new Map()
  #calls

  constructor(calls) {
    this.#calls = calls
  }

  add(key, value) {
    this.#sums.set(key, (this.#sums.get(key) ?? 0) + value / this.#calls)
  }

  get largest() {
    const all = [...this.#sums].sort(([, one], [, other]) => other - one)
    const sum = all.reduce((total, [, value]) => total + value, 0)
    return Object.fromEntries(
      [['all', sum], ...all].map(([key, value]) => [key, Math.round(value * 100) / 100]),
    )
  }
}
