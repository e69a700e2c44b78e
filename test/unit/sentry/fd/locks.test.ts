// Record locks and flock(2).

import {describe, expect, it} from 'vitest'
import {EAGAIN, EBADF, EDEADLK, EINVAL, ENOLCK} from '../../../../src/abi/errno.ts'
import {
  F_GETLK,
  F_OFD_GETLK,
  F_OFD_SETLK,
  F_OFD_SETLKW,
  F_RDLCK,
  F_SETLK,
  F_SETLKW,
  F_UNLCK,
  F_WRLCK,
  LOCK_EX,
  LOCK_NB,
  LOCK_SH,
  LOCK_UN,
} from '../../../../src/abi/fcntl.ts'
import {O_CREAT, O_RDONLY, O_RDWR} from '../../../../src/abi/open-flags.ts'
import {BLOCKED} from '../../../../src/sentry/core/syscall.ts'
import type {Task} from '../../../../src/sentry/core/task.ts'
import {close} from '../../../../src/sentry/syscalls/close.ts'
import {dup} from '../../../../src/sentry/syscalls/dup.ts'
import {fcntl} from '../../../../src/sentry/syscalls/fcntl.ts'
import {flock} from '../../../../src/sentry/syscalls/flock.ts'
import {open} from '../../../../src/sentry/syscalls/open.ts'
import {Budget} from '../../../../src/vfs/budget.ts'
import {FileLocks, type RecordLock} from '../../../../src/vfs/file-locks.ts'
import {SimulatedTask} from '../syscalls/simulated-task.ts'

/** Two file descriptions of one file. */
function prepared(): {t: SimulatedTask; a: number; b: number} {
  const t = new SimulatedTask()
  const a = t.call(open, '/file', O_CREAT | O_RDWR, 0o644)
  return {t, a, b: t.call(open, '/file', O_RDWR)}
}

/** A struct flock from the start of the file. */
function range(t: SimulatedTask, type: number, start: number, length: number, whence = 0): number {
  return t.int64s(type | (whence << 16), start, length, 0)
}

describe('record locks of file descriptions', () => {
  it('conflict where they overlap', () => {
    const {t, a, b} = prepared()
    expect(t.call(fcntl, a, F_OFD_SETLK, range(t, F_WRLCK, 2, 4))).toBe(0)
    expect(t.call(fcntl, b, F_OFD_SETLK, range(t, F_WRLCK, 5, 4))).toBe(-EAGAIN)
    expect(t.call(fcntl, b, F_OFD_SETLK, range(t, F_RDLCK, 0, 3))).toBe(-EAGAIN)
    expect(t.call(fcntl, b, F_OFD_SETLK, range(t, F_WRLCK, 6, 4))).toBe(0)
  })

  it('tell who is in the way', () => {
    const {t, a, b} = prepared()
    t.call(fcntl, a, F_OFD_SETLK, range(t, F_WRLCK, 2, 4))
    const lock = range(t, F_RDLCK, 0, 0)
    expect(t.call(fcntl, b, F_OFD_GETLK, lock)).toBe(0)
    const {memory} = t.task
    expect(memory.readUint16(lock)).toBe(F_WRLCK)
    expect([memory.readInt64(lock + 8), memory.readInt64(lock + 16)]).toEqual([2, 4])
    expect(memory.readInt32(lock + 24)).toBe(-1)
  })

  it('wait until the other is gone, and end with the last descriptor', () => {
    const {t, a, b} = prepared()
    t.call(fcntl, a, F_OFD_SETLK, range(t, F_WRLCK, 0, 0))
    const copy = t.call(dup, a)
    expect(t.call(fcntl, b, F_OFD_SETLKW, range(t, F_WRLCK, 9, 1))).toBe(BLOCKED)
    const sleeping = t.task.wait!
    t.call(close, a)
    t.task.wait = sleeping
    expect(t.wake()).toBe(BLOCKED)
    t.task.wait = undefined
    let woken = 0
    sleeping.queues?.[0].join({
      wake: () => {
        woken++
      },
    })
    t.call(close, copy)
    expect(woken).toBe(1)
    t.task.wait = sleeping
    expect(t.wake()).toBe(0)
  })
})

describe('record locks of a process', () => {
  it('never conflict with its own, and end with any close of the file', () => {
    const {t, a, b} = prepared()
    expect(t.call(fcntl, a, F_SETLK, range(t, F_WRLCK, 0, 5))).toBe(0)
    expect(t.call(fcntl, b, F_SETLK, range(t, F_RDLCK, 0, 5))).toBe(0)
    const lock = range(t, F_WRLCK, 0, 5)
    expect(t.call(fcntl, b, F_GETLK, lock)).toBe(0)
    expect(t.task.memory.readUint16(lock)).toBe(F_UNLCK)
    const file = t.task.fds.get(a)
    const other: RecordLock = {owner: {}, type: F_WRLCK, start: 0, end: 1, pid: 8}
    expect(t.task.kernel.fileLocks.conflict(file, other)?.pid).toBe(7)
    t.call(close, b)
    expect(t.task.kernel.fileLocks.conflict(file, other)).toBe(undefined)
  })

  it('count from the end of the file, and backwards', () => {
    const {t, a} = prepared()
    t.task.fds.get(a).truncate(100)
    expect(t.call(fcntl, a, F_SETLK, range(t, F_WRLCK, 0, -10, 2))).toBe(0)
    const at = (start: number) =>
      t.task.kernel.fileLocks.conflict(t.task.fds.get(a), {
        owner: {},
        type: F_RDLCK,
        start,
        end: start + 1,
        pid: 8,
      })
    expect([at(89), at(100)]).toEqual([undefined, undefined])
    expect([at(90)?.start, at(99)?.end]).toEqual([90, 100])
    expect(t.call(fcntl, a, F_SETLK, range(t, F_WRLCK, -101, 1, 2))).toBe(-EINVAL)
  })

  it('ask for a descriptor that can do it', () => {
    const {t} = prepared()
    const reader = t.call(open, '/file', O_RDONLY)
    expect(t.call(fcntl, reader, F_SETLK, range(t, F_WRLCK, 0, 1))).toBe(-EBADF)
    expect(t.call(fcntl, reader, F_SETLKW, range(t, F_RDLCK, 0, 1))).toBe(0)
    expect(t.call(fcntl, reader, F_SETLK, range(t, 77, 0, 1))).toBe(-EINVAL)
  })
})

