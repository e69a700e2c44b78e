// mmap(2) and its family, through their handlers, over a tmpfs file.

import {beforeEach, describe, expect, it} from 'vitest'
import * as errno from '../../../../src/abi/errno.ts'
import * as mman from '../../../../src/abi/mman.ts'
import {O_APPEND, O_PATH, O_RDONLY, O_RDWR, O_WRONLY} from '../../../../src/abi/open-flags.ts'
import {FdTable} from '../../../../src/sentry/fd-table.ts'
import {lockedBytes} from '../../../../src/sentry/memory/accounting.ts'
import {SEGV_ACCERR, SEGV_MAPERR} from '../../../../src/sentry/memory/fault-signal.ts'
import {RLIMIT_MEMLOCK} from '../../../../src/sentry/resource-limits.ts'
import {madvise} from '../../../../src/sentry/syscalls/madvise.ts'
import {mincore} from '../../../../src/sentry/syscalls/mincore.ts'
import {mlock, mlock2, mlockall, munlock, munlockall} from '../../../../src/sentry/syscalls/mlock.ts'
import {mmap} from '../../../../src/sentry/syscalls/mmap.ts'
import {mprotect} from '../../../../src/sentry/syscalls/mprotect.ts'
import {mremap} from '../../../../src/sentry/syscalls/mremap.ts'
import {msync} from '../../../../src/sentry/syscalls/msync.ts'
import {munmap} from '../../../../src/sentry/syscalls/munmap.ts'
import type {Syscall} from '../../../../src/sentry/syscalls/syscall.ts'
import type {Task} from '../../../../src/sentry/task.ts'
import {Tmpfs} from '../../../../src/vfs/fs/tmpfs.ts'
import {errnoOf, SimulatedGuest} from '../memory/simulated-guest.ts'

const PAGE = 4096
const READ = 1
const READ_WRITE = 3
const PRIVATE = mman.MAP_PRIVATE | mman.MAP_ANONYMOUS
const SHARED = mman.MAP_SHARED | mman.MAP_ANONYMOUS
const owner = {uid: 0, gid: 0, groups: [], privileged: false}

let guest: SimulatedGuest
let task: Task
let fds: FdTable
let fs: Tmpfs

function call(syscall: Syscall, ...words: number[]): number {
  const word = (index: number) => words[index] ?? 0
  return syscall(task, {
    address: word,
    int64: word,
    int32: (index) => word(index) | 0,
    uint32: (index) => word(index) >>> 0,
    raw: (index) => BigInt(word(index)),
  })
}

function errnoOfCall(syscall: Syscall, ...words: number[]): number {
  return errnoOf(() => call(syscall, ...words))
}

/** A file of two pages, 'a' and 'b', opened with `flags`. */
function openFile(flags: number): number {
  const inode = fs.root.create(`file${flags}`, 0o644, owner)
  const writer = inode.open(O_WRONLY)
  writer.write(Buffer.from('a'.repeat(PAGE) + 'b'.repeat(PAGE)))
  const fd = fds.install(inode.open(flags))
  writer.close()
  return fd
}

function fill(address: number, pages: number): void {
  for (let i = 0; i < pages; i++) guest.store(address + i * PAGE, i + 1)
}

function bytes(address: number, pages: number): unknown[] {
  return Array.from({length: pages}, (_, i) => guest.load(address + i * PAGE))
}

beforeEach(() => {
  guest = new SimulatedGuest()
  fds = new FdTable()
  fs = new Tmpfs(guest.memory)
  const process = {memoryMap: guest.map, limits: guest.limits}
  task = {process, memory: guest.user, fds, fs: {}, credentials: owner} as unknown as Task
})

