// munmap(2), mprotect(2), mremap(2), madvise(2), msync(2), mlock(2), mincore(2), through their handlers.

import {beforeEach, describe, expect, it} from 'vitest'
import * as errno from '../../../../src/abi/errno.ts'
import * as mman from '../../../../src/abi/mman.ts'
import {O_RDONLY, O_RDWR} from '../../../../src/abi/open-flags.ts'
import {RLIMIT_MEMLOCK} from '../../../../src/sentry/core/resource-limits.ts'
import {lockedBytes} from '../../../../src/sentry/memory/accounting.ts'
import {SEGV_ACCERR, SEGV_MAPERR} from '../../../../src/sentry/memory/fault-signal.ts'
import {madvise} from '../../../../src/sentry/syscalls/madvise.ts'
import {mincore} from '../../../../src/sentry/syscalls/mincore.ts'
import {mlock, mlock2, mlockall, munlock, munlockall} from '../../../../src/sentry/syscalls/mlock.ts'
import {mmap} from '../../../../src/sentry/syscalls/mmap.ts'
import {mprotect} from '../../../../src/sentry/syscalls/mprotect.ts'
import {mremap} from '../../../../src/sentry/syscalls/mremap.ts'
import {msync} from '../../../../src/sentry/syscalls/msync.ts'
import {munmap} from '../../../../src/sentry/syscalls/munmap.ts'
import {MemoryCaller} from './memory-caller.ts'

const PAGE = 4096
const READ = 1
const READ_WRITE = 3
const PRIVATE = mman.MAP_PRIVATE | mman.MAP_ANONYMOUS
const SHARED = mman.MAP_SHARED | mman.MAP_ANONYMOUS

let caller: MemoryCaller

beforeEach(() => {
  caller = new MemoryCaller()
})

describe('mprotect', () => {
  it('changes what lies before a hole, then says ENOMEM', () => {
    const address = caller.call(mmap, 0, 4 * PAGE, READ_WRITE, PRIVATE, -1, 0)
    caller.call(munmap, address + 2 * PAGE, PAGE)
    expect(caller.errnoOf(mprotect, address, 4 * PAGE, READ)).toBe(errno.ENOMEM)
    expect([caller.guest.store(address + PAGE, 1), caller.guest.store(address + 3 * PAGE, 1)]).toEqual([
      SEGV_ACCERR,
      true,
    ])
  })

  it('checks its arguments as Linux does', () => {
    const address = caller.call(mmap, 0, PAGE, READ_WRITE, PRIVATE, -1, 0)
    const bothWays = mman.PROT_GROWSDOWN | mman.PROT_GROWSUP
    expect(caller.errnoOf(mprotect, address + 1, PAGE, READ)).toBe(errno.EINVAL)
    expect(caller.errnoOf(mprotect, address, PAGE, 0x100)).toBe(errno.EINVAL)
    expect(caller.errnoOf(mprotect, address, PAGE, bothWays)).toBe(errno.EINVAL)
    expect(caller.errnoOf(mprotect, address, PAGE, READ | mman.PROT_GROWSDOWN)).toBe(errno.EINVAL)
    expect(caller.errnoOf(mprotect, address, 2 ** 64 - PAGE, READ)).toBe(errno.ENOMEM)
    expect(caller.call(mprotect, address, 0, READ)).toBe(0)
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
      expect(caller.errnoOf(munmap, address, length)).toBe(errno.EINVAL)
    }
  })
})

describe('mremap', () => {
  it('checks its flags as Linux does', () => {
    const address = caller.call(mmap, 0, 2 * PAGE, READ_WRITE, PRIVATE, -1, 0)
    expect(caller.errnoOf(mremap, address, PAGE, PAGE, 8)).toBe(errno.EINVAL)
    expect(caller.errnoOf(mremap, address, PAGE, PAGE, mman.MREMAP_FIXED, 0x40_0000)).toBe(errno.EINVAL)
    const keep = mman.MREMAP_MAYMOVE | mman.MREMAP_DONTUNMAP
    expect(caller.errnoOf(mremap, address, PAGE, 2 * PAGE, keep)).toBe(errno.EINVAL)
    const fixed = mman.MREMAP_MAYMOVE | mman.MREMAP_FIXED
    expect(caller.call(mremap, address, PAGE, PAGE, fixed, 0x40_0000)).toBe(0x40_0000)
  })
})