describe('waiting for a record lock', () => {
  it('is EDEADLK when who is in the way waits for the caller', () => {
    const {t, a} = prepared()
    t.call(fcntl, a, F_SETLK, range(t, F_WRLCK, 0, 1))
    const {fileLocks, tasks} = t.task.kernel
    const locks = fileLocks.of(t.task.fds.get(a).inode)
    const other = {owner: {}, type: F_WRLCK, start: 5, end: 6, pid: 8}
    locks.set(other)
    const wanted = {...other, start: 0, end: 1}
    tasks.set(8, {wait: {restart: 'sa-restart', recordLock: {locks, wanted}}} as unknown as Task)
    expect(t.call(fcntl, a, F_SETLKW, range(t, F_WRLCK, 5, 1))).toBe(-EDEADLK)
    expect(t.call(fcntl, a, F_SETLK, range(t, F_WRLCK, 5, 1))).toBe(-EAGAIN)
    tasks.delete(8)
    expect(t.call(fcntl, a, F_SETLKW, range(t, F_WRLCK, 5, 1))).toBe(BLOCKED)
  })

  it('goes on, for all who wait, after the file had no lock for a moment', () => {
    const {t, a, b} = prepared()
    t.call(fcntl, a, F_OFD_SETLK, range(t, F_WRLCK, 0, 1))
    expect(t.call(fcntl, b, F_OFD_SETLKW, range(t, F_WRLCK, 0, 1))).toBe(BLOCKED)
    const [queue] = t.task.wait!.queues!
    queue.join({wake: () => {}})
    t.call(fcntl, a, F_OFD_SETLK, range(t, F_UNLCK, 0, 1))
    expect(t.task.kernel.fileLocks.of(t.task.fds.get(a).inode).released).toBe(queue)
  })
})

describe('FileLocks', () => {
  it('splits and joins ranges as they are replaced', () => {
    const locks = new FileLocks(new Budget())
    const owner = {}
    const set = (type: number, start: number, end: number) => locks.set({owner, type, start, end, pid: 1})
    const typeAt = (start: number) =>
      locks.conflict({owner: {}, type: F_WRLCK, start, end: start + 1, pid: 2})?.type
    set(F_WRLCK, 0, 100)
    set(F_RDLCK, 40, 60)
    set(F_UNLCK, 50, 55)
    expect([0, 39, 40, 49, 50, 54, 55, 59, 60, 99, 100].map(typeAt)).toEqual([
      F_WRLCK,
      F_WRLCK,
      F_RDLCK,
      F_RDLCK,
      undefined,
      undefined,
      F_RDLCK,
      F_RDLCK,
      F_WRLCK,
      F_WRLCK,
      undefined,
    ])
    set(F_WRLCK, 40, 60)
    expect(locks.conflict({owner: {}, type: F_RDLCK, start: 10, end: 11, pid: 2})).toMatchObject({
      start: 0,
      end: 100,
    })
  })
})

describe('the number of record locks', () => {
  it('is bounded, and unlocking never fails for it', () => {
    const {t, a} = prepared()
    let start = 0
    while (t.call(fcntl, a, F_SETLK, range(t, F_WRLCK, start, 1)) === 0) start += 2
    expect(start).toBe(2 * 4096)
    expect(t.call(fcntl, a, F_SETLK, range(t, F_WRLCK, start, 1))).toBe(-ENOLCK)
    expect(t.call(fcntl, a, F_SETLK, range(t, F_UNLCK, 0, 0))).toBe(0)
    expect(t.call(fcntl, a, F_SETLK, range(t, F_WRLCK, start, 1))).toBe(0)
  })
})

describe('flock', () => {
  it('lets many share and one exclude', () => {
    const {t, a, b} = prepared()
    expect(t.call(flock, a, LOCK_SH)).toBe(0)
    expect(t.call(flock, b, LOCK_SH | LOCK_NB)).toBe(0)
    expect(t.call(flock, a, LOCK_EX | LOCK_NB)).toBe(-EAGAIN)
    expect(t.call(flock, b, LOCK_UN)).toBe(0)
    expect(t.call(flock, a, LOCK_EX | LOCK_NB)).toBe(0)
    expect(t.call(flock, b, LOCK_EX)).toBe(BLOCKED)
    const sleeping = t.task.wait!
    t.call(close, a)
    t.task.wait = sleeping
    expect(t.wake()).toBe(0)
    expect(t.call(flock, b, 16)).toBe(-EINVAL)
  })

  it('does not look at record locks', () => {
    const {t, a, b} = prepared()
    t.call(fcntl, a, F_OFD_SETLK, range(t, F_WRLCK, 0, 0))
    expect(t.call(flock, b, LOCK_EX | LOCK_NB)).toBe(0)
  })
})