describe('mmap', () => {
  it('maps private and shared anonymous memory', () => {
    const a = call(mmap, 0, 5 * PAGE + 1, READ_WRITE, PRIVATE, -1, 0)
    const b = call(mmap, 0, 2 * PAGE, READ_WRITE, SHARED, -1, 0)
    fill(a, 6)
    fill(b, 2)
    expect([bytes(a, 6), bytes(b, 2)]).toEqual([
      [1, 2, 3, 4, 5, 6],
      [1, 2],
    ])
  })

  it('frees shared anonymous memory with its last mapping', () => {
    const address = call(mmap, 0, 8 * PAGE, READ_WRITE, SHARED, -1, 0)
    fill(address, 8)
    call(munmap, address, 4 * PAGE)
    expect(guest.load(address + 7 * PAGE)).toBe(8)
    call(munmap, address, 8 * PAGE)
    expect(guest.memory.allocatedBytes).toBe(0)
  })

  it('keeps a file open until it is unmapped, coherent with read and write', () => {
    const fd = openFile(O_RDWR)
    const address = call(mmap, 0, 2 * PAGE, READ_WRITE, mman.MAP_SHARED, fd, 0)
    const second = call(mmap, 0, PAGE, READ, mman.MAP_PRIVATE, fd, PAGE)
    const file = fds.get(fd)
    fs.root.unlink(`file${O_RDWR}`)
    guest.store(address, 0x7a)
    const text = new Uint8Array(2)
    file.read(text, 0)
    fds.remove(fd)
    expect([Buffer.from(text).toString(), guest.load(second), guest.load(address + PAGE)]).toEqual([
      'za',
      98,
      98,
    ])
    call(munmap, address, 2 * PAGE)
    call(munmap, second, PAGE)
    expect(guest.memory.allocatedBytes).toBe(0)
  })

  it('populates at once with MAP_POPULATE', () => {
    call(mmap, 0, 40 * PAGE, READ_WRITE, PRIVATE | mman.MAP_POPULATE, -1, 0)
    expect(guest.map.residentBytes).toBe(40 * PAGE)
  })

  it.each<[string, number[], number]>([
    ['a length of 0', [0, 0, READ, PRIVATE, -1, 0], errno.EINVAL],
    ['an unaligned offset', [0, PAGE, READ, PRIVATE, -1, 1], errno.EINVAL],
    ['neither shared nor private', [0, PAGE, READ, mman.MAP_ANONYMOUS, -1, 0], errno.EINVAL],
    ['validated anonymous memory', [0, PAGE, READ, mman.MAP_ANONYMOUS | 3, -1, 0], errno.EINVAL],
    ['too much', [0, 2 ** 62, READ, PRIVATE, -1, 0], errno.ENOMEM],
    ['a length that wraps', [0, 2 ** 64, READ, PRIVATE, -1, 0], errno.ENOMEM],
    ['a bad descriptor', [0, PAGE, READ, mman.MAP_PRIVATE, -1, 0], errno.EBADF],
    ['a fixed unaligned address', [1, PAGE, READ, PRIVATE | mman.MAP_FIXED, -1, 0], errno.EINVAL],
    ['huge pages', [0, PAGE, READ, PRIVATE | mman.MAP_HUGETLB, -1, 0], errno.ENOMEM],
    ['a shared stack', [0, PAGE, READ, SHARED | mman.MAP_GROWSDOWN, -1, 0], errno.EINVAL],
  ])('refuses %s', (_, words, expected) => {
    expect(errnoOfCall(mmap, ...words)).toBe(expected)
  })

  it.each<[string, number, number, number, number]>([
    ['reading what was opened for writing', O_WRONLY, READ, mman.MAP_PRIVATE, errno.EACCES],
    ['writing what was opened for reading', O_RDONLY, READ_WRITE, mman.MAP_SHARED, errno.EACCES],
    ['writing what was opened for appending', O_RDWR | O_APPEND, READ_WRITE, mman.MAP_SHARED, errno.EACCES],
    ['flags that it does not know, validated', O_RDWR, READ, 3 | mman.MAP_SYNC, errno.EOPNOTSUPP],
    ['a stack of a file', O_RDWR, READ, mman.MAP_PRIVATE | mman.MAP_GROWSDOWN, errno.EINVAL],
    ['huge pages of a file', O_RDWR, READ, mman.MAP_PRIVATE | mman.MAP_HUGETLB, errno.EINVAL],
  ])('refuses %s', (_, openFlags, protection, flags, expected) => {
    expect(errnoOfCall(mmap, 0, PAGE, protection, flags, openFile(openFlags), 0)).toBe(expected)
  })

  it('refuses O_PATH descriptors, directories and offsets beyond any file', () => {
    const directory = fds.install(fs.root.open(O_RDONLY))
    expect(errnoOfCall(mmap, 0, PAGE, READ, mman.MAP_PRIVATE, directory, 0)).toBe(errno.ENODEV)
    fds.get(directory).flags |= O_PATH
    expect(errnoOfCall(mmap, 0, PAGE, READ, mman.MAP_PRIVATE, directory, 0)).toBe(errno.EBADF)
    expect(errnoOfCall(mmap, 0, PAGE, READ, mman.MAP_PRIVATE, openFile(O_RDONLY), 2 ** 62)).toBe(
      errno.EOVERFLOW,
    )
  })

  it('lets a shared mapping of what was opened for reading never become writable', () => {
    const address = call(mmap, 0, PAGE, READ, mman.MAP_SHARED, openFile(O_RDONLY), 0)
    expect(errnoOfCall(mprotect, address, PAGE, READ_WRITE)).toBe(errno.EACCES)
  })
})

