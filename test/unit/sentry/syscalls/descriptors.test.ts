// Descriptors: dup(2), fcntl(2), ioctl(2), pipe(2), and moving bytes between them.

import {describe, expect, it} from 'vitest'
import {EBADF, EFAULT, EINVAL, EMFILE, ENOTTY, ESPIPE} from '../../../../src/abi/errno.ts'
import {
  F_DUPFD,
  F_DUPFD_CLOEXEC,
  F_GETFD,
  F_GETFL,
  F_GETPIPE_SZ,
  F_SETFD,
  F_SETFL,
  F_SETPIPE_SZ,
  FD_CLOEXEC,
} from '../../../../src/abi/fcntl.ts'
import {FIOCLEX, FIONBIO, FIONREAD, TCGETS} from '../../../../src/abi/ioctl.ts'
import {
  O_APPEND,
  O_CLOEXEC,
  O_CREAT,
  O_LARGEFILE,
  O_NONBLOCK,
  O_PATH,
  O_RDONLY,
  O_RDWR,
  O_WRONLY,
} from '../../../../src/abi/open-flags.ts'
import {arch} from '../../../../src/arch/index.ts'
import {BLOCKED} from '../../../../src/sentry/core/syscall.ts'
import {close} from '../../../../src/sentry/syscalls/close.ts'
import {closeRange} from '../../../../src/sentry/syscalls/close-range.ts'
import {copyFileRange} from '../../../../src/sentry/syscalls/copy-file-range.ts'
import {dup, dup2, dup3} from '../../../../src/sentry/syscalls/dup.ts'
import {fcntl} from '../../../../src/sentry/syscalls/fcntl.ts'
import {ioctl} from '../../../../src/sentry/syscalls/ioctl.ts'
import {lseek} from '../../../../src/sentry/syscalls/lseek.ts'
import {open} from '../../../../src/sentry/syscalls/open.ts'
import {pipe2} from '../../../../src/sentry/syscalls/pipe.ts'
import {pread64, read} from '../../../../src/sentry/syscalls/read.ts'
import {sendfile} from '../../../../src/sentry/syscalls/sendfile.ts'
import {splice, tee} from '../../../../src/sentry/syscalls/splice.ts'
import {ftruncate} from '../../../../src/sentry/syscalls/truncate.ts'
import {write} from '../../../../src/sentry/syscalls/write.ts'
import {SimulatedTask} from './simulated-task.ts'

const {openFlags} = arch.kernelAbi

function makePipe(t: SimulatedTask, flags = 0): [reader: number, writer: number] {
  const fds = t.bytes(8)
  expect(t.call(pipe2, fds, flags)).toBe(0)
  return [t.task.memory.readInt32(fds), t.task.memory.readInt32(fds + 4)]
}

function file(t: SimulatedTask, path: string, content: string, flags = O_RDWR): number {
  const fd = t.call(open, path, flags | O_CREAT, 0o644)
  const writer = t.call(open, path, O_WRONLY)
  expect(t.call(write, writer, content, content.length)).toBe(content.length)
  t.call(close, writer)
  return fd
}

function contentOf(t: SimulatedTask, fd: number): string {
  const buffer = t.bytes(64)
  return t.text(buffer, t.call(pread64, fd, buffer, 64, 0))
}

describe('dup', () => {
  it('shares the description and not the descriptor flags', () => {
    const t = new SimulatedTask()
    const fd = file(t, '/f', 'hello')
    expect(t.call(dup, fd)).toBe(fd + 1)
    expect(t.call(dup3, fd, 100, O_CLOEXEC)).toBe(100)
    t.call(lseek, fd, 3, 0)
    expect(t.call(lseek, 100, 0, 1)).toBe(3)
    expect([t.call(fcntl, fd, F_GETFD), t.call(fcntl, 100, F_GETFD)]).toEqual([0, FD_CLOEXEC])
    expect(t.call(dup2, 100, 101)).toBe(101)
    expect(t.call(fcntl, 101, F_GETFD)).toBe(0)
    expect(t.call(dup2, 101, 101)).toBe(101)
  })

  it('closes what it replaces', () => {
    const t = new SimulatedTask()
    const [reader, writer] = makePipe(t)
    t.call(dup2, reader, writer)
    expect(t.call(read, reader, t.bytes(8), 8)).toBe(0)
  })

  it('refuses descriptors that are not open, the same or too high', () => {
    const t = new SimulatedTask()
    const fd = file(t, '/f', '')
    t.task.fds.limit = 20
    expect(t.call(dup, 19)).toBe(-EBADF)
    expect(t.call(dup2, fd, 20)).toBe(-EBADF)
    expect(t.call(dup2, fd, -1)).toBe(-EBADF)
    expect(t.call(dup3, fd, fd, 0)).toBe(-EINVAL)
    expect(t.call(dup3, fd, 5, O_APPEND)).toBe(-EINVAL)
    expect(t.call(fcntl, fd, F_DUPFD, 20)).toBe(-EINVAL)
    t.call(dup2, fd, 19)
    expect(t.call(fcntl, fd, F_DUPFD, 19)).toBe(-EMFILE)
  })
})

