// What a volume never gives: a look into the host's kernel, programs with their owner's power, and other files' attributes.

import * as fs from 'node:fs'
import {join} from 'node:path'
import {afterEach, beforeEach, describe, expect, test} from 'vitest'
import {S_IFDIR, S_IFMT} from '../../../../src/abi/file-mode.ts'
import {O_CREAT, O_RDWR, O_WRONLY} from '../../../../src/abi/open-flags.ts'
import {openHostFs} from '../../../../src/vfs/fs/host.ts'
import {Overlay} from '../../../../src/vfs/fs/overlay.ts'
import {nativeHost} from '../../../../src/vfs/native-host.ts'
import {memoryFile} from '../../../helpers/memory-file.ts'
import {errorOf, TestVfs} from '../../../helpers/vfs.ts'
import {hostDirectory} from '../../../helpers/vfs-backends.ts'

const host = nativeHost.files

const EXDEV = 18
const memory = memoryFile(4 << 20)

describe.each([
  ['a volume of the whole host', () => openHostFs('/', {readOnly: false, memory})],
  ['an overlay over it', () => new Overlay(openHostFs('/', {readOnly: true, memory}), memory)],
])('%s', (_name, create) => {
  let vfs: TestVfs
  beforeEach(() => {
    vfs = new TestVfs(create())
  })
  afterEach(() => vfs.dispose())

  test.each(['/proc', '/sys'])('shows %s as an empty directory', (path) => {
    expect(vfs.stat(path).mode & S_IFMT).toBe(S_IFDIR)
    expect(vfs.list(path)).toEqual([])
  })

  test.each(['/proc/self/maps', '/proc/1/environ', '/sys/kernel', '/sys/fs/cgroup'])('has no %s', (path) => {
    expect(errorOf(() => vfs.stat(path))).toBe('ENOENT')
    expect(errorOf(() => vfs.open(path))).toBe('ENOENT')
  })
})

describe('the file systems of the host’s kernel', () => {
  test('take no changes through a volume', () => {
    const vfs = new TestVfs(openHostFs('/', {readOnly: false, memory}))
    expect(errorOf(() => vfs.mkdir('/proc/x'))).toBe('EPERM')
    expect(errorOf(() => vfs.locate('/proc').inode.setAttributes({mode: 0o700}))).toBe('EACCES')
    vfs.dispose()
  })

  test.each(['/proc', '/proc/self', '/proc/self/maps', '/sys/kernel'])('are no volume: %s', (path) => {
    expect(() => openHostFs(path, {readOnly: true, memory})).toThrow(/belongs to this host's kernel/)
  })

  test('are opened by no call of the addon', () => {
    const fd = host.hostOpenRoot('/')
    expect(host.hostOpenDirectory(fd, 'proc')).toBe(-EXDEV)
    expect(host.hostOpen(fd, 'proc', 0, 0)).toBe(-EXDEV)
    expect(host.hostOpenPath(fd, 'proc')).toBe(-EXDEV)
    host.hostClose(fd)
    // A descriptor that came another way.
    const maps = fs.openSync('/proc/self/maps', 'r')
    expect(host.hostOpenSelf(maps, 0)).toBe(-EXDEV)
    fs.closeSync(maps)
  })
})

describe('in a volume', () => {
  let directory: ReturnType<typeof hostDirectory>
  let vfs: TestVfs
  beforeEach(() => {
    directory = hostDirectory()
    vfs = new TestVfs(openHostFs(directory.path, {readOnly: false, memory}))
  })
  afterEach(() => {
    vfs.dispose()
    directory.remove()
  })
  const onHost = (name: string): string => join(directory.path, name)
  const modeOf = (name: string): number => fs.statSync(onHost(name)).mode & 0o7777

  test('set-ID bits of files are not written, and the guest sees that they are not', () => {
    vfs.open('made', O_RDWR | O_CREAT, 0o6755).close()
    vfs.write('changed', 'x')
    vfs.locate('changed').inode.setAttributes({mode: 0o7711})
    vfs.mkdir('directory', 0o6755)
    vfs.locate('directory').inode.setAttributes({mode: 0o6700})
    vfs.mknod('fifo', 0o010000 | 0o6600)
    vfs.mknod('socket', 0o140000 | 0o6600)
    const names = ['made', 'changed', 'directory', 'fifo', 'socket']
    const modes = [0o755, 0o1711, 0o2700, 0o600, 0o600]
    expect(names.map(modeOf)).toEqual(modes)
    expect(names.map((name) => vfs.stat(name).mode & 0o7777)).toEqual(modes)
  })

  test('a set-ID file of the host loses its bits when it is opened to write, not to read', () => {
    fs.writeFileSync(onHost('power'), 'x')
    fs.chmodSync(onHost('power'), 0o6755)
    vfs.read('power')
    expect(modeOf('power')).toBe(0o6755)
    vfs.open('power', O_WRONLY).close()
    expect(modeOf('power')).toBe(0o755)
    fs.chmodSync(onHost('power'), 0o4755)
    vfs.locate('power').inode.setAttributes({size: 0})
    expect(modeOf('power')).toBe(0o755)
  })

  test('attributes and content of a file that took over the name on the host are left alone', () => {
    fs.writeFileSync(onHost('file'), 'first')
    const {inode} = vfs.locate('file')
    fs.writeFileSync(onHost('other'), 'second', {mode: 0o600})
    fs.renameSync(onHost('other'), onHost('file'))
    const time = {seconds: 0, nanoseconds: 0}
    for (const changes of [{mode: 0o777}, {uid: 1}, {mtime: time}, {size: 0}]) {
      expect(errorOf(() => inode.setAttributes(changes))).toBe('ESTALE')
    }
    expect(errorOf(() => inode.open(O_RDWR))).toBe('ESTALE')
    expect([modeOf('file'), fs.readFileSync(onHost('file'), 'utf8')]).toEqual([0o600, 'second'])
  })

  test('the owner of a symbolic link is its own', () => {
    fs.writeFileSync(onHost('target'), '')
    vfs.symlink('target', 'link')
    if (process.geteuid?.() !== 0) return
    vfs.locate('link', false).inode.setAttributes({uid: 7, gid: 8})
    expect([fs.lstatSync(onHost('link')).uid, fs.statSync(onHost('target')).uid]).toEqual([7, 0])
  })
})
