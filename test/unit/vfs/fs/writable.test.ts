// One suite for every writable file system: data, its descriptors, holes and shared pages.

import {describe, expect, test} from 'vitest'
import {S_IFIFO, S_IFSOCK} from '../../../../src/abi/file-mode.ts'
import {
  FALLOC_FL_KEEP_SIZE,
  FALLOC_FL_PUNCH_HOLE,
  O_APPEND,
  O_CREAT,
  O_EXCL,
  O_RDONLY,
  O_RDWR,
  O_TRUNC,
  O_WRONLY,
  SEEK_CUR,
  SEEK_END,
  SEEK_SET,
} from '../../../../src/abi/open-flags.ts'
import type {MemoryFile} from '../../../../src/platform/memory-file.ts'
import {errorOf, readAll, type TestVfs} from '../../../helpers/vfs.ts'
import {backends, freshBeforeEach} from '../../../helpers/vfs-backends.ts'

describe.each(backends)('$name', (backend) => {
  let memory: MemoryFile
  let vfs: TestVfs
  freshBeforeEach(backend, (fresh, its) => {
    vfs = fresh
    memory = its
  })

  test('a file holds what was written to it', () => {
    vfs.write('f', 'hello')
    expect(vfs.read('f')).toBe('hello')
    expect(vfs.stat('f').size).toBe(5)
  })

  test('any byte but NUL and slash may be in a name', () => {
    const name = Array.from({length: 255}, (_, i) => String.fromCharCode(i + 1))
      .filter((c) => c !== '/')
      .join('')
    vfs.write(name, 'x')
    expect(vfs.list('/')).toEqual([name])
    expect(vfs.read(name)).toBe('x')
  })

  test('a hole reads as zero', () => {
    const file = vfs.open('f', O_RDWR | O_CREAT)
    file.write(Buffer.from('end'), 10_000)
    expect(readAll(file)).toBe(`${'\0'.repeat(10_000)}end`)
    file.close()
  })

  test('truncate down and up again leaves zeros', () => {
    vfs.write('f', 'x'.repeat(6000))
    const file = vfs.open('f', O_RDWR)
    file.truncate(10)
    file.truncate(5000)
    expect(readAll(file)).toBe('x'.repeat(10) + '\0'.repeat(4990))
    file.close()
  })

  test('O_APPEND writes at the end, wherever the offset is', () => {
    vfs.write('f', 'one ')
    const file = vfs.open('f', O_WRONLY | O_APPEND)
    file.seek(0, SEEK_SET)
    file.write(Buffer.from('two'))
    expect(file.position).toBe(7)
    file.close()
    expect(vfs.read('f')).toBe('one two')
  })

  test('O_TRUNC empties the file, O_EXCL refuses it', () => {
    vfs.write('f', 'old')
    expect(errorOf(() => vfs.open('f', O_WRONLY | O_CREAT | O_EXCL))).toBe('EEXIST')
    vfs.open('f', O_WRONLY | O_TRUNC).close()
    expect(vfs.stat('f').size).toBe(0)
  })

  test('lseek moves from start, here and end, and not before the start', () => {
    vfs.write('f', '0123456789')
    const file = vfs.open('f')
    expect(file.seek(4, SEEK_SET)).toBe(4)
    expect(file.seek(2, SEEK_CUR)).toBe(6)
    expect(file.seek(-1, SEEK_END)).toBe(9)
    expect(errorOf(() => file.seek(-1, SEEK_SET))).toBe('EINVAL')
    file.close()
  })

  test('a descriptor refuses what it was not opened for', () => {
    vfs.write('f', 'x')
    const reader = vfs.open('f', O_RDONLY)
    const writer = vfs.open('f', O_WRONLY)
    expect(errorOf(() => reader.write(Buffer.from('y')))).toBe('EBADF')
    expect(errorOf(() => writer.read(Buffer.alloc(1)))).toBe('EBADF')
    expect(errorOf(() => reader.truncate(0))).toBe('EINVAL')
    reader.close()
    writer.close()
  })

  test('an unlinked file lives until it is closed', () => {
    vfs.write('f', 'still here')
    const file = vfs.open('f')
    vfs.unlink('f')
    expect(readAll(file)).toBe('still here')
    expect(file.inode.attributes().nlink).toBe(0)
    file.close()
    expect(errorOf(() => vfs.stat('f'))).toBe('ENOENT')
  })

  test('a fifo joins its two ends', () => {
    vfs.mknod('p', S_IFIFO | 0o600)
    const both = vfs.open('p', O_RDWR)
    const writer = vfs.open('p', O_WRONLY)
    writer.write(Buffer.from('through'))
    const buffer = Buffer.alloc(20)
    expect(buffer.toString('latin1', 0, both.read(buffer))).toBe('through')
    writer.close()
    both.close()
  })

  test('a socket has a name, and is not opened', () => {
    vfs.mknod('s', S_IFSOCK | 0o700)
    expect(vfs.stat('s').mode).toBe(S_IFSOCK | 0o700)
    expect(errorOf(() => vfs.open('s', O_RDWR))).toBe('ENXIO')
    vfs.rename('s', 't')
    expect(errorOf(() => vfs.mknod('t', S_IFSOCK | 0o700))).toBe('EEXIST')
  })

  test('fallocate extends, and punching clears', () => {
    const file = vfs.open('f', O_RDWR | O_CREAT)
    file.write(Buffer.from('x'.repeat(12_288)))
    file.allocate(FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 100, 8192)
    file.allocate(0, 0, 20_000)
    const text = readAllFrom(file)
    expect(text).toBe('x'.repeat(100) + '\0'.repeat(8192) + 'x'.repeat(3996) + '\0'.repeat(7712))
    expect(errorOf(() => file.allocate(0, 0, 0))).toBe('EINVAL')
    file.close()
  })

  test('a shared page and read and write show the same bytes', () => {
    const file = vfs.open('f', O_RDWR | O_CREAT)
    file.write(Buffer.from('a'.repeat(5000)))
    const mappable = file.mappable!
    const offset = mappable.sharedPage(1)
    expect(memory.bytes[offset]).toBe(0x61)
    expect(memory.bytes[offset + 904]).toBe(0)
    file.write(Buffer.from('b'), 4096)
    expect(memory.bytes[offset]).toBe(0x62)
    mappable.markDirty(1)
    memory.bytes[offset + 1] = 0x63
    expect(readAllFrom(file).slice(4095, 4099)).toBe('abca')
    expect(errorOf(() => mappable.sharedPage(2))).toBe('ENXIO')
    mappable.flush(0, 2)
    memory.free(offset, 4096)
    file.close()
    expect(vfs.read('f').slice(4095, 4099)).toBe('abca')
  })
})

function readAllFrom(file: Parameters<typeof readAll>[0]): string {
  file.seek(0, SEEK_SET)
  return readAll(file)
}