describe('mprotect', () => {
  it('changes what lies before a hole, then says ENOMEM', () => {
    const address = call(mmap, 0, 4 * PAGE, READ_WRITE, PRIVATE, -1, 0)
    call(munmap, address + 2 * PAGE, PAGE)
    expect(errnoOfCall(mprotect, address, 4 * PAGE, READ)).toBe(errno.ENOMEM)
    expect([guest.store(address + PAGE, 1), guest.store(address + 3 * PAGE, 1)]).toEqual([SEGV_ACCERR, true])
  })

  it('checks its arguments as Linux does', () => {
    const address = call(mmap, 0, PAGE, READ_WRITE, PRIVATE, -1, 0)
    const bothWays = mman.PROT_GROWSDOWN | mman.PROT_GROWSUP
    expect(errnoOfCall(mprotect, address + 1, PAGE, READ)).toBe(errno.EINVAL)
    expect(errnoOfCall(mprotect, address, PAGE, 0x100)).toBe(errno.EINVAL)
    expect(errnoOfCall(mprotect, address, PAGE, bothWays)).toBe(errno.EINVAL)
    expect(errnoOfCall(mprotect, address, PAGE, READ | mman.PROT_GROWSDOWN)).toBe(errno.EINVAL)
    expect(errnoOfCall(mprotect, address, 2 ** 64 - PAGE, READ)).toBe(errno.ENOMEM)
    expect(call(mprotect, address, 0, READ)).toBe(0)
  })
})

describe('munmap', () => {
  it('refuses a length of 0, an unaligned address and what is not user space', () => {
    for (const [address, length] of [
      [0x10000, 0],
      [0x10001, PAGE],
      [2 ** 63, PAGE],
      [0x10000, 2 ** 64 - PAGE],
    ]) {
      expect(errnoOfCall(munmap, address, length)).toBe(errno.EINVAL)
    }
  })
})

describe('mremap', () => {
  it('checks its flags as Linux does', () => {
    const address = call(mmap, 0, 2 * PAGE, READ_WRITE, PRIVATE, -1, 0)
    expect(errnoOfCall(mremap, address, PAGE, PAGE, 8)).toBe(errno.EINVAL)
    expect(errnoOfCall(mremap, address, PAGE, PAGE, mman.MREMAP_FIXED, 0x40_0000)).toBe(errno.EINVAL)
    const keep = mman.MREMAP_MAYMOVE | mman.MREMAP_DONTUNMAP
    expect(errnoOfCall(mremap, address, PAGE, 2 * PAGE, keep)).toBe(errno.EINVAL)
    const fixed = mman.MREMAP_MAYMOVE | mman.MREMAP_FIXED
    expect(call(mremap, address, PAGE, PAGE, fixed, 0x40_0000)).toBe(0x40_0000)
  })
})

