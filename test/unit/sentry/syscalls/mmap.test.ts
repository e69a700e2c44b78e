// mmap(2), through its handler, over a tmpfs file.

import {beforeEach, describe, expect, it} from 'vitest'
import * as errno from '../../../../src/abi/errno.ts'
import * as mman from '../../../../src/abi/mman.ts'
import {O_APPEND, O_PATH, O_RDONLY, O_RDWR, O_WRONLY} from '../../../../src/abi/open-flags.ts'
import {mmap} from '../../../../src/sentry/syscalls/mmap.ts'
import {mprotect} from '../../../../src/sentry/syscalls/mprotect.ts'
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

describe('mmap', () => {
  it('maps private and shared anonymous memory', () => {
    const a = caller.call(mmap, 0, 5 * PAGE + 1, READ_WRITE, PRIVATE, -1, 0)
    const b = caller.call(mmap, 0, 2 * PAGE, READ_WRITE, SHARED, -1, 0)
    caller.fill(a, 6)
    caller.fill(b, 2)
    expect([caller.bytes(a, 6), caller.bytes(b, 2)]).toEqual([
      [1, 2, 3, 4, 5, 6],
      [1, 2],
    ])
  })

  it('frees shared anonymous memory with its last mapping', () => {
    const address = caller.call(mmap, 0, 8 * PAGE, READ_WRITE, SHARED, -1, 0)
    caller.fill(address, 8)
    caller.call(munmap, address, 4 * PAGE)
    expect(caller.guest.load(address + 7 * PAGE)).toBe(8)
    caller.call(munmap, address, 8 * PAGE)
    expect(caller.guest.memory.allocatedBytes).toBe(0)
  })

  it('keeps a file open until it is unmapped, coherent with read and write', () => {
    const fd = caller.openFile(O_RDWR)
    const address = caller.call(mmap, 0, 2 * PAGE, READ_WRITE, mman.MAP_SHARED, fd, 0)
    const second = caller.call(mmap, 0, PAGE, READ, mman.MAP_PRIVATE, fd, PAGE)
    const file = caller.fds.get(fd)
    caller.fs.root.unlink(`file${O_RDWR}`)
    caller.guest.store(address, 0x7a)
    const text = new Uint8Array(2)
    file.read(text, 0)
    caller.fds.remove(fd)
    expect([
      Buffer.from(text).toString(),
      caller.guest.load(second),
      caller.guest.load(address + PAGE),
    ]).toEqual(['za', 98, 98])
    caller.call(munmap, address, 2 * PAGE)
    caller.call(munmap, second, PAGE)
    expect(caller.guest.memory.allocatedBytes).toBe(0)
  })

  it('populates at once with MAP_POPULATE', () => {
    caller.call(mmap, 0, 40 * PAGE, READ_WRITE, PRIVATE | mman.MAP_POPULATE, -1, 0)
    expect(caller.guest.map.residentBytes).toBe(40 * PAGE)
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
    expect(caller.errnoOf(mmap, ...words)).toBe(expected)
  })

  it.each<[string, number, number, number, number]>([
    ['reading what was opened for writing', O_WRONLY, READ, mman.MAP_PRIVATE, errno.EACCES],
    ['writing what was opened for reading', O_RDONLY, READ_WRITE, mman.MAP_SHARED, errno.EACCES],
    ['writing what was opened for appending', O_RDWR | O_APPEND, READ_WRITE, mman.MAP_SHARED, errno.EACCES],
    ['flags that it does not know, validated', O_RDWR, READ, 3 | mman.MAP_SYNC, errno.EOPNOTSUPP],
    ['a stack of a file', O_RDWR, READ, mman.MAP_PRIVATE | mman.MAP_GROWSDOWN, errno.EINVAL],
    ['huge pages of a file', O_RDWR, READ, mman.MAP_PRIVATE | mman.MAP_HUGETLB, errno.EINVAL],
  ])('refuses %s', (_, openFlags, protection, flags, expected) => {
    expect(caller.errnoOf(mmap, 0, PAGE, protection, flags, caller.openFile(openFlags), 0)).toBe(expected)
  })

  it('refuses O_PATH descriptors, directories and offsets beyond any file', () => {
    const directory = caller.fds.install(caller.fs.root.open(O_RDONLY))
    expect(caller.errnoOf(mmap, 0, PAGE, READ, mman.MAP_PRIVATE, directory, 0)).toBe(errno.ENODEV)
    caller.fds.get(directory).flags |= O_PATH
    expect(caller.errnoOf(mmap, 0, PAGE, READ, mman.MAP_PRIVATE, directory, 0)).toBe(errno.EBADF)
    expect(caller.errnoOf(mmap, 0, PAGE, READ, mman.MAP_PRIVATE, caller.openFile(O_RDONLY), 2 ** 62)).toBe(
      errno.EOVERFLOW,
    )
  })

  it('lets a shared mapping of what was opened for reading never become writable', () => {
    const address = caller.call(mmap, 0, PAGE, READ, mman.MAP_SHARED, caller.openFile(O_RDONLY), 0)
    expect(caller.errnoOf(mprotect, address, PAGE, READ_WRITE)).toBe(errno.EACCES)
  })
})