describe('madvise', () => {
  it('empties anonymous memory, and only the pages named', () => {
    const address = caller.call(mmap, 0, 4 * PAGE, READ_WRITE, PRIVATE, -1, 0)
    caller.fill(address, 4)
    const before = caller.guest.memory.allocatedBytes
    caller.call(madvise, address + PAGE, 2 * PAGE, mman.MADV_DONTNEED)
    expect(caller.guest.memory.allocatedBytes).toBe(before - 2 * PAGE)
    expect(caller.bytes(address, 4)).toEqual([1, 0, 0, 4])
  })

  it('drops private changes of a file and keeps shared ones', () => {
    const fd = caller.openFile(O_RDWR)
    const own = caller.call(mmap, 0, PAGE, READ_WRITE, mman.MAP_PRIVATE, fd, 0)
    const shared = caller.call(mmap, 0, PAGE, READ_WRITE, mman.MAP_SHARED, fd, 0)
    caller.guest.store(own, 1)
    caller.guest.store(shared, 2)
    caller.call(madvise, own, PAGE, mman.MADV_DONTNEED)
    caller.call(madvise, shared, PAGE, mman.MADV_DONTNEED)
    expect([caller.guest.load(own), caller.guest.load(shared)]).toEqual([2, 2])
  })

  it('punches a hole into shared memory that every mapping of it sees', () => {
    const address = caller.call(mmap, 0, 4 * PAGE, READ_WRITE, SHARED, -1, 0)
    caller.fill(address, 4)
    const second = caller.call(mremap, address, 0, 4 * PAGE, mman.MREMAP_MAYMOVE)
    expect(caller.bytes(second, 4)).toEqual([1, 2, 3, 4])
    caller.call(madvise, second + PAGE, PAGE, mman.MADV_REMOVE)
    expect([caller.bytes(address, 4), caller.bytes(second, 4)]).toEqual([
      [1, 0, 3, 4],
      [1, 0, 3, 4],
    ])
  })

  it('populates, and says why it cannot', () => {
    const address = caller.call(mmap, 0, 8 * PAGE, READ_WRITE, PRIVATE, -1, 0)
    caller.call(madvise, address, 8 * PAGE, mman.MADV_POPULATE_WRITE)
    expect(caller.guest.map.residentBytes).toBe(8 * PAGE)
    caller.call(mprotect, address, PAGE, READ)
    expect(caller.errnoOf(madvise, address, PAGE, mman.MADV_POPULATE_WRITE)).toBe(errno.EINVAL)
    const behind = caller.call(mmap, 0, PAGE, READ, mman.MAP_PRIVATE, caller.openFile(O_RDONLY), 16 * PAGE)
    expect(caller.errnoOf(madvise, behind, PAGE, mman.MADV_POPULATE_READ)).toBe(errno.EFAULT)
  })

  it('checks its arguments as Linux does', () => {
    const address = caller.call(mmap, 0, 4 * PAGE, READ_WRITE, PRIVATE, -1, 0)
    expect(caller.errnoOf(madvise, address + 1, PAGE, mman.MADV_DONTNEED)).toBe(errno.EINVAL)
    expect(caller.errnoOf(madvise, address, PAGE, 12345)).toBe(errno.EINVAL)
    expect(caller.errnoOf(madvise, address, 2 ** 64 - PAGE, mman.MADV_DONTNEED)).toBe(errno.EINVAL)
    expect(caller.call(madvise, address, 0, mman.MADV_DONTNEED)).toBe(0)
    caller.call(munmap, address + PAGE, PAGE)
    caller.fill(address, 1)
    expect(caller.errnoOf(madvise, address, 4 * PAGE, mman.MADV_DONTNEED)).toBe(errno.ENOMEM)
    expect(caller.guest.load(address)).toBe(0)
  })
})

describe('msync', () => {
  it('checks its arguments as Linux does', () => {
    const address = caller.call(mmap, 0, 2 * PAGE, READ_WRITE, mman.MAP_SHARED, caller.openFile(O_RDWR), 0)
    expect(caller.call(msync, address, 2 * PAGE, mman.MS_SYNC)).toBe(0)
    expect(caller.errnoOf(msync, address, PAGE, mman.MS_SYNC | mman.MS_ASYNC)).toBe(errno.EINVAL)
    expect(caller.errnoOf(msync, address, PAGE, 64)).toBe(errno.EINVAL)
    expect(caller.errnoOf(msync, address + 1, PAGE, mman.MS_SYNC)).toBe(errno.EINVAL)
    caller.call(mlock, address, PAGE)
    expect(caller.errnoOf(msync, address, PAGE, mman.MS_INVALIDATE)).toBe(errno.EBUSY)
    caller.call(munmap, address + PAGE, PAGE)
    expect(caller.errnoOf(msync, address, 2 * PAGE, mman.MS_SYNC)).toBe(errno.ENOMEM)
  })
})

