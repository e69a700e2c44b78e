// read(2), write(2) and their kin over tmpfs and pipes.

import {describe, expect, it} from 'vitest'
import {
  EAGAIN,
  EBADF,
  EFAULT,
  EFBIG,
  EINVAL,
  EISDIR,
  EOPNOTSUPP,
  EPIPE,
  ESPIPE,
} from '../../../../src/abi/errno.ts'
import {
  O_APPEND,
  O_CREAT,
  O_DIRECTORY,
  O_NONBLOCK,
  O_PATH,
  O_RDWR,
  O_WRONLY,
} from '../../../../src/abi/open-flags.ts'
import {SIGPIPE, SIGXFSZ} from '../../../../src/abi/signal.ts'
import {arch} from '../../../../src/arch/index.ts'
import {RLIMIT_FSIZE, UNLIMITED} from '../../../../src/sentry/core/resource-limits.ts'
import {BLOCKED} from '../../../../src/sentry/core/syscall.ts'
import {protect} from '../../../../src/sentry/memory/protect.ts'
import {close} from '../../../../src/sentry/syscalls/close.ts'
import {lseek} from '../../../../src/sentry/syscalls/lseek.ts'
import {open} from '../../../../src/sentry/syscalls/open.ts'
import {pipe2} from '../../../../src/sentry/syscalls/pipe.ts'
import {pread64, read} from '../../../../src/sentry/syscalls/read.ts'
import {preadv2, pwritev2, readv, writev} from '../../../../src/sentry/syscalls/readv.ts'
import {pwrite64, write} from '../../../../src/sentry/syscalls/write.ts'
import {SimulatedTask} from './simulated-task.ts'

const PAGE = 4096

function withFile(content = ''): {t: SimulatedTask; fd: number} {
  const t = new SimulatedTask()
  const fd = t.call(open, '/file', O_RDWR | O_CREAT, 0o644)
  t.call(write, fd, content, content.length)
  t.call(lseek, fd, 0, 0)
  return {t, fd}
}

function withPipe(flags = 0): {t: SimulatedTask; reader: number; writer: number} {
  const t = new SimulatedTask()
  const fds = t.bytes(8)
  expect(t.call(pipe2, fds, flags)).toBe(0)
  return {t, reader: t.task.memory.readInt32(fds), writer: t.task.memory.readInt32(fds + 4)}
}

/** A usable page, followed by one that is not. Returns the address of the boundary. */
function boundary(t: SimulatedTask): number {
  const start = t.guest.map.map({length: 2 * PAGE, protection: 3})
  protect(t.guest.map, start + PAGE, start + 2 * PAGE, 0)
  return start + PAGE
}

describe('read', () => {
  it('reads from the file offset and moves it', () => {
    const {t, fd} = withFile('hello world')
    const buffer = t.bytes(16)
    expect(t.call(read, fd, buffer, 5)).toBe(5)
    expect(t.call(read, fd, buffer + 5, 16)).toBe(6)
    expect(t.text(buffer, 11)).toBe('hello world')
    expect(t.call(read, fd, buffer, 16)).toBe(0)
  })

  it('leaves the offset alone when positioned', () => {
    const {t, fd} = withFile('hello world')
    const buffer = t.bytes(16)
    expect(t.call(pread64, fd, buffer, 5, 6)).toBe(5)
    expect(t.text(buffer, 5)).toBe('world')
    expect(t.call(lseek, fd, 0, 1)).toBe(0)
    expect(t.call(pread64, fd, buffer, 5, -1)).toBe(-EINVAL)
  })

  it('stops before memory that is not accessible, and fails when that is the first byte', () => {
    const {t, fd} = withFile('hello world')
    const end = boundary(t)
    expect(t.call(read, fd, end - 4, 11)).toBe(4)
    expect(t.text(end - 4, 4)).toBe('hell')
    expect(t.call(lseek, fd, 0, 1)).toBe(4)
    expect(t.call(read, fd, end, 4)).toBe(-EFAULT)
    expect(t.call(read, fd, -1, 4)).toBe(-EFAULT)
  })

  it('takes no descriptor that is closed, write-only, a path or a directory', () => {
    const {t} = withFile()
    const buffer = t.bytes(8)
    expect(t.call(read, 99, buffer, 1)).toBe(-EBADF)
    expect(t.call(read, t.call(open, '/file', O_WRONLY), buffer, 1)).toBe(-EBADF)
    expect(t.call(read, t.call(open, '/file', O_PATH), buffer, 1)).toBe(-EBADF)
    expect(t.call(read, t.call(open, '/', arch.kernelAbi.openFlags(O_DIRECTORY)), buffer, 1)).toBe(-EISDIR)
  })

  it('sleeps on an empty pipe until there is something, or its end', () => {
    const {t, reader, writer} = withPipe()
    const buffer = t.bytes(8)
    expect(t.call(read, reader, buffer, 8)).toBe(BLOCKED)
    expect(t.task.wait?.restart).toBe('sa-restart')
    const sleeping = t.task.wait
    expect(t.wake()).toBe(BLOCKED)
    t.call(write, writer, 'abc', 3)
    t.task.wait = sleeping
    expect(t.wake()).toBe(3)
    expect(t.text(buffer, 3)).toBe('abc')
    t.call(close, writer)
    expect(t.call(read, reader, buffer, 8)).toBe(0)
  })

  it('does not sleep with O_NONBLOCK or RWF_NOWAIT', () => {
    const {t, reader} = withPipe(O_NONBLOCK)
    expect(t.call(read, reader, t.bytes(8), 8)).toBe(-EAGAIN)
    const other = withPipe()
    const vector = other.t.iovecs([other.t.bytes(8), 8])
    expect(other.t.call(preadv2, other.reader, vector, 1, -1, -1, 8)).toBe(-EAGAIN)
    expect(other.t.task.fds.get(other.reader).flags & O_NONBLOCK).toBe(0)
  })

  it('refuses a position on a pipe', () => {
    const {t, reader, writer} = withPipe()
    expect(t.call(pread64, reader, t.bytes(8), 8, 0)).toBe(-ESPIPE)
    expect(t.call(pwrite64, writer, 'x', 1, 0)).toBe(-ESPIPE)
  })
})

