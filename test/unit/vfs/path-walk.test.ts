// Path resolution, mounts, and the paths of locations.

import {beforeEach, describe, expect, test} from 'vitest'
import {
  O_CREAT,
  O_DIRECTORY,
  O_EXCL,
  O_NOFOLLOW,
  O_PATH,
  O_RDWR,
  O_WRONLY,
} from '../../../src/abi/open-flags.ts'
import {Tmpfs} from '../../../src/vfs/fs/tmpfs.ts'
import {allMounts, mount, pathOf} from '../../../src/vfs/mount-tree.ts'
import {resolve} from '../../../src/vfs/path-walk.ts'
import {memoryFile} from '../../helpers/memory-file.ts'
import {errorOf, TestVfs} from '../../helpers/vfs.ts'

const memory = memoryFile(1 << 20)
let vfs: TestVfs

beforeEach(() => {
  vfs = new TestVfs(new Tmpfs(memory))
  vfs.mkdir('a')
  vfs.mkdir('a/b')
  vfs.write('a/f', 'x')
})

describe('resolution', () => {
  test.each([
    ['/', '/'],
    ['//a///b//', '/a/b'],
    ['a/./b/../b/.', '/a/b'],
    ['/../../a', '/a'],
    ['a/b/..', '/a'],
  ])('%s leads to %s', (path, expected) => {
    expect(pathOf(vfs.locate(path), vfs.root).path).toBe(expected)
  })

  test.each([
    ['', 'ENOENT'],
    ['gone', 'ENOENT'],
    ['gone/x', 'ENOENT'],
    ['a/f/', 'ENOTDIR'],
    ['a/f/x', 'ENOTDIR'],
    ['a/f/.', 'ENOTDIR'],
    ['a/f/..', 'ENOTDIR'],
    ['n'.repeat(256), 'ENAMETOOLONG'],
    ['/'.repeat(4096), 'ENAMETOOLONG'],
  ])('%.20s fails with %s', (path, error) => {
    expect(errorOf(() => vfs.stat(path))).toBe(error)
  })

  test('names of 255 bytes and paths of 4095 are fine', () => {
    vfs.mkdir('n'.repeat(255))
    expect(pathOf(vfs.locate('/'.repeat(4095)), vfs.root).path).toBe('/')
  })

  test('a link is resolved from its directory, or from the root', () => {
    vfs.symlink('../f', 'a/b/relative')
    vfs.symlink('/a/f', 'a/b/absolute')
    vfs.chdir('a/b')
    expect(vfs.read('relative')).toBe('x')
    expect(vfs.read('absolute')).toBe('x')
  })

  test('a slash behind a link asks for the directory it leads to', () => {
    vfs.symlink('a', 'to-directory')
    vfs.symlink('a/f', 'to-file')
    expect(vfs.lstat('to-directory/').ino).toBe(vfs.stat('a').ino)
    expect(errorOf(() => vfs.lstat('to-file/'))).toBe('ENOTDIR')
  })

  test('40 links are followed, 41 are a loop', () => {
    vfs.symlink('a', 'l1')
    for (let i = 2; i <= 41; i++) vfs.symlink(`l${i - 1}`, `l${i}`)
    expect(vfs.stat('l40').ino).toBe(vfs.stat('a').ino)
    expect(errorOf(() => vfs.stat('l41'))).toBe('ELOOP')
    vfs.symlink('self', 'self')
    expect(errorOf(() => vfs.stat('self'))).toBe('ELOOP')
  })

  test('nothing leads out of the root of a task', () => {
    const inner = vfs.locate('a')
    vfs.symlink('/../../f', 'a/escape')
    const context = {root: inner, credentials: vfs.credentials}
    expect(resolve(context, inner, '../..').inode).toBe(inner.inode)
    expect(resolve(context, inner, 'escape').inode).toBe(vfs.locate('a/f').inode)
  })
})

