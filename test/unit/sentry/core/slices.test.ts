// Calls that work for long: each comes back to the kernel's loop after a slice, and goes on where it was.

import {describe, expect, test} from 'vitest'
import {AT_FDCWD} from '../../../../src/abi/at-flags.ts'
import {S_IFCHR} from '../../../../src/abi/file-mode.ts'
import {MADV_POPULATE_READ} from '../../../../src/abi/mman.ts'
import {O_CREAT, O_RDWR} from '../../../../src/abi/open-flags.ts'
import {SIGALRM, SIGKILL, SIGUSR1} from '../../../../src/abi/signal.ts'
import {SignalSet} from '../../../../src/abi/signal-set.ts'
import {Sleep} from '../../../../src/sentry/call/sleepers.ts'
import {SLICE_BYTES, SLICE_PAGES} from '../../../../src/sentry/core/slices.ts'
import {BLOCKED, type Syscall} from '../../../../src/sentry/core/syscall.ts'
import {copyFileRange} from '../../../../src/sentry/syscalls/copy-file-range.ts'
import {getrandom} from '../../../../src/sentry/syscalls/getrandom.ts'
import {madvise} from '../../../../src/sentry/syscalls/madvise.ts'
import {mincore} from '../../../../src/sentry/syscalls/mincore.ts'
import {mlockall} from '../../../../src/sentry/syscalls/mlock.ts'
import {mmap} from '../../../../src/sentry/syscalls/mmap.ts'
import {openat} from '../../../../src/sentry/syscalls/open.ts'
import {pwritev, readv} from '../../../../src/sentry/syscalls/readv.ts'
import {sendfile} from '../../../../src/sentry/syscalls/sendfile.ts'
import {ftruncate} from '../../../../src/sentry/syscalls/truncate.ts'
import {NULL_DEV, URANDOM_DEV, ZERO_DEV} from '../../../../src/vfs/devices.ts'
import {ROOT, Tmpfs} from '../../../../src/vfs/fs/tmpfs.ts'
import {memoryFile} from '../../../helpers/memory-file.ts'
import {errorOf, TestVfs} from '../../../helpers/vfs.ts'
import {SimulatedTask} from '../syscalls/simulated-task.ts'

const MIB = 1 << 20
const PAGE = 4096
const PROT_READ = 1
const MAP_SHARED = 1
const MAP_PRIVATE_ANONYMOUS = 0x22
const MAP_NORESERVE = 0x4000
const MCL_CURRENT = 1

type Call = [syscall: Syscall, ...args: number[]]

function device(t: SimulatedTask, rdev: number): number {
  t.tmpfs.root.mknod('device', S_IFCHR | 0o666, rdev, ROOT)
  return t.call(openat, AT_FDCWD, '/device', O_RDWR, 0)
}

function sparseFile(t: SimulatedTask, bytes: number, path = '/sparse'): number {
  const fd = t.call(openat, AT_FDCWD, path, O_CREAT | O_RDWR, 0o644)
  t.call(ftruncate, fd, bytes)
  return fd
}

function memory(t: SimulatedTask, bytes: number): number {
  return t.call(mmap, 0, bytes, 3, MAP_PRIVATE_ANONYMOUS | MAP_NORESERVE, -1, 0)
}

/** A vector of 16 MiB that takes one MiB of memory. */
function vector(t: SimulatedTask): number {
  const buffer = memory(t, MIB)
  return t.iovecs(...Array.from({length: 16}, (): [number, number] => [buffer, MIB]))
}

/** 8 MiB of a file, mapped so often that there are more than two slices of pages. */
function manyPages(t: SimulatedTask): {start: number; bytes: number} {
  const bytes = 8 * MIB
  const count = Math.ceil((2.5 * SLICE_PAGES * PAGE) / bytes)
  const fd = sparseFile(t, bytes)
  const start = memory(t, count * bytes)
  for (let i = 0; i < count; i++) t.call(mmap, start + i * bytes, bytes, PROT_READ, MAP_SHARED | 0x10, fd, 0)
  return {start, bytes: count * bytes}
}

const movers: [string, (t: SimulatedTask) => Call][] = [
  ['a read of /dev/zero', (t) => [readv, device(t, ZERO_DEV), vector(t), 16]],
  ['a read of /dev/urandom', (t) => [readv, device(t, URANDOM_DEV), vector(t), 16]],
  ['getrandom', (t) => [getrandom, memory(t, 16 * MIB), 16 * MIB, 0]],
  ['sendfile', (t) => [sendfile, device(t, NULL_DEV), sparseFile(t, 16 * MIB), 0, 16 * MIB]],
  ['copy_file_range', (t) => copyTo(t)],
]