describe('readv', () => {
  it('fills ranges in order and stops at the end of the file', () => {
    const {t, fd} = withFile('0123456789')
    const [a, b, c] = [t.bytes(3), t.bytes(4), t.bytes(8)]
    expect(t.call(readv, fd, t.iovecs([a, 3], [0, 0], [b, 4], [c, 8]), 4)).toBe(10)
    expect([t.text(a, 3), t.text(b, 4), t.text(c, 3)]).toEqual(['012', '3456', '789'])
  })

  it('refuses negative and too many ranges, and unknown flags', () => {
    const {t, fd} = withFile('0123456789')
    const buffer = t.bytes(8)
    expect(t.call(readv, fd, t.iovecs([buffer, 1], [buffer, -1]), 2)).toBe(-EINVAL)
    expect(t.call(readv, fd, buffer, 1025)).toBe(-EINVAL)
    expect(t.call(readv, fd, buffer, -1)).toBe(-EINVAL)
    expect(t.call(preadv2, fd, t.iovecs([buffer, 1]), 1, 0, 0, 1 << 30)).toBe(-EOPNOTSUPP)
  })
})

describe('write', () => {
  it('moves more than the scratch buffer and more than one view', () => {
    const {t, fd} = withFile()
    const length = 3 << 20
    const source = t.bytes(length)
    const bytes = Uint8Array.from({length}, (_, i) => (i * 7 + (i >> 12)) & 0xff)
    t.task.memory.writeBytes(source, bytes)
    expect(t.call(write, fd, source, length)).toBe(length)
    const target = t.guest.map.map({length, protection: 3})
    expect(t.call(pread64, fd, target, length, 0)).toBe(length)
    expect(Buffer.compare(t.task.memory.readBytes(target, length), bytes)).toBe(0)
  })

  it('appends with O_APPEND and RWF_APPEND', () => {
    const {t, fd} = withFile('ab')
    const appending = t.call(open, '/file', O_WRONLY | O_APPEND)
    expect(t.call(write, appending, 'cd', 2)).toBe(2)
    expect(t.call(pwritev2, fd, t.iovecs([t.string('ef'), 2]), 1, -1, -1, 16)).toBe(2)
    const buffer = t.bytes(8)
    expect(t.call(pread64, fd, buffer, 8, 0)).toBe(6)
    expect(t.text(buffer, 6)).toBe('abcdef')
  })

  it('gathers ranges into one piece', () => {
    const {t, reader, writer} = withPipe()
    const vector = t.iovecs([t.string('xy'), 2], [0, 0], [t.string('z'), 1])
    expect(t.call(writev, writer, vector, 3)).toBe(3)
    const buffer = t.bytes(8)
    expect(t.call(read, reader, buffer, 8)).toBe(3)
    expect(t.text(buffer, 3)).toBe('xyz')
  })

  it('writes what lies before memory that is not accessible', () => {
    const {t, fd} = withFile()
    const end = boundary(t)
    t.task.memory.writeBytes(end - 3, Buffer.from('abc'))
    expect(t.call(write, fd, end - 3, 10)).toBe(3)
    expect(t.call(writev, fd, t.iovecs([end - 3, 3], [end, 5]), 2)).toBe(3)
    expect(t.call(write, fd, end, 10)).toBe(-EFAULT)
  })

  it('sleeps until a pipe took all of it, and tells an interruption how far it came', () => {
    const {t, reader, writer} = withPipe()
    const length = 100_000
    const source = t.bytes(length)
    expect(t.call(write, writer, source, length)).toBe(BLOCKED)
    const sleeping = t.task.wait!
    expect(sleeping.next.bytesDone?.(t.task, sleeping.progress)).toBe(65536)
    expect(t.call(read, reader, t.bytes(length), length)).toBe(65536)
    t.task.wait = sleeping
    expect(t.wake()).toBe(length)
  })

  it('raises SIGPIPE when nobody reads', () => {
    const {t, reader, writer} = withPipe()
    t.call(close, reader)
    expect(t.call(write, writer, 'x', 1)).toBe(-EPIPE)
    expect(t.task.signals.pendingSet.has(SIGPIPE)).toBe(true)
  })

  it('is cut at RLIMIT_FSIZE, and raises SIGXFSZ beyond', () => {
    const {t, fd} = withFile()
    t.task.process.limits.set(RLIMIT_FSIZE, {soft: 1000, hard: UNLIMITED})
    const source = t.bytes(64)
    expect(t.call(pwrite64, fd, source, 64, 970)).toBe(30)
    expect(t.task.signals.pendingSet.has(SIGXFSZ)).toBe(false)
    expect(t.call(pwrite64, fd, source, 64, 1000)).toBe(-EFBIG)
    expect(t.task.signals.pendingSet.has(SIGXFSZ)).toBe(true)
  })

  it('checks the whole buffer, however long, before it looks at the file', () => {
    const {t, fd} = withFile()
    expect(t.call(write, fd, t.bytes(8), -1)).toBe(-EFAULT)
  })
})