describe('madvise', () => {
  it('empties anonymous memory, and only the pages named', () => {
    const address = call(mmap, 0, 4 * PAGE, READ_WRITE, PRIVATE, -1, 0)
    fill(address, 4)
    const before = guest.memory.allocatedBytes
    call(madvise, address + PAGE, 2 * PAGE, mman.MADV_DONTNEED)
    expect(guest.memory.allocatedBytes).toBe(before - 2 * PAGE)
    expect(bytes(address, 4)).toEqual([1, 0, 0, 4])
  })

  it('drops private changes of a file and keeps shared ones', () => {
    const fd = openFile(O_RDWR)
    const own = call(mmap, 0, PAGE, READ_WRITE, mman.MAP_PRIVATE, fd, 0)
    const shared = call(mmap, 0, PAGE, READ_WRITE, mman.MAP_SHARED, fd, 0)
    guest.store(own, 1)
    guest.store(shared, 2)
    call(madvise, own, PAGE, mman.MADV_DONTNEED)
    call(madvise, shared, PAGE, mman.MADV_DONTNEED)
    expect([guest.load(own), guest.load(shared)]).toEqual([2, 2])
  })

  it('punches a hole into shared memory that every mapping of it sees', () => {
    const address = call(mmap, 0, 4 * PAGE, READ_WRITE, SHARED, -1, 0)
    fill(address, 4)
    const second = call(mremap, address, 0, 4 * PAGE, mman.MREMAP_MAYMOVE)
    expect(bytes(second, 4)).toEqual([1, 2, 3, 4])
    call(madvise, second + PAGE, PAGE, mman.MADV_REMOVE)
    expect([bytes(address, 4), bytes(second, 4)]).toEqual([
      [1, 0, 3, 4],
      [1, 0, 3, 4],
    ])
  })

  it('populates, and says why it cannot', () => {
    const address = call(mmap, 0, 8 * PAGE, READ_WRITE, PRIVATE, -1, 0)
    call(madvise, address, 8 * PAGE, mman.MADV_POPULATE_WRITE)
    expect(guest.map.residentBytes).toBe(8 * PAGE)
    call(mprotect, address, PAGE, READ)
    expect(errnoOfCall(madvise, address, PAGE, mman.MADV_POPULATE_WRITE)).toBe(errno.EINVAL)
    const behind = call(mmap, 0, PAGE, READ, mman.MAP_PRIVATE, openFile(O_RDONLY), 16 * PAGE)
    expect(errnoOfCall(madvise, behind, PAGE, mman.MADV_POPULATE_READ)).toBe(errno.EFAULT)
  })

  it('checks its arguments as Linux does', () => {
    const address = call(mmap, 0, 4 * PAGE, READ_WRITE, PRIVATE, -1, 0)
    expect(errnoOfCall(madvise, address + 1, PAGE, mman.MADV_DONTNEED)).toBe(errno.EINVAL)
    expect(errnoOfCall(madvise, address, PAGE, 12345)).toBe(errno.EINVAL)
    expect(errnoOfCall(madvise, address, 2 ** 64 - PAGE, mman.MADV_DONTNEED)).toBe(errno.EINVAL)
    expect(call(madvise, address, 0, mman.MADV_DONTNEED)).toBe(0)
    call(munmap, address + PAGE, PAGE)
    fill(address, 1)
    expect(errnoOfCall(madvise, address, 4 * PAGE, mman.MADV_DONTNEED)).toBe(errno.ENOMEM)
    expect(guest.load(address)).toBe(0)
  })
})

describe('msync', () => {
  it('checks its arguments as Linux does', () => {
    const address = call(mmap, 0, 2 * PAGE, READ_WRITE, mman.MAP_SHARED, openFile(O_RDWR), 0)
    expect(call(msync, address, 2 * PAGE, mman.MS_SYNC)).toBe(0)
    expect(errnoOfCall(msync, address, PAGE, mman.MS_SYNC | mman.MS_ASYNC)).toBe(errno.EINVAL)
    expect(errnoOfCall(msync, address, PAGE, 64)).toBe(errno.EINVAL)
    expect(errnoOfCall(msync, address + 1, PAGE, mman.MS_SYNC)).toBe(errno.EINVAL)
    call(mlock, address, PAGE)
    expect(errnoOfCall(msync, address, PAGE, mman.MS_INVALIDATE)).toBe(errno.EBUSY)
    call(munmap, address + PAGE, PAGE)
    expect(errnoOfCall(msync, address, 2 * PAGE, mman.MS_SYNC)).toBe(errno.ENOMEM)
  })
})