describe('close_range', () => {
  it('closes or marks a range', () => {
    const t = new SimulatedTask()
    const fd = file(t, '/f', '')
    for (const copy of [10, 11, 12]) t.call(dup2, fd, copy)
    expect(t.call(closeRange, 11, 0xffffffff, 4)).toBe(0)
    expect([10, 11, 12].map((copy) => t.call(fcntl, copy, F_GETFD))).toEqual([0, 1, 1])
    expect(t.call(closeRange, 10, 11, 0)).toBe(0)
    expect([10, 11, 12].map((copy) => t.call(fcntl, copy, F_GETFD))).toEqual([-EBADF, -EBADF, 1])
    expect(t.call(closeRange, 9, 8, 0)).toBe(-EINVAL)
  })
})

describe('fcntl', () => {
  it('changes the status flags that can change', () => {
    const t = new SimulatedTask()
    const fd = file(t, '/f', '')
    expect(t.call(fcntl, fd, F_GETFL)).toBe(openFlags(O_RDWR | O_LARGEFILE))
    expect(t.call(fcntl, fd, F_SETFL, O_APPEND | O_NONBLOCK | O_WRONLY | O_CREAT)).toBe(0)
    expect(t.call(fcntl, fd, F_GETFL)).toBe(openFlags(O_RDWR | O_LARGEFILE | O_APPEND | O_NONBLOCK))
    expect(t.call(fcntl, fd, 12345)).toBe(-EINVAL)
    expect(t.call(fcntl, 99, 12345)).toBe(-EBADF)
  })

  it('lets a path descriptor do little', () => {
    const t = new SimulatedTask()
    const fd = t.call(open, '/', O_PATH)
    expect(t.call(fcntl, fd, F_GETFL)).toBe(O_PATH)
    expect(t.call(fcntl, fd, F_SETFD, FD_CLOEXEC)).toBe(0)
    expect(t.call(fcntl, fd, F_DUPFD_CLOEXEC, 0)).toBe(1)
    expect(t.call(fcntl, fd, F_SETFL, 0)).toBe(-EBADF)
  })

  it('sizes pipes', () => {
    const t = new SimulatedTask()
    const [reader, writer] = makePipe(t)
    expect(t.call(fcntl, reader, F_GETPIPE_SZ)).toBe(65536)
    expect(t.call(fcntl, writer, F_SETPIPE_SZ, 5000)).toBe(8192)
    expect(t.call(fcntl, file(t, '/f', ''), F_GETPIPE_SZ)).toBe(-EBADF)
  })
})

describe('ioctl', () => {
  it('knows what holds for any file, and asks the file for the rest', () => {
    const t = new SimulatedTask()
    const [reader, writer] = makePipe(t)
    t.call(write, writer, 'abc', 3)
    const word = t.int32s(1)
    expect(t.call(ioctl, reader, FIONBIO, word)).toBe(0)
    expect(t.call(fcntl, reader, F_GETFL) & O_NONBLOCK).toBe(O_NONBLOCK)
    expect(t.call(ioctl, reader, FIOCLEX, 0)).toBe(0)
    expect(t.call(fcntl, reader, F_GETFD)).toBe(FD_CLOEXEC)
    expect(t.call(ioctl, reader, FIONREAD, word)).toBe(0)
    expect(t.task.memory.readInt32(word)).toBe(3)
    expect(t.call(ioctl, reader, FIONREAD, 8)).toBe(-EFAULT)
    expect(t.call(ioctl, reader, TCGETS, word)).toBe(-ENOTTY)
  })
})

describe('pipe', () => {
  it('leaves no descriptors behind when it fails', () => {
    const t = new SimulatedTask()
    expect(t.call(pipe2, 8, 0)).toBe(-EFAULT)
    expect(t.call(pipe2, t.bytes(8), 0x40000000)).toBe(-EINVAL)
    t.task.fds.limit = 1
    expect(t.call(pipe2, t.bytes(8), 0)).toBe(-EMFILE)
    expect([...t.task.fds.entries()]).toEqual([])
  })
})

