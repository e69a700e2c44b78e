// Memory that several address spaces share: MAP_SHARED | MAP_ANONYMOUS, and System V segments.

import {describe, expect, test} from 'vitest'
import {EACCES, EINVAL, ENOENT, ENOSPC, EPERM} from '../../../../src/abi/errno.ts'
import {IPC_CREAT, IPC_RMID, IPC_SET, IPC_STAT, SHM_INFO, SHM_RDONLY} from '../../../../src/abi/ipc.ts'
import {MADV_REMOVE} from '../../../../src/abi/mman.ts'
import {PAGE_SIZE} from '../../../../src/platform/platform.ts'
import {SharedMemory} from '../../../../src/sentry/memory/shared-memory.ts'
import {VM_SHARED} from '../../../../src/sentry/memory/vma.ts'
import {madvise} from '../../../../src/sentry/syscalls/madvise.ts'
import {shmctl} from '../../../../src/sentry/syscalls/shmctl.ts'
import {shmget} from '../../../../src/sentry/syscalls/shmget.ts'
import {shmat, shmdt} from '../../../../src/sentry/syscalls/shmop.ts'
import {nativeHost} from '../../../../src/vfs/native-host.ts'
import {VirtualFileSystem} from '../../../../src/vfs/virtual-file-system.ts'
import {SimulatedGuest} from '../memory/simulated-guest.ts'
import {SimulatedTask} from '../syscalls/simulated-task.ts'

const KEY = 0x1234
const PAGES = 3
const LENGTH = PAGES * PAGE_SIZE

function twoProcesses() {
  const first = new SimulatedTask()
  const second = first.sibling()
  const id = first.call(shmget, KEY, LENGTH, IPC_CREAT | 0o600)
  return {first, second, id, memory: first.guest.memory}
}

/** How many attachments there are. */
function attachments(task: SimulatedTask, id: number): number {
  const at = task.bytes(112)
  expect(task.call(shmctl, id, IPC_STAT, at)).toBe(0)
  return task.task.memory.readUint64(at + 88)
}

describe('shared anonymous memory', () => {
  function mapped() {
    const first = new SimulatedGuest()
    const second = first.sibling()
    const processes = new Map([first, second].map(({map}, pid) => [pid, {memoryMap: map}]))
    const memory = new SharedMemory({platform: first, vfs: new VirtualFileSystem(nativeHost), processes})
    const request = {length: LENGTH, protection: 3, flags: VM_SHARED, backing: memory}
    return {first, second, at: [first.map.map(request), second.map.map(request)], memory}
  }

  test('is one in all address spaces, and lives until the last is rid of it', () => {
    const {first, second, at, memory} = mapped()
    const before = first.memory.allocatedBytes
    first.store(at[0] + PAGE_SIZE, 5)
    expect(second.load(at[1] + PAGE_SIZE)).toBe(5)
    first.map.unmap(at[0] + PAGE_SIZE, PAGE_SIZE)
    first.map.clear()
    expect(second.load(at[1] + PAGE_SIZE)).toBe(5)
    expect(memory.pageCount).toBe(1)
    second.map.clear()
    expect(memory.pageCount).toBe(0)
    expect(first.memory.allocatedBytes).toBe(before)
  })

  test('loses a page in all address spaces', () => {
    const {first, second, at, memory} = mapped()
    first.store(at[0], 5)
    expect(second.load(at[1])).toBe(5)
    memory.punch(0, PAGE_SIZE)
    expect([first.load(at[0]), second.load(at[1])]).toEqual([0, 0])
    first.store(at[0], 6)
    expect(second.load(at[1])).toBe(6)
  })
})