describe('names that are made', () => {
  test.each([
    ['mkdir', 'a', 'EEXIST'],
    ['mkdir', '.', 'EEXIST'],
    ['mkdir', '/', 'EEXIST'],
    ['mkdir', 'gone/x', 'ENOENT'],
    ['mkdir', 'new/', 'no error'],
  ])('%s(%s): %s', (_call, path, error) => {
    expect(errorOf(() => vfs.mkdir(path))).toBe(error)
  })

  test('a file is not made behind a slash', () => {
    expect(errorOf(() => vfs.open('new/', O_WRONLY | O_CREAT))).toBe('EISDIR')
    expect(errorOf(() => vfs.symlink('x', 'new/'))).toBe('ENOENT')
    expect(errorOf(() => vfs.open('a', O_WRONLY | O_CREAT))).toBe('EISDIR')
  })

  test('open tells kinds apart', () => {
    vfs.symlink('a/f', 'l')
    expect(errorOf(() => vfs.open('a/f', O_DIRECTORY))).toBe('ENOTDIR')
    expect(errorOf(() => vfs.open('a', O_RDWR))).toBe('EISDIR')
    expect(errorOf(() => vfs.open('l', O_NOFOLLOW))).toBe('ELOOP')
    expect(errorOf(() => vfs.open('l', O_WRONLY | O_CREAT | O_EXCL))).toBe('EEXIST')
  })

  test('O_PATH opens a link itself, and moves no bytes', () => {
    vfs.symlink('a/f', 'l')
    const file = vfs.open('l', O_PATH | O_NOFOLLOW)
    expect(file.inode.readlink()).toBe('a/f')
    expect(errorOf(() => file.read(new Uint8Array(1)))).toBe('EBADF')
  })

  test('a read-only mount takes nothing', () => {
    const readOnly = new TestVfs(new Tmpfs(memory), true)
    expect(errorOf(() => readOnly.write('f', ''))).toBe('EROFS')
    expect(errorOf(() => readOnly.mkdir('d'))).toBe('EROFS')
  })
})

describe('mounts', () => {
  beforeEach(() => {
    mount(vfs.locate('a/b'), new Tmpfs(memory), {source: 'inner'})
    vfs.write('a/b/inside', 'y')
  })

  test('a mount covers, and .. leads out of it', () => {
    expect(vfs.read('/a/b/inside')).toBe('y')
    vfs.chdir('a/b')
    expect(vfs.getcwd()).toBe('/a/b')
    expect(vfs.read('../f')).toBe('x')
  })

  test('names do not cross mounts', () => {
    expect(errorOf(() => vfs.rename('a/f', 'a/b/f'))).toBe('EXDEV')
    expect(errorOf(() => vfs.link('a/f', 'a/b/f'))).toBe('EXDEV')
    expect(errorOf(() => vfs.rmdir('a/b'))).toBe('EBUSY')
    expect(errorOf(() => vfs.rename('a/b', 'c'))).toBe('EBUSY')
  })

  test('a mount moves with the directory above it', () => {
    vfs.chdir('a/b')
    vfs.rename('/a', '/z')
    expect(vfs.getcwd()).toBe('/z/b')
    expect(vfs.read('/z/b/inside')).toBe('y')
  })

  test('the last mount at a place wins', () => {
    mount(vfs.locate('a/b'), new Tmpfs(memory))
    expect(vfs.list('a/b')).toEqual([])
    expect([...allMounts(vfs.root.mount)].length).toBe(3)
  })
})

describe('the path of a location', () => {
  test('follows renames, and says when the name is gone', () => {
    const location = vfs.locate('a/f')
    vfs.rename('a', 'c')
    vfs.rename('c/f', 'c/g')
    expect(pathOf(location, vfs.root)).toMatchObject({path: '/c/g', removed: false})
    vfs.unlink('c/g')
    expect(pathOf(location, vfs.root)).toMatchObject({path: '/c/g', removed: true})
  })

  test('keeps the name a file with two was reached by', () => {
    vfs.link('a/f', 'a/second')
    expect(pathOf(vfs.locate('a/f'), vfs.root).path).toBe('/a/f')
    expect(pathOf(vfs.locate('a/second'), vfs.root).path).toBe('/a/second')
  })

  test('outside of the root is unreachable', () => {
    expect(pathOf(vfs.root, vfs.locate('a')).unreachable).toBe(true)
  })

  test('directories nested 20,000 deep do no harm', () => {
    vfs.chdir('a')
    for (let i = 0; i < 20_000; i++) {
      vfs.mkdir('d')
      vfs.chdir('d')
    }
    expect(vfs.getcwd().length).toBe('/a'.length + 40_000)
    vfs.dispose()
  })
})
