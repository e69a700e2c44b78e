// The pages of a mapped host file: one set for all names, coherent with calls on the file, and never more than the file holds.

import * as fs from 'node:fs'
import {join} from 'node:path'
import {afterEach, beforeEach, describe, expect, test, vi} from 'vitest'
import {
  FALLOC_FL_KEEP_SIZE,
  FALLOC_FL_PUNCH_HOLE,
  FALLOC_FL_ZERO_RANGE,
  O_APPEND,
  O_RDONLY,
  O_RDWR,
  O_WRONLY,
  SEEK_DATA,
} from '../../../../src/abi/open-flags.ts'
import type {FileDescription} from '../../../../src/vfs/file.ts'
import {openHostFs} from '../../../../src/vfs/fs/host.ts'
import {memoryFile} from '../../../helpers/memory-file.ts'
import {readAll, TestVfs} from '../../../helpers/vfs.ts'
import {hostDirectory} from '../../../helpers/vfs-backends.ts'

const PAGE = 4096
const memory = memoryFile(4 << 20)
let directory: ReturnType<typeof hostDirectory>
let vfs: TestVfs

beforeEach(() => {
  directory = hostDirectory()
  fs.writeFileSync(join(directory.path, 'file'), 'content')
  fs.linkSync(join(directory.path, 'file'), join(directory.path, 'link'))
  vfs = new TestVfs(openHostFs(directory.path, {readOnly: false, memory}))
})

afterEach(() => {
  vfs.dispose()
  directory.remove()
  memory.cache?.drop()
  vi.restoreAllMocks()
  expect(memory.allocatedBytes).toBe(0)
})

/** Stores as a guest does through a shared mapping of the file's page. */
function store(file: FileDescription, page: number, within: number, text: string): void {
  const mappable = file.mappable!
  const offset = mappable.sharedPage(page)
  memory.bytes.set(Buffer.from(text), offset + within)
  mappable.markDirty(page)
  memory.free(offset, PAGE)
}

const onHost = (): string => fs.readFileSync(join(directory.path, 'file'), 'latin1')

describe('bytes stored behind the end of a file', () => {
  test.each([
    ['ftruncate', (file: FileDescription) => file.truncate(20)],
    ['truncate', () => vfs.locate('file').inode.setAttributes({size: 20})],
    ['a write behind the end', (file: FileDescription) => file.write(Buffer.from('\0'), 19)],
    ['fallocate', (file: FileDescription) => file.allocate(0, 0, 20)],
    ['fallocate that zeroes', (file: FileDescription) => file.allocate(FALLOC_FL_ZERO_RANGE, 10, 10)],
  ])('do not become content by %s', (_name, grow) => {
    const file = vfs.open('file', O_RDWR)
    store(file, 0, 7, 'behind the end')
    grow(file)
    expect(readAll(file)).toBe(`content${'\0'.repeat(13)}`)
    file.close()
    expect(onHost()).toBe(`content${'\0'.repeat(13)}`)
  })

  test('do not become content by an append', () => {
    const file = vfs.open('file', O_RDWR)
    store(file, 0, 7, 'behind the end')
    vfs.write('link', '!', O_WRONLY | O_APPEND)
    expect(readAll(file)).toBe('content!')
    store(file, 0, 0, 'C')
    file.close()
    expect(onHost()).toBe('Content!')
  })
})

describe('a mapped file', () => {
  test('shows what a mapping wrote by all its names', () => {
    const file = vfs.open('file', O_RDWR)
    store(file, 0, 0, 'C')
    expect([onHost(), vfs.read('link')]).toEqual(['content', 'Content'])
    file.close()
    expect(onHost()).toBe('Content')
  })

  test('loses its bytes in mappings too where a hole is punched', () => {
    const file = vfs.open('file', O_RDWR)
    store(file, 0, 0, 'CONTENT')
    file.allocate(FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 1, 3)
    expect(readAll(file)).toBe('C\0\0\0ENT')
    file.close()
    expect(onHost()).toBe('C\0\0\0ENT')
  })

  test('has data where a mapping wrote some', () => {
    const file = vfs.open('file', O_RDWR)
    file.truncate(64 * PAGE)
    store(file, 63, 0, 'data')
    expect(file.seek(PAGE, SEEK_DATA)).toBe(63 * PAGE)
    file.close()
  })
})

describe('the pages of a file that nobody has mapped any more', () => {
  const SOON_MS = 10_000

  /** Makes the file's last change long enough ago. */
  const settle = (): void => {
    const now = Date.now()
    vi.spyOn(Date, 'now').mockReturnValue(now + SOON_MS)
  }

  /** Maps the first page, and closes the file. @returns the page's text */
  function glance(flags = O_RDONLY): string {
    const file = vfs.open('file', flags)
    const offset = file.mappable!.sharedPage(0)
    const text = Buffer.from(memory.bytes.subarray(offset, offset + 7)).toString()
    memory.free(offset, PAGE)
    file.close()
    return text
  }

  test('stay, and count as free', () => {
    settle()
    glance()
    expect([memory.allocatedBytes, memory.inUseBytes]).toEqual([PAGE, 0])
    const file = vfs.open('link')
    expect(file.mappable!.hasPage!(0)).toBe(true)
    expect(memory.inUseBytes).toBe(PAGE)
    file.close()
  })

  test.each([
    ['another length', 'other'],
    ['the same length', 'CONTENT'],
  ])('are not seen again once the host gave it %s', (_name, content) => {
    settle()
    expect(glance()).toBe('content')
    fs.writeFileSync(join(directory.path, 'file'), content)
    expect(glance()).toBe(content.padEnd(7, '\0'))
  })

  test('are no part of what is read meanwhile', () => {
    settle()
    glance()
    fs.writeFileSync(join(directory.path, 'file'), 'CONTENT')
    expect(vfs.read('file')).toBe('CONTENT')
  })

  test.each([
    ['it was changed just now', () => {}, O_RDONLY],
    ['somebody could store into them', settle, O_RDWR],
  ])('go if %s', (_name, prepare, flags) => {
    prepare()
    glance(flags)
    expect(memory.allocatedBytes).toBe(0)
  })

  test('go when memory runs short', () => {
    settle()
    glance()
    memory.free(memory.allocate(memory.size), memory.size)
    expect(memory.allocatedBytes).toBe(0)
  })

  test('are an eighth of guest memory at most, and the oldest go', () => {
    settle()
    const pages = memory.size / PAGE / 8
    for (const name of ['file', 'second']) {
      fs.writeFileSync(join(directory.path, name), Buffer.alloc((pages - 10) * PAGE))
      const file = vfs.open(name)
      for (let page = 0; page < pages - 10; page++) memory.free(file.mappable!.sharedPage(page), PAGE)
      file.close()
    }
    expect(memory.cache!.bytes).toBe((pages - 10) * PAGE)
    const second = vfs.open('second')
    expect(second.mappable!.hasPage!(0)).toBe(true)
    second.close()
  })
})
