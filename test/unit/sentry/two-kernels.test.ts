// Two kernels in one process share the addon and nothing else: each gives its guest what it gives alone.

import {expect, test} from 'vitest'
import {AT_FDCWD} from '../../../src/abi/at-flags.ts'
import {Errno} from '../../../src/abi/errno.ts'
import {IN_ALL_EVENTS} from '../../../src/abi/inotify.ts'
import {IPC_CREAT} from '../../../src/abi/ipc.ts'
import {MAP_ANONYMOUS, MAP_SHARED} from '../../../src/abi/mman.ts'
import {O_CREAT, O_NONBLOCK, O_RDWR} from '../../../src/abi/open-flags.ts'
import type {Task} from '../../../src/sentry/core/task.ts'
import {Sentry} from '../../../src/sentry/outside/sentry.ts'
import {ScriptedPlatform} from './scripted-platform.ts'
import {call, program} from './scripted-program.ts'

const ARENA = 0x10000
const ARENA_BYTES = 1 << 16
const SIGCHLD = 17
const AF_UNIX = 1
const SOCK_STREAM = 1
const CLOCK_MONOTONIC = 1

/** A guest of a kernel of its own, which makes calls one at a time. */
class Guest {
  readonly sentry = new Sentry(new ScriptedPlatform(1), {volumes: []})
  readonly kernel = this.sentry.kernel
  readonly #task: Task
  #used = 0

  constructor() {
    const {process} = program(new ScriptedPlatform(1), [], {kernel: this.kernel})
    this.#task = process.tasks[0]
    process.memoryMap.map({address: ARENA, length: ARENA_BYTES, protection: 3, fixed: 'replace'})
  }

  /** The result, or -errno. Strings become pointers to them. */
  make(name: string, ...args: (number | string)[]): number {
    const task = this.#task
    const words = args.map((arg) => (typeof arg === 'string' ? this.bytes(`${arg}\0`) : arg))
    const [number, ...numbers] = call(name, ...words) as [number, ...number[]]
    new BigInt64Array(task.context.argumentWords.buffer).set(numbers.map(BigInt))
    this.kernel.current = task
    try {
      return task.process.handlers[number]!(task, task.arguments)
    } catch (error) {
      if (!(error instanceof Errno)) throw error
      return -error.code
    } finally {
      task.context.argumentWords.fill(0)
    }
  }

  bytes(content: string | number): number {
    const bytes = typeof content === 'number' ? new Uint8Array(content) : Buffer.from(content, 'latin1')
    const address = ARENA + this.#used
    this.#used += (bytes.length + 15) & ~15
    this.#task.memory.writeBytes(address, bytes)
    return address
  }

