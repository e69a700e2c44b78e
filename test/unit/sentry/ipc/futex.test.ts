// Futexes between tasks and processes: which words are the same, and which task is woken.

import {describe, expect, test} from 'vitest'
import {EFAULT} from '../../../../src/abi/errno.ts'
import {PAGE_SIZE, PROT_READ, PROT_WRITE} from '../../../../src/platform/platform.ts'
import type {Task} from '../../../../src/sentry/core/task.ts'
import {futexKey, futexTable} from '../../../../src/sentry/ipc/futex-key.ts'
import {FutexTable} from '../../../../src/sentry/memory/futex-table.ts'
import type {MapRequest} from '../../../../src/sentry/memory/memory-map.ts'
import {SharedMemory} from '../../../../src/sentry/memory/shared-memory.ts'
import {type Backing, VM_SHARED} from '../../../../src/sentry/memory/vma.ts'
import {nativeHost} from '../../../../src/vfs/native-host.ts'
import {VirtualFileSystem} from '../../../../src/vfs/virtual-file-system.ts'
import {errnoOf, SimulatedFile, SimulatedGuest} from '../memory/simulated-guest.ts'

const ANY = -1
const READ_WRITE = PROT_READ | PROT_WRITE
const kernel = {ipc: {futexes: new FutexTable()}}

function taskOf(guest: SimulatedGuest): Task {
  return {
    kernel,
    process: {memoryMap: guest.map},
    memory: guest.user,
  } as unknown as Task
}

/** Two processes, and a word of each; both map what `request` says, at different addresses. */
function twoWords(request: (guest: SimulatedGuest) => Partial<MapRequest>) {
  const first = new SimulatedGuest()
  const second = first.sibling()
  const shared = request(first)
  first.map.map({length: PAGE_SIZE, protection: READ_WRITE})
  return [first, second].map((guest) => {
    const address = guest.map.map({
      length: 4 * PAGE_SIZE,
      protection: READ_WRITE,
      ...shared,
    })
    return {task: taskOf(guest), guest, address: address + PAGE_SIZE + 8}
  })
}

function backingOf(mappable: Backing['mappable']): Backing {
  return {mappable, path: '/file', dev: 9, ino: 9}
}

describe('the key of a futex', () => {
  test('is one for processes that share memory at different addresses', () => {
    const vfs = new VirtualFileSystem(nativeHost)
    const [a, b] = twoWords((platform) => ({
      flags: VM_SHARED,
      backing: new SharedMemory({platform, vfs, processes: new Map()}),
    }))
    expect(a.address).not.toBe(b.address)
    expect(futexKey(a.task, a.address, false)).toEqual(futexKey(b.task, b.address, false))
    expect(futexKey(a.task, a.address, false)).not.toEqual(futexKey(b.task, b.address + 4, false))
  })

  test('is one for file descriptions of one file', () => {
    const identity = {}
    const [a, b] = twoWords(({memory}) => ({
      flags: VM_SHARED,
      backing: backingOf(fileOf(memory, identity)),
    }))
    const other = b.guest.map.map({
      ...{
        length: 4 * PAGE_SIZE,
        protection: READ_WRITE,
        flags: VM_SHARED,
        pageOffset: 1,
      },
      backing: backingOf(fileOf(b.guest.memory, identity)),
    })
    const key = futexKey(a.task, a.address, false)
    expect(futexKey(b.task, other + 8, false)).toEqual(key)
    expect(key.object).toBe(identity)
  })

  test('is the address space and the address where a private mapping can be written', () => {
    const [a, b] = twoWords(() => ({}))
    expect(futexKey(a.task, a.address, false)).toEqual({
      object: a.guest.map,
      offset: a.address,
    })
    expect(futexKey(b.task, b.address, false).object).toBe(b.guest.map)
  })

  test('stays when the page is copied', () => {
    const [a] = twoWords(({memory}) => ({
      backing: backingOf(new SimulatedFile(memory, 4)),
    }))
    const before = futexKey(a.task, a.address, false)
    a.guest.store(a.address, 5)
    expect(futexKey(a.task, a.address, false)).toEqual(before)
  })

  test("is the file's for a private mapping that cannot be written", () => {
    const [a, b] = twoWords(({memory}) => ({
      backing: backingOf(new SimulatedFile(memory, 4)),
      protection: PROT_READ,
    }))
    expect(futexKey(a.task, a.address, false)).toEqual(futexKey(b.task, b.address, false))
  })

  test('does not exist for memory that nobody can write, nor where nothing is', () => {
    const [a] = twoWords(() => ({protection: PROT_READ}))
    expect(errnoOf(() => futexKey(a.task, a.address, false))).toBe(EFAULT)
    expect(errnoOf(() => futexKey(a.task, PAGE_SIZE, false))).toBe(EFAULT)
  })

  test('needs no memory when the call is private', () => {
    const [a] = twoWords(() => ({}))
    expect(futexKey(a.task, PAGE_SIZE, true)).toEqual({
      object: a.guest.map,
      offset: PAGE_SIZE,
    })
  })
})

describe('the tables of futexes', () => {
  test('keep private sleepers of one address space from those of another, and from shared ones', () => {
    const [a, b] = twoWords(() => ({}))
    futexTable(a.task, true).join(futexKey(a.task, a.address, true), ANY)
    expect(futexTable(b.task, true).wake(futexKey(b.task, a.address, true), 1, ANY)).toBe(0)
    expect(futexTable(a.task, false).wake(futexKey(a.task, a.address, false), 1, ANY)).toBe(0)
    expect(futexTable(a.task, true).wake(futexKey(a.task, a.address, true), 1, ANY)).toBe(1)
  })

  test('know who waits longest for a lock, whoever sleeps on its word before', () => {
    const table = new FutexTable()
    const key = {object: {}, offset: 4}
    table.join(key, ANY)
    for (const address of [8, 16]) table.join(key, ANY, {task: {} as Task, address})
    expect(table.firstOfLocks().map(({lock}) => lock?.address)).toEqual([8])
  })

  test('hold nothing once nobody sleeps', () => {
    const table = new FutexTable()
    const object = {}
    const waiters = [4, 4, 8].map((offset) => table.join({object, offset}, ANY))
    table.requeue({object, offset: 4}, {object, offset: 12}, 1)
    for (const waiter of waiters) table.leave(waiter)
    expect(table.isEmpty).toBe(true)
  })
})

/** One of a file's Mappables. */
function fileOf(memory: SimulatedGuest['memory'], futexObject: object): Backing['mappable'] {
  return Object.assign(new SimulatedFile(memory, 6), {futexObject})
}
