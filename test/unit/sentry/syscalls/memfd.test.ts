// memfd_create(2) and file sealing.

import {describe, expect, it} from 'vitest'
import {EBUSY, EINVAL, EPERM} from '../../../../src/abi/errno.ts'
import {
  F_ADD_SEALS,
  F_GET_SEALS,
  F_GETFD,
  F_SEAL_GROW,
  F_SEAL_SEAL,
  F_SEAL_SHRINK,
  F_SEAL_WRITE,
  FD_CLOEXEC,
  MFD_ALLOW_SEALING,
  MFD_CLOEXEC,
} from '../../../../src/abi/fcntl.ts'
import {O_CREAT, O_RDWR, O_WRONLY} from '../../../../src/abi/open-flags.ts'
import {close} from '../../../../src/sentry/syscalls/close.ts'
import {fcntl} from '../../../../src/sentry/syscalls/fcntl.ts'
import {lseek} from '../../../../src/sentry/syscalls/lseek.ts'
import {memfdCreate} from '../../../../src/sentry/syscalls/memfd-create.ts'
import {mmap} from '../../../../src/sentry/syscalls/mmap.ts'
import {munmap} from '../../../../src/sentry/syscalls/munmap.ts'
import {open} from '../../../../src/sentry/syscalls/open.ts'
import {read} from '../../../../src/sentry/syscalls/read.ts'
import {ftruncate} from '../../../../src/sentry/syscalls/truncate.ts'
import {pwrite64, write} from '../../../../src/sentry/syscalls/write.ts'
import {SimulatedTask} from './simulated-task.ts'

function file(t: SimulatedTask, path: string, content: string, flags = O_RDWR): number {
  const fd = t.call(open, path, flags | O_CREAT, 0o644)
  const writer = t.call(open, path, O_WRONLY)
  expect(t.call(write, writer, content, content.length)).toBe(content.length)
  t.call(close, writer)
  return fd
}

describe('memfd_create', () => {
  it('makes a file that can be sealed', () => {
    const t = new SimulatedTask()
    const fd = t.call(memfdCreate, 'name', MFD_CLOEXEC | MFD_ALLOW_SEALING)
    expect(t.call(fcntl, fd, F_GETFD)).toBe(FD_CLOEXEC)
    expect(t.call(write, fd, '0123456789', 10)).toBe(10)
    expect(t.call(lseek, fd, 4, 0)).toBe(4)
    const buffer = t.bytes(4)
    expect(t.call(read, fd, buffer, 2)).toBe(2)
    expect(t.text(buffer, 2)).toBe('45')
    expect(t.call(fcntl, fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW)).toBe(0)
    expect([t.call(ftruncate, fd, 0), t.call(ftruncate, fd, 100)]).toEqual([-EPERM, -EPERM])
    expect([t.call(pwrite64, fd, 'ABC', 3, 8), t.call(pwrite64, fd, 'AB', 2, 8)]).toEqual([-EPERM, 2])
    expect(t.call(fcntl, fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SEAL)).toBe(0)
    expect(t.call(pwrite64, fd, 'x', 1, 0)).toBe(-EPERM)
    expect(t.call(fcntl, fd, F_ADD_SEALS, F_SEAL_WRITE)).toBe(-EPERM)
    expect(t.call(fcntl, fd, F_GET_SEALS)).toBe(15)
  })

  it('does not seal writes away while they can come through a mapping, nor map what is sealed', () => {
    const t = new SimulatedTask()
    const fd = t.call(memfdCreate, 'name', MFD_ALLOW_SEALING)
    t.call(ftruncate, fd, 8192)
    const address = t.call(mmap, 0, 8192, 3, 1, fd, 0)
    expect(address).toBeGreaterThan(0)
    expect(t.call(fcntl, fd, F_ADD_SEALS, F_SEAL_WRITE)).toBe(-EBUSY)
    expect(t.call(munmap, address, 8192)).toBe(0)
    expect(t.call(fcntl, fd, F_ADD_SEALS, F_SEAL_WRITE)).toBe(0)
    expect(t.call(mmap, 0, 4096, 3, 1, fd, 0)).toBe(-EPERM)
    expect(t.call(mmap, 0, 4096, 1, 1, fd, 0)).toBeGreaterThan(0)
    expect(t.call(mmap, 0, 4096, 3, 2, fd, 0)).toBeGreaterThan(0)
  })

  it('is sealed against seals unless asked, and wants a short name', () => {
    const t = new SimulatedTask()
    const fd = t.call(memfdCreate, '', 0)
    expect(t.call(fcntl, fd, F_GET_SEALS)).toBe(F_SEAL_SEAL)
    expect(t.call(fcntl, fd, F_ADD_SEALS, F_SEAL_WRITE)).toBe(-EPERM)
    // Any file of a tmpfs is sealed like this, and a directory has no seals.
    expect(t.call(fcntl, file(t, '/f', ''), F_GET_SEALS)).toBe(F_SEAL_SEAL)
    expect(t.call(fcntl, t.call(open, '/', 0), F_GET_SEALS)).toBe(-EINVAL)
    expect(t.call(memfdCreate, 'n'.repeat(250), 0)).toBe(-EINVAL)
    expect(t.call(memfdCreate, 'n'.repeat(249), 0)).toBeGreaterThan(0)
    expect(t.call(memfdCreate, 'x', 0x4000)).toBe(-EINVAL)
  })
})