describe('sendfile', () => {
  it('uses and moves the offset it is given, or the file’s', () => {
    const t = new SimulatedTask()
    const source = file(t, '/source', '0123456789')
    const target = file(t, '/target', '')
    const offset = t.int64s(2)
    expect(t.call(sendfile, target, source, offset, 5)).toBe(5)
    expect(t.task.memory.readInt64(offset)).toBe(7)
    expect(t.call(lseek, source, 0, 1)).toBe(0)
    expect(t.call(sendfile, target, source, 0, 100)).toBe(10)
    expect(t.call(sendfile, target, source, 0, 100)).toBe(0)
    expect(contentOf(t, target)).toBe('234560123456789')
  })

  it('refuses a source that is no file, a closed target and a bad offset', () => {
    const t = new SimulatedTask()
    const source = file(t, '/source', '0123456789', O_RDONLY)
    const [reader, writer] = makePipe(t)
    expect(t.call(sendfile, writer, reader, 0, 5)).toBe(-EINVAL)
    expect(t.call(sendfile, source, source, 0, 5)).toBe(-EBADF)
    expect(t.call(sendfile, writer, source, t.int64s(-1), 5)).toBe(-EINVAL)
    expect(t.call(sendfile, writer, source, 8, 5)).toBe(-EFAULT)
  })

  it('sleeps on a full pipe, and gives what fits', () => {
    const t = new SimulatedTask()
    const source = t.call(open, '/source', O_CREAT | O_RDWR, 0o644)
    t.call(ftruncate, source, 100_000)
    const [reader, writer] = makePipe(t)
    expect(t.call(sendfile, writer, source, 0, 100_000)).toBe(65536)
    expect(t.call(lseek, source, 0, 1)).toBe(65536)
    expect(t.call(sendfile, writer, source, 0, 100_000)).toBe(BLOCKED)
    const sleeping = t.task.wait!
    t.call(read, reader, t.bytes(65536), 65536)
    t.task.wait = sleeping
    expect(t.wake()).toBe(100_000 - 65536)
  })
})

describe('copy_file_range', () => {
  it('copies between offsets and stops at the end', () => {
    const t = new SimulatedTask()
    const source = file(t, '/source', '0123456789')
    const target = file(t, '/target', '')
    const [from, to] = [t.int64s(4), t.int64s(1)]
    expect(t.call(copyFileRange, source, from, target, to, 3, 0)).toBe(3)
    expect([t.task.memory.readInt64(from), t.task.memory.readInt64(to)]).toEqual([7, 4])
    expect(contentOf(t, target)).toBe('\x00456')
    expect(t.call(copyFileRange, source, from, target, 0, 100, 0)).toBe(3)
    expect(t.call(copyFileRange, source, from, target, 0, 100, 0)).toBe(0)
    expect(contentOf(t, target)).toBe('7896')
  })

  it('refuses overlaps, flags, pipes and appending', () => {
    const t = new SimulatedTask()
    const target = file(t, '/target', '0123456789')
    const appending = t.call(open, '/target', O_WRONLY | O_APPEND)
    const [reader] = makePipe(t)
    expect(t.call(copyFileRange, target, t.int64s(0), target, t.int64s(1), 3, 0)).toBe(-EINVAL)
    expect(t.call(copyFileRange, target, 0, target, t.int64s(100), 1, 5)).toBe(-EINVAL)
    expect(t.call(copyFileRange, reader, 0, target, 0, 1, 0)).toBe(-EINVAL)
    expect(t.call(copyFileRange, target, 0, appending, 0, 1, 0)).toBe(-EBADF)
  })
})

describe('splice and tee', () => {
  it('moves from file to pipe to file, and copies from pipe to pipe', () => {
    const t = new SimulatedTask()
    const source = file(t, '/source', '0123456789')
    const target = file(t, '/target', '')
    const [reader, writer] = makePipe(t)
    const [otherReader, otherWriter] = makePipe(t)
    const offset = t.int64s(3)
    expect(t.call(splice, source, offset, writer, 0, 4, 0)).toBe(4)
    expect(t.task.memory.readInt64(offset)).toBe(7)
    expect(t.call(tee, reader, otherWriter, 100, 0)).toBe(4)
    expect(t.call(splice, reader, 0, target, 0, 64, 0)).toBe(4)
    expect(contentOf(t, target)).toBe('3456')
    expect(t.call(splice, otherReader, 0, target, t.int64s(1), 2, 0)).toBe(2)
    expect(contentOf(t, target)).toBe('3346')
    expect(t.call(splice, source, 0, target, 0, 4, 0)).toBe(-EINVAL)
    expect(t.call(splice, reader, offset, target, 0, 4, 0)).toBe(-ESPIPE)
    expect(t.call(splice, reader, 0, target, 0, 4, 0)).toBe(BLOCKED)
  })
})