describe('a segment', () => {
  test('shows processes the same bytes', () => {
    const {first, second, id} = twoProcesses()
    const a = first.call(shmat, id, 0, 0)
    const b = second.call(shmat, second.call(shmget, KEY, 0, 0), 0, SHM_RDONLY)
    first.guest.store(a + 5000, 9)
    expect(second.guest.load(b + 5000)).toBe(9)
    second.call(madvise, b, PAGE_SIZE, MADV_REMOVE)
    expect(second.guest.load(b + 5000)).toBe(9)
    first.call(madvise, a + PAGE_SIZE, PAGE_SIZE, MADV_REMOVE)
    expect([first.guest.load(a + 5000), second.guest.load(b + 5000)]).toEqual([0, 0])
  })

  test("counts each address space's attachments", () => {
    const {first, second, id} = twoProcesses()
    const a = first.call(shmat, id, 0, 0)
    first.call(shmat, id, 0, 0)
    second.call(shmat, id, 0, 0)
    expect(attachments(first, id)).toBe(3)
    expect(first.call(shmdt, a)).toBe(0)
    expect(attachments(first, id)).toBe(2)
    second.task.process.memoryMap.clear()
    expect(attachments(first, id)).toBe(1)
  })

  test('counts the mappings of a fork', () => {
    const {first, second, id} = twoProcesses()
    first.call(shmat, id, 0, 0)
    const vma = [...first.task.process.memoryMap.vmas].find(({backing}) => backing?.path.startsWith('/SYSV'))!
    const {start, end, protection, flags, backing} = vma
    second.guest.map.map({address: start, length: end - start, fixed: 'keep', protection, flags, backing})
    expect(attachments(first, id)).toBe(2)
    expect(second.call(shmdt, start)).toBe(0)
    expect(attachments(first, id)).toBe(1)
  })

  test('is gone, with its memory, when it is removed and nobody has it', () => {
    const {first, second, id, memory} = twoProcesses()
    const before = memory.allocatedBytes
    const a = first.call(shmat, id, 0, 0)
    first.guest.store(a, 1)
    expect(second.call(shmctl, id, IPC_RMID, 0)).toBe(0)
    expect(second.call(shmget, KEY, 0, 0)).toBe(-ENOENT)
    const b = second.call(shmat, id, 0, 0)
    expect(second.guest.load(b)).toBe(1)
    first.task.process.memoryMap.clear()
    second.call(shmdt, b)
    expect(second.call(shmat, id, 0, 0)).toBe(-EINVAL)
    expect(memory.allocatedBytes).toBeLessThanOrEqual(before)
  })

  test('ends at its last page', () => {
    const {first, id} = twoProcesses()
    const a = first.call(shmat, id, 0, 0)
    const backing = first.guest.map.vmas.at(a)!.backing!
    const at = first.guest.map.map({length: LENGTH, protection: 3, flags: VM_SHARED, backing, pageOffset: 1})
    expect(first.guest.store(at + LENGTH - PAGE_SIZE, 1)).toMatchObject({signal: 7})
  })

  test('is for whom its mode says', () => {
    const {first, second, id} = twoProcesses()
    second.become(1000)
    expect(second.call(shmget, KEY, 0, 0o400)).toBe(-EACCES)
    expect(second.call(shmat, id, 0, SHM_RDONLY)).toBe(-EACCES)
    expect(second.call(shmctl, id, IPC_STAT, second.bytes(112))).toBe(-EACCES)
    expect(second.call(shmctl, id, IPC_RMID, 0)).toBe(-EPERM)
    const ds = first.bytes(112)
    first.call(shmctl, id, IPC_STAT, ds)
    first.task.memory.writeUint32(ds + 20, 0o604)
    expect(first.call(shmctl, id, IPC_SET, ds)).toBe(0)
    expect(second.call(shmat, id, 0, SHM_RDONLY)).toBeGreaterThan(0)
    expect(second.call(shmat, id, 0, 0)).toBe(-EACCES)
    first.task.memory.writeUint32(ds + 4, 1000)
    expect(first.call(shmctl, id, IPC_SET, ds)).toBe(0)
    expect(second.call(shmctl, id, IPC_RMID, 0)).toBe(0)
  })

  test('is one of 4,096', () => {
    const {first} = twoProcesses()
    for (let i = 1; i < 4096; i++) expect(first.call(shmget, 0, 1, 0o600)).toBeGreaterThanOrEqual(0)
    expect(first.call(shmget, 0, 1, 0o600)).toBe(-ENOSPC)
    expect(first.call(shmctl, 0, SHM_INFO, first.bytes(48))).toBe(4095)
  })
})
