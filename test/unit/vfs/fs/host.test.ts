// The host file system keeps the guest beneath its root.

import {execFileSync} from 'node:child_process'
import * as fs from 'node:fs'
import {createServer} from 'node:net'
import {join} from 'node:path'
import {afterEach, beforeEach, describe, expect, test} from 'vitest'
import {S_IFBLK, S_IFCHR, S_IFSOCK} from '../../../../src/abi/file-mode.ts'
import {O_CREAT, O_RDWR, O_TRUNC, O_WRONLY} from '../../../../src/abi/open-flags.ts'
import {openHostFs} from '../../../../src/vfs/fs/host.ts'
import {Overlay} from '../../../../src/vfs/fs/overlay.ts'
import {nativeHost} from '../../../../src/vfs/native-host.ts'
import {memoryFile} from '../../../helpers/memory-file.ts'
import {errorOf, readAll, TestVfs} from '../../../helpers/vfs.ts'
import {hostDirectory} from '../../../helpers/vfs-backends.ts'

const host = nativeHost.files

const memory = memoryFile(4 << 20)
let directory: ReturnType<typeof hostDirectory>
let shared: string
let vfs: TestVfs

beforeEach(() => {
  directory = hostDirectory()
  shared = join(directory.path, 'shared')
  fs.mkdirSync(shared)
  fs.writeFileSync(join(directory.path, 'secret'), 'secret')
  vfs = new TestVfs(openHostFs(shared, {readOnly: false, memory}))
})

afterEach(() => {
  vfs.dispose()
  directory.remove()
})

describe('containment', () => {
  test('links of the host are read by the guest, inside its own tree', () => {
    fs.symlinkSync('../secret', join(shared, 'up'))
    fs.symlinkSync(join(directory.path, 'secret'), join(shared, 'absolute'))
    expect(errorOf(() => vfs.read('up'))).toBe('ENOENT')
    expect(errorOf(() => vfs.read('absolute'))).toBe('ENOENT')
    expect(errorOf(() => vfs.read('../secret'))).toBe('ENOENT')
  })

  test('a directory that becomes a link under the walk leads nowhere', () => {
    fs.mkdirSync(join(shared, 'd'))
    fs.mkdirSync(join(shared, 'd/e'))
    const inner = vfs.locate('d/e').inode
    fs.rmSync(join(shared, 'd'), {recursive: true})
    fs.symlinkSync(directory.path, join(shared, 'd'))
    expect(['ENOENT', 'ENOTDIR', 'ELOOP', 'ESTALE']).toContain(errorOf(() => inner.lookup('secret')))
  })

  test.each(['..', '../secret', 'a/b', 'a\0b', '/etc/passwd'])('the addon refuses the name %j', (name) => {
    const fd = host.hostOpenRoot(shared)
    const stat = new Float64Array(21)
    expect(host.hostStat(fd, name, stat)).toBeLessThan(0)
    expect(host.hostOpen(fd, name, O_RDWR | O_CREAT, 0o600)).toBeLessThan(0)
    expect(host.hostUnlink(fd, name, 0)).toBeLessThan(0)
    expect(host.hostRename(fd, 'x', fd, name, 0)).toBeLessThan(0)
    host.hostClose(fd)
  })

  test('a directory is opened by one name that is no link', () => {
    fs.symlinkSync('..', join(shared, 'up'))
    const fd = host.hostOpenRoot(shared)
    for (const path of ['..', 'up', 'up/shared', '/etc', '', 'd/..'])
      expect(host.hostOpenDirectory(fd, path)).toBeLessThan(0)
    host.hostClose(fd)
  })

  test('a path longer than PATH_MAX reaches no deeper call', () => {
    expect(host.hostOpenRoot('x'.repeat(10_000))).toBe(-36)
  })

  test('sockets and devices of the host are seen, and never opened; no device is made', async () => {
    const server = createServer().listen(join(shared, 'socket'))
    await new Promise((resolve) => server.once('listening', resolve))
    expect(vfs.stat('socket').mode & S_IFSOCK).toBe(S_IFSOCK)
    expect(errorOf(() => vfs.open('socket', O_RDWR))).toBe('ENXIO')
    const fd = host.hostOpenRoot(shared)
    expect(host.hostOpen(fd, 'socket', 0, 0)).toBe(-6)
    host.hostClose(fd)
    server.close()
    for (const kind of [S_IFCHR, S_IFBLK]) {
      expect(errorOf(() => vfs.mknod('node', kind | 0o600, 0x103))).toBe('EPERM')
    }
  })

  test('a socket of the guest is one file under all its names, and stays while it is pinned', () => {
    vfs.mknod('s', S_IFSOCK | 0o755)
    vfs.link('s', 'hard')
    const [{inode}, hard] = [vfs.locate('s'), vfs.locate('hard')]
    expect(hard.inode).not.toBe(inode)
    expect(hard.inode.identity).toBe(inode.identity)
    inode.pin!()
    for (const name of ['s', 'hard']) vfs.unlink(name)
    expect(inode.attributes()).toMatchObject({mode: S_IFSOCK | 0o755, nlink: 0})
    inode.unpin!()
    expect(errorOf(() => inode.attributes())).toBe('ENOENT')
  })

  test('a fifo of the host joins guests, not the host', () => {
    execFileSync('mkfifo', [join(shared, 'fifo')])
    const end = vfs.open('fifo', O_RDWR)
    end.write(Buffer.from('x'))
    end.close()
    const readOnly = new TestVfs(openHostFs(shared, {readOnly: true, memory}))
    expect(errorOf(() => readOnly.open('fifo', O_RDWR))).toBe('ENXIO')
    readOnly.dispose()
  })

  test('a read-only file system refuses changes by itself, without the mount', () => {
    fs.writeFileSync(join(shared, 'f'), 'x')
    const readOnly = openHostFs(shared, {readOnly: true, memory})
    const file = readOnly.root.lookup('f')
    expect(errorOf(() => file.setAttributes({mode: 0}))).toBe('EROFS')
    expect(errorOf(() => file.setAttributes({size: 0}))).toBe('EROFS')
    expect(errorOf(() => file.open(O_WRONLY))).toBe('EROFS')
    expect(errorOf(() => readOnly.root.unlink('f'))).toBe('EROFS')
    expect(errorOf(() => readOnly.root.rename('f', readOnly.root, 'g', 0))).toBe('EROFS')
    expect(errorOf(() => readOnly.root.link('g', file))).toBe('EROFS')
    readOnly.dispose()
  })
})