describe('mlock', () => {
  it('populates the pages that the range touches', () => {
    const address = caller.call(mmap, 0, 40 * PAGE, READ_WRITE, PRIVATE, -1, 0)
    caller.call(mlock, address + 10, 2 * PAGE)
    const vector = caller.call(mmap, 0, PAGE, READ_WRITE, PRIVATE, -1, 0)
    caller.call(mincore, address, 3 * PAGE, vector)
    expect([...caller.guest.user.readBytes(vector, 3)]).toEqual([1, 1, 1])
    expect(lockedBytes(caller.guest.map.vmas)).toBe(3 * PAGE)
    caller.call(munlock, address, 3 * PAGE)
    expect(lockedBytes(caller.guest.map.vmas)).toBe(0)
  })

  it('keeps RLIMIT_MEMLOCK', () => {
    caller.guest.limits.set(RLIMIT_MEMLOCK, {soft: 2 * PAGE, hard: 2 * PAGE})
    const address = caller.call(mmap, 0, 4 * PAGE, READ_WRITE, PRIVATE, -1, 0)
    expect(caller.errnoOf(mlock, address, 3 * PAGE)).toBe(errno.ENOMEM)
    expect(caller.errnoOf(mlockall, mman.MCL_CURRENT)).toBe(errno.ENOMEM)
    caller.call(mlock, address, 2 * PAGE)
    expect(caller.call(mlock, address, 2 * PAGE)).toBe(0)
    expect(caller.errnoOf(mmap, 0, PAGE, READ, PRIVATE | mman.MAP_LOCKED, -1, 0)).toBe(errno.EAGAIN)
    caller.guest.limits.set(RLIMIT_MEMLOCK, {soft: 0, hard: 0})
    expect(caller.errnoOf(mlock, address, PAGE)).toBe(errno.EPERM)
    expect(caller.errnoOf(mmap, 0, PAGE, READ, PRIVATE | mman.MAP_LOCKED, -1, 0)).toBe(errno.EPERM)
  })

  it('locks what comes with MCL_FUTURE until munlockall', () => {
    caller.call(mlockall, mman.MCL_FUTURE)
    caller.call(mmap, 0, 4 * PAGE, READ_WRITE, PRIVATE, -1, 0)
    expect(caller.guest.map.residentBytes).toBe(4 * PAGE)
    caller.call(munlockall)
    expect(lockedBytes(caller.guest.map.vmas)).toBe(0)
  })

  it('checks its arguments as Linux does', () => {
    const address = caller.call(mmap, 0, 2 * PAGE, READ_WRITE, PRIVATE, -1, 0)
    caller.call(munmap, address + PAGE, PAGE)
    expect(caller.errnoOf(mlock2, address, PAGE, 0x80)).toBe(errno.EINVAL)
    for (const flags of [0, 0x80, mman.MCL_ONFAULT])
      expect(caller.errnoOf(mlockall, flags)).toBe(errno.EINVAL)
    expect(caller.errnoOf(mlock, address, 2 * PAGE)).toBe(errno.ENOMEM)
    expect(caller.errnoOf(munlock, address, 2 * PAGE)).toBe(errno.ENOMEM)
    expect(caller.errnoOf(mlock, address, 2 ** 64 - PAGE)).toBe(errno.EINVAL)
    caller.call(mlock, address, PAGE)
    expect(caller.errnoOf(madvise, address, PAGE, mman.MADV_DONTNEED)).toBe(errno.EINVAL)
  })
})

describe('mincore', () => {
  it('checks its arguments as Linux does', () => {
    const address = caller.call(mmap, 0, 2 * PAGE, READ_WRITE, PRIVATE, -1, 0)
    caller.call(munmap, address + PAGE, PAGE)
    expect(caller.errnoOf(mincore, address + 1, PAGE, address)).toBe(errno.EINVAL)
    expect(caller.errnoOf(mincore, address, PAGE, 8)).toBe(errno.EFAULT)
    expect(caller.errnoOf(mincore, address, 2 * PAGE, address)).toBe(errno.ENOMEM)
    expect(caller.errnoOf(mincore, address, 2 ** 64 - PAGE, address)).toBe(errno.ENOMEM)
    expect(caller.guest.load(address + PAGE)).toBe(SEGV_MAPERR)
  })
})