describe('mlock', () => {
  it('populates the pages that the range touches', () => {
    const address = call(mmap, 0, 40 * PAGE, READ_WRITE, PRIVATE, -1, 0)
    call(mlock, address + 10, 2 * PAGE)
    const vector = call(mmap, 0, PAGE, READ_WRITE, PRIVATE, -1, 0)
    call(mincore, address, 3 * PAGE, vector)
    expect([...guest.user.readBytes(vector, 3)]).toEqual([1, 1, 1])
    expect(lockedBytes(guest.map.vmas)).toBe(3 * PAGE)
    call(munlock, address, 3 * PAGE)
    expect(lockedBytes(guest.map.vmas)).toBe(0)
  })

  it('keeps RLIMIT_MEMLOCK', () => {
    guest.limits.set(RLIMIT_MEMLOCK, {soft: 2 * PAGE, hard: 2 * PAGE})
    const address = call(mmap, 0, 4 * PAGE, READ_WRITE, PRIVATE, -1, 0)
    expect(errnoOfCall(mlock, address, 3 * PAGE)).toBe(errno.ENOMEM)
    expect(errnoOfCall(mlockall, mman.MCL_CURRENT)).toBe(errno.ENOMEM)
    call(mlock, address, 2 * PAGE)
    expect(call(mlock, address, 2 * PAGE)).toBe(0)
    expect(errnoOfCall(mmap, 0, PAGE, READ, PRIVATE | mman.MAP_LOCKED, -1, 0)).toBe(errno.EAGAIN)
    guest.limits.set(RLIMIT_MEMLOCK, {soft: 0, hard: 0})
    expect(errnoOfCall(mlock, address, PAGE)).toBe(errno.EPERM)
    expect(errnoOfCall(mmap, 0, PAGE, READ, PRIVATE | mman.MAP_LOCKED, -1, 0)).toBe(errno.EPERM)
  })

  it('locks what comes with MCL_FUTURE until munlockall', () => {
    call(mlockall, mman.MCL_FUTURE)
    call(mmap, 0, 4 * PAGE, READ_WRITE, PRIVATE, -1, 0)
    expect(guest.map.residentBytes).toBe(4 * PAGE)
    call(munlockall)
    expect(lockedBytes(guest.map.vmas)).toBe(0)
  })

  it('checks its arguments as Linux does', () => {
    const address = call(mmap, 0, 2 * PAGE, READ_WRITE, PRIVATE, -1, 0)
    call(munmap, address + PAGE, PAGE)
    expect(errnoOfCall(mlock2, address, PAGE, 0x80)).toBe(errno.EINVAL)
    for (const flags of [0, 0x80, mman.MCL_ONFAULT]) expect(errnoOfCall(mlockall, flags)).toBe(errno.EINVAL)
    expect(errnoOfCall(mlock, address, 2 * PAGE)).toBe(errno.ENOMEM)
    expect(errnoOfCall(munlock, address, 2 * PAGE)).toBe(errno.ENOMEM)
    expect(errnoOfCall(mlock, address, 2 ** 64 - PAGE)).toBe(errno.EINVAL)
    call(mlock, address, PAGE)
    expect(errnoOfCall(madvise, address, PAGE, mman.MADV_DONTNEED)).toBe(errno.EINVAL)
  })
})

describe('mincore', () => {
  it('checks its arguments as Linux does', () => {
    const address = call(mmap, 0, 2 * PAGE, READ_WRITE, PRIVATE, -1, 0)
    call(munmap, address + PAGE, PAGE)
    expect(errnoOfCall(mincore, address + 1, PAGE, address)).toBe(errno.EINVAL)
    expect(errnoOfCall(mincore, address, PAGE, 8)).toBe(errno.EFAULT)
    expect(errnoOfCall(mincore, address, 2 * PAGE, address)).toBe(errno.ENOMEM)
    expect(errnoOfCall(mincore, address, 2 ** 64 - PAGE, address)).toBe(errno.ENOMEM)
    expect(guest.load(address + PAGE)).toBe(SEGV_MAPERR)
  })
})