describe.each([
  ['a volume', () => openHostFs(shared, {readOnly: false, memory})],
  ['an overlay', () => new Overlay(openHostFs(shared, {readOnly: true, memory}), memory)],
])('a known directory of %s', (_, open) => {
  let known: TestVfs

  beforeEach(() => {
    fs.mkdirSync(join(shared, 'a/b/c'), {recursive: true})
    fs.writeFileSync(join(shared, 'a/b/c/f'), 'old')
    known = new TestVfs(open())
    expect(readAll(known.open('a/b/c/f'))).toBe('old')
    expect(known.stat('a/b/c').ino).toBe(fs.statSync(join(shared, 'a/b/c')).ino)
  })

  afterEach(() => known.dispose())

  test('that the host put another one in the place of is not walked', () => {
    fs.renameSync(join(shared, 'a'), join(shared, 'z'))
    expect(errorOf(() => known.stat('a/b/c'))).toBe('ENOENT')
    fs.mkdirSync(join(shared, 'a/b/c'), {recursive: true})
    fs.writeFileSync(join(shared, 'a/b/c/g'), 'new')
    expect(errorOf(() => known.open('a/b/c/f'))).toBe('ENOENT')
    expect(readAll(known.open('a/b/c/g'))).toBe('new')
    expect(readAll(known.open('z/b/c/f'))).toBe('old')
    expect(known.stat('a/b/c').ino).toBe(fs.statSync(join(shared, 'a/b/c')).ino)
  })

  test('above which there is a link now leads where that leads, and never outside', () => {
    fs.mkdirSync(join(directory.path, 'outside/c'), {recursive: true})
    fs.writeFileSync(join(directory.path, 'outside/c/f'), 'secret')
    fs.renameSync(join(shared, 'a/b'), join(shared, 'z'))
    fs.symlinkSync('../../outside', join(shared, 'a/b'))
    for (const path of ['a/b/c/f', 'a/b/c', 'a/b/c/', 'a/b/c/.', 'a/b/c/..', 'a/b/c/../c/f'])
      expect(
        errorOf(() => known.stat(path)),
        path,
      ).toBe('ENOENT')
    fs.rmSync(join(shared, 'a/b'))
    fs.symlinkSync('../z', join(shared, 'a/b'))
    expect(readAll(known.open('a/b/c/f'))).toBe('old')
  })

  test('a name of which is in two directories loses it where the path leads', () => {
    fs.renameSync(join(shared, 'a'), join(shared, 'z'))
    fs.mkdirSync(join(shared, 'a/b/c'), {recursive: true})
    fs.linkSync(join(shared, 'z/b/c/f'), join(shared, 'a/b/c/f'))
    expect(known.stat('a/b/c/f').ino).toBe(fs.statSync(join(shared, 'z/b/c/f')).ino)
    known.unlink('a/b/c/f')
    expect(errorOf(() => known.stat('a/b/c/f'))).toBe('ENOENT')
    expect(readAll(known.open('z/b/c/f'))).toBe('old')
  })

  test('shows another file that has a name now, and a link', () => {
    fs.writeFileSync(join(shared, 'other'), 'newer')
    fs.renameSync(join(shared, 'other'), join(shared, 'a/b/c/f'))
    expect(known.stat('a/b/c/f').size).toBe(5)
    fs.rmSync(join(shared, 'a/b/c/f'))
    fs.symlinkSync('/secret', join(shared, 'a/b/c/f'))
    expect(errorOf(() => known.stat('a/b/c/f'))).toBe('ENOENT')
    fs.rmSync(join(shared, 'a/b/c/f'))
    expect(errorOf(() => known.stat('a/b/c/f'))).toBe('ENOENT')
  })

  test('that is gone is no way to what is beside it', () => {
    fs.writeFileSync(join(shared, 'a/b/g'), '')
    expect(known.stat('a/b/c/../g').size).toBe(0)
    fs.rmSync(join(shared, 'a/b/c'), {recursive: true})
    expect(errorOf(() => known.stat('a/b/c/../g'))).toBe('ENOENT')
    expect(errorOf(() => known.stat('a/b/c/./../g'))).toBe('ENOENT')
    expect(errorOf(() => known.stat('a/b/c/.'))).toBe('ENOENT')
    fs.writeFileSync(join(shared, 'a/b/c'), '')
    expect(errorOf(() => known.stat('a/b/c/'))).toBe('ENOTDIR')
    expect(errorOf(() => known.stat('a/b/c/f'))).toBe('ENOTDIR')
  })
})

