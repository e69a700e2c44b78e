// One suite over every writable file system: names, links, renames, attributes, data.

import {afterEach, beforeEach, describe, expect, test} from 'vitest'
import {S_IFIFO, S_ISGID} from '../../../../src/abi/file-mode.ts'
import {
  FALLOC_FL_KEEP_SIZE,
  FALLOC_FL_PUNCH_HOLE,
  O_APPEND,
  O_CREAT,
  O_DIRECTORY,
  O_EXCL,
  O_NOFOLLOW,
  O_RDONLY,
  O_RDWR,
  O_TRUNC,
  O_WRONLY,
  RENAME_EXCHANGE,
  RENAME_NOREPLACE,
  SEEK_CUR,
  SEEK_END,
  SEEK_SET,
} from '../../../../src/abi/open-flags.ts'
import type {MemoryFile} from '../../../../src/platform/memory-file.ts'
import {memoryFile} from '../../../helpers/memory-file.ts'
import {errorOf, readAll, TestVfs} from '../../../helpers/vfs.ts'
import {backends} from '../../../helpers/vfs-backends.ts'

describe.each(backends)('$name', (backend) => {
  let memory: MemoryFile
  let vfs: TestVfs

  beforeEach(() => {
    memory = memoryFile(16 << 20)
    vfs = new TestVfs(backend.create(memory))
  })

  afterEach(() => {
    vfs.dispose()
    backend.cleanUp()
    expect(memory.allocatedBytes).toBe(0)
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

  test('a file made without permissions can be written by who made it', () => {
    const file = vfs.open('f', O_RDWR | O_CREAT, 0)
    file.write(Buffer.from('x'))
    expect(file.inode.attributes().mode & 0o7777).toBe(0)
    file.close()
  })

  test('modes are exact, whatever the umask of the host process', () => {
    vfs.mkdir('d', 0o777)
    vfs.open('f', O_WRONLY | O_CREAT, 0o666).close()
    expect(vfs.stat('d').mode & 0o7777).toBe(0o777)
    expect(vfs.stat('f').mode & 0o7777).toBe(0o666)
  })

  test('hard links share the inode, and count', () => {
    vfs.write('a', 'x')
    vfs.link('a', 'b')
    expect(vfs.stat('b').ino).toBe(vfs.stat('a').ino)
    expect(vfs.stat('a').nlink).toBe(2)
    vfs.write('b', 'changed')
    expect(vfs.read('a')).toBe('changed')
    vfs.unlink('a')
    expect(vfs.stat('b').nlink).toBe(1)
    expect(vfs.read('b')).toBe('changed')
  })

  test('a symbolic link is followed, and stays one', () => {
    vfs.write('target', 'x')
    vfs.symlink('target', 'link')
    expect(vfs.read('link')).toBe('x')
    expect(vfs.readlink('link')).toBe('target')
    expect(vfs.lstat('link').size).toBe(6)
    expect(errorOf(() => vfs.open('link', O_RDONLY | O_NOFOLLOW))).toBe('ELOOP')
  })

  test('O_CREAT through a dangling link makes its target', () => {
    vfs.mkdir('d')
    vfs.symlink('d/new', 'link')
    vfs.write('link', 'x')
    expect(vfs.list('d')).toEqual(['new'])
    expect(errorOf(() => vfs.open('link', O_WRONLY | O_CREAT | O_EXCL))).toBe('EEXIST')
  })

  test('mkdir and rmdir keep the link count of the parent', () => {
    vfs.mkdir('p')
    vfs.mkdir('p/d')
    expect(vfs.stat('p').nlink).toBe(3)
    vfs.rmdir('p/d')
    expect(vfs.stat('p').nlink).toBe(2)
  })

  test('rmdir refuses a directory with something in it, and a file', () => {
    vfs.mkdir('d')
    vfs.write('d/f', '')
    expect(errorOf(() => vfs.rmdir('d'))).toBe('ENOTEMPTY')
    expect(errorOf(() => vfs.rmdir('d/f'))).toBe('ENOTDIR')
    expect(errorOf(() => vfs.unlink('d'))).toBe('EISDIR')
    expect(errorOf(() => vfs.rmdir('d/.'))).toBe('EINVAL')
    expect(errorOf(() => vfs.rmdir('d/..'))).toBe('ENOTEMPTY')
  })

  test('rename replaces a file and moves between directories', () => {
    vfs.mkdir('a')
    vfs.mkdir('b')
    vfs.write('a/f', 'new')
    vfs.write('b/f', 'old')
    const {ino} = vfs.stat('a/f')
    vfs.rename('a/f', 'b/f')
    expect(vfs.list('a')).toEqual([])
    expect(vfs.read('b/f')).toBe('new')
    expect(vfs.stat('b/f').ino).toBe(ino)
  })

  test('rename moves a directory with all below it, and .. follows', () => {
    vfs.mkdir('a')
    vfs.mkdir('a/d')
    vfs.write('a/d/f', 'x')
    vfs.mkdir('b')
    vfs.chdir('a/d')
    vfs.rename('/a/d', '/b/e')
    expect(vfs.getcwd()).toBe('/b/e')
    expect(vfs.locate('..').inode).toBe(vfs.locate('/b').inode)
    expect(vfs.read('f')).toBe('x')
    expect(vfs.stat('/b').nlink).toBe(3)
    expect(vfs.stat('/a').nlink).toBe(2)
  })

  test('rename refuses what Linux refuses', () => {
    vfs.mkdir('d')
    vfs.mkdir('d/sub')
    vfs.mkdir('full')
    vfs.write('full/f', '')
    vfs.write('f', '')
    expect(errorOf(() => vfs.rename('d', 'd/sub/x'))).toBe('EINVAL')
    expect(errorOf(() => vfs.rename('d', 'full'))).toBe('ENOTEMPTY')
    expect(errorOf(() => vfs.rename('f', 'd'))).toBe('EISDIR')
    expect(errorOf(() => vfs.rename('d', 'f'))).toBe('ENOTDIR')
    expect(errorOf(() => vfs.rename('gone', 'x'))).toBe('ENOENT')
    expect(errorOf(() => vfs.rename('d/.', 'x'))).toBe('EBUSY')
    expect(errorOf(() => vfs.rename('d/sub', 'd'))).toBe('ENOTEMPTY')
    expect(errorOf(() => vfs.rename('f', 'full/f', RENAME_NOREPLACE))).toBe('EEXIST')
  })

  test('rename of two names of one file does nothing', () => {
    vfs.write('a', 'x')
    vfs.link('a', 'b')
    vfs.rename('a', 'b')
    expect(vfs.list('/')).toEqual(['a', 'b'])
  })

  test('RENAME_EXCHANGE swaps a file and a directory', () => {
    vfs.write('f', 'x')
    vfs.mkdir('d')
    vfs.rename('f', 'd', RENAME_EXCHANGE)
    expect(vfs.read('d')).toBe('x')
    expect(vfs.list('f')).toEqual([])
  })

  test('a directory that was removed takes no names', () => {
    vfs.mkdir('d')
    vfs.chdir('d')
    vfs.rmdir('/d')
    expect(errorOf(() => vfs.write('f', ''))).toBe('ENOENT')
    expect(vfs.locate('..').inode).toBe(vfs.root.inode)
  })

  test('a listing goes on over removals', () => {
    for (let i = 0; i < 20; i++) vfs.write(`f${i}`, '')
    const directory = vfs.open('/', O_RDONLY | O_DIRECTORY)
    let count = 0
    for (;;) {
      const entries = directory.readDirectory(4)
      if (entries.length === 0) break
      for (const {name} of entries) {
        if (name.startsWith('.')) continue
        vfs.unlink(name)
        count++
      }
    }
    directory.close()
    expect(count).toBe(20)
    expect(vfs.list('/')).toEqual([])
  })

  test('unreadDirectory gives entries again', () => {
    for (const name of ['a', 'b', 'c']) vfs.write(name, '')
    const directory = vfs.open('/')
    const first = directory.readDirectory(5).map((entry) => entry.name)
    directory.unreadDirectory(2)
    expect(directory.readDirectory(5).map((entry) => entry.name)).toEqual(first.slice(2))
    directory.close()
  })

  test('times and modes that are set are read back', () => {
    vfs.write('f', 'x')
    const {inode} = vfs.locate('f')
    const atime = {seconds: 1_000_000_000, nanoseconds: 123_456_789}
    const mtime = {seconds: 1_100_000_000, nanoseconds: 987_654_321}
    inode.setAttributes({mode: 0o4711, atime, mtime})
    expect(inode.attributes()).toMatchObject({mode: 0o104711, atime, mtime})
  })

  test('a setgid directory gives its group and its bit', () => {
    vfs.mkdir('d')
    vfs.locate('d').inode.setAttributes({gid: 77, mode: 0o2775})
    vfs.write('d/f', '')
    vfs.mkdir('d/sub')
    expect(vfs.stat('d/f').gid).toBe(77)
    expect(vfs.stat('d/sub').gid).toBe(77)
    expect(vfs.stat('d/sub').mode & S_ISGID).toBe(S_ISGID)
  })

  test('new files belong to who makes them', () => {
    vfs.locate('/').inode.setAttributes({mode: 0o777})
    vfs.become(1234)
    vfs.write('f', '')
    vfs.mkdir('d')
    vfs.symlink('x', 'l')
    expect([vfs.stat('f').uid, vfs.stat('d').gid, vfs.lstat('l').uid]).toEqual([1234, 1234, 1234])
  })

  test('in a sticky directory only owners take names away', () => {
    vfs.locate('/').inode.setAttributes({mode: 0o1777})
    vfs.write('f', '')
    vfs.become(1234)
    vfs.write('mine', '')
    expect(errorOf(() => vfs.unlink('f'))).toBe('EPERM')
    expect(errorOf(() => vfs.rename('mine', 'f'))).toBe('EPERM')
    vfs.unlink('mine')
  })

  test('permissions bind everybody but root', () => {
    vfs.locate('/').inode.setAttributes({mode: 0o755})
    vfs.mkdir('closed', 0o700)
    vfs.write('closed/f', '')
    vfs.open('secret', O_WRONLY | O_CREAT, 0o600).close()
    vfs.become(1234)
    expect(errorOf(() => vfs.stat('closed/f'))).toBe('EACCES')
    expect(errorOf(() => vfs.open('secret'))).toBe('EACCES')
    expect(errorOf(() => vfs.write('new', ''))).toBe('EACCES')
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