  text(address: number, length: number): string {
    return Buffer.from(this.#task.memory.readBytes(address, length)).toString('latin1')
  }

  /** st_dev and st_ino. */
  file(fd: number): string {
    const at = this.bytes(256)
    expect(this.make('fstat', fd, at)).toBe(0)
    return Buffer.from(this.text(at, 16), 'latin1').toString('hex')
  }

  read(path: string): string {
    const fd = this.make('openat', AT_FDCWD, path, 0, 0)
    const at = this.bytes(4096)
    const length = this.make('read', fd, at, 4096)
    this.make('close', fd)
    return this.text(at, length)
  }
}

/** What a guest sees of its kernel, one step after the other. */
const steps: readonly [what: string, see: (guest: Guest) => unknown][] = [
  ['its process', (guest) => guest.make('getpid')],
  ['new processes', (guest) => [0, 1].map(() => guest.make('clone', SIGCHLD, 0, 0, 0, 0))],
  [
    'files of the tree',
    (guest) =>
      ['/', '/tmp', '/dev', '/dev/pts', '/dev/shm', '/proc', '/sys'].map((path) =>
        guest.file(guest.make('openat', AT_FDCWD, path, 0, 0)),
      ),
  ],
  [
    'pipes',
    (guest) => {
      const at = guest.bytes(8)
      expect(guest.make('pipe2', at, 0)).toBe(0)
      return [...guest.text(at, 8)].map((_, i) => i % 4 === 0 && guest.file(guest.text(at, 8).charCodeAt(i)))
    },
  ],
  ['eventfds', (guest) => guest.file(guest.make('eventfd2', 0, 0))],
  ['epolls', (guest) => guest.file(guest.make('epoll_create1', 0))],
  ['timerfds', (guest) => guest.file(guest.make('timerfd_create', CLOCK_MONOTONIC, 0))],
  ['memory files', (guest) => guest.file(guest.make('memfd_create', 'name', 0))],
  [
    'a name of a UNIX socket',
    (guest) => {
      const fd = guest.make('socket', AF_UNIX, SOCK_STREAM, 0)
      return [guest.file(fd), guest.make('bind', fd, guest.bytes('\x01\0\0name'), 7)]
    },
  ],
  [
    'keys',
    (guest) => [
      guest.make('shmget', 7, 4096, IPC_CREAT | 0o600),
      guest.make('semget', 7, 1, IPC_CREAT | 0o600),
      guest.make('msgget', 7, IPC_CREAT | 0o600),
    ],
  ],
  ['a message queue', (guest) => guest.file(guest.make('mq_open', 'queue', O_CREAT | O_RDWR, 0o600, 0))],
  [
    'shared memory',
    (guest) => {
      const address = guest.make('mmap', 0, 4096, 3, MAP_SHARED | MAP_ANONYMOUS, -1, 0)
      return [address, guest.read('/proc/self/maps')]
    },
  ],
  [
    'moves of a file',
    (guest) => {
      const fd = guest.make('inotify_init1', O_NONBLOCK)
      const watch = guest.make('inotify_add_watch', fd, '/tmp', IN_ALL_EVENTS)
      expect(guest.make('mkdirat', AT_FDCWD, '/tmp/a', 0o700)).toBe(0)
      expect(guest.make('renameat2', AT_FDCWD, '/tmp/a', AT_FDCWD, '/tmp/b', 0)).toBe(0)
      const at = guest.bytes(1024)
      return [guest.file(fd), watch, guest.text(at, guest.make('read', fd, at, 1024))]
    },
  ],
  [
    'its name',
    (guest) => {
      const before = guest.read('/proc/sys/kernel/hostname')
      return [before, guest.make('sethostname', 'other', 5), guest.read('/proc/sys/kernel/hostname')]
    },
  ],
  ['namespaces', (guest) => guest.file(guest.make('openat', AT_FDCWD, '/proc/self/ns/net', 0, 0))],
  ['mounts', (guest) => guest.read('/proc/self/mountinfo')],
  [
    'timers',
    (guest) => {
      const at = guest.bytes(8)
      return [guest.make('timer_create', CLOCK_MONOTONIC, 0, at), guest.text(at, 4)]
    },
  ],
]

test('each guest sees what it sees alone, step by step beside another one', () => {
  const alone = new Guest()
  const expected = steps.map(([what, see]) => [what, see(alone)])
  const [one, other] = [new Guest(), new Guest()]
  const found = steps.map(([what, see]) => ({one: [what, see(one)], other: [what, see(other)]}))
  expect(found.map(({one: seen}) => seen)).toEqual(expected)
  expect(found.map(({other: seen}) => seen)).toEqual(expected)
})

test('a kernel has its own boot, and no timer of another one', () => {
  const [one, other] = [new Guest(), new Guest()]
  const bootId = (guest: Guest) => guest.read('/proc/sys/kernel/random/boot_id')
  expect(bootId(one)).toBe(bootId(one))
  expect(bootId(one)).not.toBe(bootId(other))

  expect(one.make('setitimer', 0, one.bytes(`${'\0'.repeat(16)}\x05${'\0'.repeat(15)}`), 0)).toBe(0)
  expect(one.kernel.timers.nextDeadlineNs).toBeLessThan(Number.POSITIVE_INFINITY)
  expect(other.kernel.timers.nextDeadlineNs).toBe(Number.POSITIVE_INFINITY)
})