describe('changes by the host', () => {
  test.each([
    ['a volume', () => vfs],
    ['an overlay', () => new TestVfs(new Overlay(openHostFs(shared, {readOnly: true, memory}), memory))],
  ])('of %s show after the call that looked a file up, whatever it asked', (_, open) => {
    fs.mkdirSync(join(shared, 'a/b'), {recursive: true})
    fs.writeFileSync(join(shared, 'a/b/f'), 'old')
    const opened = open()
    for (const size of [4, 5, 6]) {
      const {inode} = opened.locate('a/b/f')
      opened.root.mount.vfs.nextTurn()
      fs.writeFileSync(join(shared, 'a/b/f'), 'x'.repeat(size))
      expect(inode.attributes().size).toBe(size)
    }
  })

  test('show at once', () => {
    vfs.write('f', 'old')
    fs.writeFileSync(join(shared, 'f'), 'new text')
    expect(vfs.read('f')).toBe('new text')
    fs.rmSync(join(shared, 'f'))
    expect(errorOf(() => vfs.stat('f'))).toBe('ENOENT')
    fs.mkdirSync(join(shared, 'f'))
    expect(vfs.list('f')).toEqual([])
  })

  test('an open file outlives its name', () => {
    fs.writeFileSync(join(shared, 'f'), 'text')
    const file = vfs.open('f')
    fs.rmSync(join(shared, 'f'))
    expect(readAll(file)).toBe('text')
    expect(file.inode.attributes().size).toBe(4)
    file.close()
  })

  test('what the guest writes is on the host, with mode and times', () => {
    const file = vfs.open('f', O_WRONLY | O_CREAT | O_TRUNC, 0o640)
    file.write(Buffer.from('data'))
    file.close()
    vfs.locate('f').inode.setAttributes({mtime: {seconds: 86_400, nanoseconds: 0}})
    const stat = fs.statSync(join(shared, 'f'))
    expect([stat.mode & 0o777, stat.mtimeMs, fs.readFileSync(join(shared, 'f'), 'utf8')]).toEqual([
      0o640,
      86_400_000,
      'data',
    ])
  })

  test('names that are no UTF-8 survive', () => {
    fs.writeFileSync(Buffer.concat([Buffer.from(`${shared}/`), Buffer.from([0xff, 0xfe])]), 'x')
    expect(vfs.list('/')).toEqual(['\xff\xfe'])
    expect(vfs.read('\xff\xfe')).toBe('x')
  })
})

test('one file can be mounted alone', () => {
  const file = openHostFs(join(directory.path, 'secret'), {readOnly: true, memory})
  const opened = file.root.open(0)
  expect(readAll(opened)).toBe('secret')
  opened.close()
  expect(file.root.attributes().size).toBe(6)
  expect(errorOf(() => file.root.lookup('x'))).toBe('ENOTDIR')
  file.dispose()
})

test('what cannot be mounted is said in one line', () => {
  expect(() => openHostFs(join(directory.path, 'gone'), {readOnly: true, memory})).toThrow(/no such file/)
  expect(() => openHostFs('/dev/null', {readOnly: true, memory})).toThrow(/neither a directory nor/)
})
