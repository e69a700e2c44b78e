// One suite for every writable file system: links, directories, renames, listings.

import {describe, expect, test} from 'vitest'
import {
  O_CREAT,
  O_DIRECTORY,
  O_EXCL,
  O_NOFOLLOW,
  O_RDONLY,
  O_WRONLY,
  RENAME_EXCHANGE,
  RENAME_NOREPLACE,
} from '../../../../src/abi/open-flags.ts'
import {errorOf, type TestVfs} from '../../../helpers/vfs.ts'
import {backends, freshBeforeEach} from '../../../helpers/vfs-backends.ts'

describe.each(backends)('$name', (backend) => {
  let vfs: TestVfs
  freshBeforeEach(backend, (fresh) => {
    vfs = fresh
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

  test('what lies below a directory moves with it, and another one may take its place', () => {
    for (const name of ['a', 'a/b', 'a/b/c', 'd']) vfs.mkdir(name)
    vfs.write('a/b/c/f', '1')
    expect([vfs.read('a/b/c/f'), vfs.read('a/b/c/f')]).toEqual(['1', '1'])
    vfs.rename('a/b', 'd/moved')
    expect([vfs.read('d/moved/c/f'), vfs.read('d/moved/c/f')]).toEqual(['1', '1'])
    expect(errorOf(() => vfs.read('a/b/c/f'))).toBe('ENOENT')
    for (const name of ['a/b', 'a/b/c']) vfs.mkdir(name)
    vfs.write('a/b/c/f', '2')
    expect([vfs.read('a/b/c/f'), vfs.read('d/moved/c/f')]).toEqual(['2', '1'])
    vfs.rename('a', 'd', RENAME_EXCHANGE)
    expect([vfs.read('d/b/c/f'), vfs.read('a/moved/c/f')]).toEqual(['2', '1'])
    vfs.unlink('d/b/c/f')
    vfs.rmdir('d/b/c')
    expect(errorOf(() => vfs.read('d/b/c/f'))).toBe('ENOENT')
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
})
