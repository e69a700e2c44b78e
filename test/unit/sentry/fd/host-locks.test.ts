// Locks of files of writable volumes: the host's processes see them, and theirs are respected.

import {closeSync, openSync, readdirSync, rmSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterEach, beforeEach, describe, expect, it} from 'vitest'
import {EAGAIN} from '../../../../src/abi/errno.ts'
import {F_RDLCK, F_UNLCK, F_WRLCK, LOCK_EX, LOCK_SH, LOCK_UN} from '../../../../src/abi/fcntl.ts'
import {Budget} from '../../../../src/vfs/budget.ts'
import type {FileDescription} from '../../../../src/vfs/file.ts'
import {FileLocks} from '../../../../src/vfs/file-locks.ts'
import {HostLocks} from '../../../../src/vfs/fs/host-locks.ts'
import {nativeHost} from '../../../../src/vfs/native-host.ts'

const host = nativeHost.files

const path = join(tmpdir(), `hv-host-locks-${process.pid}`)
let guestFd: number
/** The descriptor of another process on the host. */
let otherFd: number

beforeEach(() => {
  guestFd = openSync(path, 'w+')
  otherFd = openSync(path, 'r+')
})

afterEach(() => {
  closeSync(guestFd)
  closeSync(otherFd)
  rmSync(path)
})

class Guest {
  readonly budget = new Budget()
  readonly #locks = new FileLocks(this.budget)
  readonly #file = {
    openHostLocks: () => HostLocks.of(host, (access) => host.hostOpenSelf(guestFd, access)),
  } as unknown as FileDescription

  set(owner: object, type: number, start: number, end: number): boolean {
    this.#locks.useHost(this.#file)
    return this.#locks.set({owner, type, start, end, pid: 1})
  }

  conflict(type: number, start: number, end: number): object | undefined {
    return this.#locks.hostConflict({owner: {}, type, start, end, pid: 1}, this.#file)
  }

  flock(owner: object, exclusive: boolean): boolean {
    this.#locks.useHost(this.#file)
    return this.#locks.tryFlock(owner, exclusive)
  }

  release(owner: object): void {
    this.#locks.release(owner)
  }
}

/** Whether the other process could lock that byte. */
function isFree(type: number, at: number): boolean {
  const result = host.hostLock(otherFd, type, at, 1)
  if (result === 0) host.hostLock(otherFd, F_UNLCK, at, 1)
  else expect(result).toBe(-EAGAIN)
  return result === 0
}

describe('record locks', () => {
  it('are held on the host until the last owner gives them up', () => {
    const guest = new Guest()
    const [a, b] = [{}, {}]
    expect(guest.set(a, F_RDLCK, 0, 10)).toBe(true)
    expect(guest.set(b, F_RDLCK, 5, 15)).toBe(true)
    expect(guest.set(b, F_WRLCK, 20, 30)).toBe(true)
    expect([0, 9, 14, 15].map((at) => isFree(F_WRLCK, at))).toEqual([false, false, false, true])
    expect([isFree(F_RDLCK, 0), isFree(F_RDLCK, 20)]).toEqual([true, false])
    guest.release(a)
    expect([4, 5, 9].map((at) => isFree(F_WRLCK, at))).toEqual([true, false, false])
    guest.release(b)
    expect([5, 14, 20].every((at) => isFree(F_WRLCK, at))).toBe(true)
    expect(guest.budget.used).toBe(0)
  })

  it('are refused, and nothing changes, where the host has one', () => {
    const guest = new Guest()
    const owner = {}
    host.hostLock(otherFd, F_RDLCK, 8, 2)
    guest.set(owner, F_WRLCK, 0, 5)
    expect(guest.set(owner, F_WRLCK, 3, 20)).toBe(false)
    expect([0, 4, 5].map((at) => isFree(F_WRLCK, at))).toEqual([false, false, true])
    expect(guest.set(owner, F_RDLCK, 3, 20)).toBe(true)
    expect(guest.set(owner, F_UNLCK, 0, Number.POSITIVE_INFINITY)).toBe(true)
    host.hostLock(otherFd, F_UNLCK, 0, 0)
    expect(guest.set(owner, F_WRLCK, 3, Number.POSITIVE_INFINITY)).toBe(true)
    expect(isFree(F_WRLCK, 1000)).toBe(false)
  })
})

describe('F_GETLK', () => {
  it('tells of the lock that the host has, and of none of the own ones', () => {
    const guest = new Guest()
    guest.set({}, F_WRLCK, 0, 5)
    expect(guest.conflict(F_WRLCK, 0, 100)).toBeUndefined()
    host.hostLock(otherFd, F_RDLCK, 8, 2)
    expect(guest.conflict(F_WRLCK, 0, 100)).toEqual({type: F_RDLCK, start: 8, end: 10, pid: -1})
    expect(guest.conflict(F_RDLCK, 0, 100)).toBeUndefined()
    host.hostLock(otherFd, F_WRLCK, 20, 0)
    const found = guest.conflict(F_RDLCK, 10, Number.POSITIVE_INFINITY)
    expect(found).toMatchObject({type: F_WRLCK, start: 20, end: Number.POSITIVE_INFINITY})
  })

  it('opens nothing for good', () => {
    const guest = new Guest()
    const open = () => readdirSync('/proc/self/fd').length
    const before = open()
    for (let i = 0; i < 10; i++) guest.conflict(F_WRLCK, 0, 1)
    expect(open()).toBe(before)
  })
})

describe('flock', () => {
  it('is held on the host as the strongest of the guest', () => {
    const guest = new Guest()
    const [a, b] = [{}, {}]
    expect([guest.flock(a, false), guest.flock(b, false)]).toEqual([true, true])
    expect(host.hostFlock(otherFd, LOCK_EX)).toBe(-EAGAIN)
    guest.release(b)
    expect(guest.flock(a, true)).toBe(true)
    expect(host.hostFlock(otherFd, LOCK_SH)).toBe(-EAGAIN)
    guest.release(a)
    expect(host.hostFlock(otherFd, LOCK_EX)).toBe(0)
    expect(guest.flock(a, false)).toBe(false)
    host.hostFlock(otherFd, LOCK_UN)
    expect(guest.flock(a, false)).toBe(true)
  })
})