function copyTo(t: SimulatedTask): Call {
  const input = sparseFile(t, 14 * MIB)
  const output = sparseFile(t, 0, '/copy')
  return [copyFileRange, input, 0, output, 0, 16 * MIB, 0]
}

const fileMovers: [string, (t: SimulatedTask) => Call][] = [
  ['a read of a file', (t) => [readv, sparseFile(t, 16 * MIB), vector(t), 16]],
  ['a write of a file', (t) => [pwritev, sparseFile(t, 0), vector(t), 15, 0]],
]

const walkers: [string, (t: SimulatedTask) => Call][] = [
  [
    'mincore',
    (t) => [mincore, memory(t, 10 * SLICE_BYTES * 1024), 10 * SLICE_BYTES * 1024, memory(t, 10 * MIB)],
  ],
  ['mlockall', (t) => [mlockall, manyPages(t) && MCL_CURRENT]],
  ['MADV_POPULATE_READ', (t) => populate(t)],
]

function populate(t: SimulatedTask): Call {
  const {start, bytes} = manyPages(t)
  return [madvise, start, bytes, MADV_POPULATE_READ]
}

function handle(t: SimulatedTask, signal: number): void {
  t.task.process.signals.setAction(signal, {handler: 0x1000, flags: 0, restorer: 0, mask: new SignalSet()})
}

/** Whether this signal would end the sleep. */
function isEndedBy(t: SimulatedTask, signal: number): boolean {
  t.task.signals.raise(signal)
  return new Sleep(t.task, t.task.wait!, undefined as never, t.task.kernel.timers, new Set()).isInterruptible
}

describe.each([...movers, ...fileMovers, ...walkers])('%s', (_name, prepare) => {
  test('is done in slices, with the result of the whole', () => {
    const t = new SimulatedTask()
    const [syscall, ...args] = prepare(t)
    let slices = 1
    let result = t.call(syscall, ...args)
    for (; result === BLOCKED; slices++) {
      // The loop comes round at once.
      expect(t.task.wait!.deadlineNs).toBe(t.nowNs)
      result = t.wake(true)
    }
    expect(slices).toBeGreaterThanOrEqual(3)
    expect(result % MIB).toBe(0)
  })

  test('is ended by a signal that ends the process', () => {
    const t = new SimulatedTask()
    const [syscall, ...args] = prepare(t)
    expect(t.call(syscall, ...args)).toBe(BLOCKED)
    expect(isEndedBy(t, SIGALRM)).toBe(true)
    expect(isEndedBy(t, SIGKILL)).toBe(true)
  })
})

test.each(movers)('%s returns what it moved when a handler is to run', (_name, prepare) => {
  const t = new SimulatedTask()
  const [syscall, ...args] = prepare(t)
  handle(t, SIGUSR1)
  t.call(syscall, ...args)
  t.wake(true)
  expect(isEndedBy(t, SIGUSR1)).toBe(true)
  const {next, progress} = t.task.wait!
  expect(next.bytesDone!(t.task, progress)).toBe(2 * SLICE_BYTES)
})

test.each([...fileMovers, ...walkers])('%s goes on before a handler runs', (_name, prepare) => {
  const t = new SimulatedTask()
  const [syscall, ...args] = prepare(t)
  handle(t, SIGUSR1)
  t.call(syscall, ...args)
  expect(isEndedBy(t, SIGUSR1)).toBe(false)
})

test('fallocate in a tmpfs reserves a slice, and refuses at once what never fits', () => {
  const vfs = new TestVfs(new Tmpfs(memoryFile(256 * MIB)))
  const file = vfs.open('/file', O_CREAT | O_RDWR)
  expect(errorOf(() => file.allocate(0, 0, 129 * MIB))).toBe('ENOSPC')
  expect([file.inode.attributes().blocks, file.allocate(0, 10, 100 * MIB)]).toEqual([0, 64 * MIB - 10])
  expect(file.allocate(0, 64 * MIB, 36 * MIB + 10)).toBe(36 * MIB + 10)
  expect(file.inode.attributes().size).toBe(100 * MIB + 10)
  file.close()
  vfs.dispose()
})
