// The overlay over a lower tree that is not empty.

import {beforeEach, expect, test} from 'vitest'
import {S_IFCHR} from '../../../../src/abi/file-mode.ts'
import {
  O_APPEND,
  O_RDONLY,
  O_RDWR,
  O_TRUNC,
  O_WRONLY,
  RENAME_EXCHANGE,
} from '../../../../src/abi/open-flags.ts'
import {NULL_DEV} from '../../../../src/vfs/devices.ts'
import {Overlay} from '../../../../src/vfs/fs/overlay.ts'
import {Tmpfs} from '../../../../src/vfs/fs/tmpfs.ts'
import {clearSetId} from '../../../../src/vfs/set-id-bits.ts'
import {memoryFile} from '../../../helpers/memory-file.ts'
import {errorOf, readAll, TestVfs} from '../../../helpers/vfs.ts'

let lower: TestVfs
let vfs: TestVfs
let before: string[]

beforeEach(() => {
  const memory = memoryFile(8 << 20)
  const tmpfs = new Tmpfs(memory)
  lower = new TestVfs(tmpfs)
  lower.mkdir('d')
  lower.mkdir('d/sub')
  lower.write('d/f', 'lower')
  lower.write('d/sub/g', 'deep')
  lower.symlink('f', 'd/l')
  lower.write('hard', 'linked')
  lower.link('hard', 'hard2')
  lower.mknod('null', S_IFCHR | 0o666, NULL_DEV)
  before = snapshot(lower)
  vfs = new TestVfs(new Overlay(tmpfs, memory))
})

test('what the lower file system holds is in use, and does not make room', () => {
  lower.write('big', 'b'.repeat(40_960))
  const fs = vfs.root.inode.fs as Overlay
  const {blocks, bfree, bavail} = fs.statfs()
  expect(bfree).toBe(fs.upper.statfs().bfree)
  expect(bavail).toBe(bfree)
  expect(blocks - bfree).toBeGreaterThanOrEqual(10)
})

function snapshot(of: TestVfs, path = ''): string[] {
  return of.list(path || '/').flatMap((name) => {
    const {mode, nlink, uid, size, mtime} = of.lstat(`${path}/${name}`)
    const line = JSON.stringify([`${path}/${name}`, mode, nlink, uid, size, mtime])
    const below = (mode & 0o170000) === 0o040000 ? snapshot(of, `${path}/${name}`) : []
    return [line, ...below]
  })
}

test('shows the lower tree as it is', () => {
  expect(snapshot(vfs)).toEqual(before)
  expect(vfs.read('d/l')).toBe('lower')
})

test('writing copies up, and the lower file stays', () => {
  const {ino, dev} = vfs.stat('d/f')
  const file = vfs.open('d/f', O_WRONLY | O_APPEND)
  file.write(Buffer.from(' and upper'))
  expect(file.inode.attributes()).toMatchObject({ino, dev, size: 15})
  file.close()
  expect(vfs.read('d/f')).toBe('lower and upper')
  expect(vfs.stat('d/f')).toMatchObject({ino, dev})
  expect(lower.read('d/f')).toBe('lower')
  expect(snapshot(lower)).toEqual(before)
})

test.each([O_TRUNC, 0])(
  'a copy that an ordinary user changes has no set-user-ID bit (O_TRUNC: %i)',
  (flag) => {
    lower.locate('d/f').inode.setAttributes({mode: 0o4777})
    vfs.become(1000)
    const file = vfs.open('d/f', O_WRONLY | flag)
    if (!flag) clearSetId(vfs.credentials, file.inode)
    expect(vfs.stat('d/f').mode & 0o7777).toBe(0o777)
    expect(lower.stat('d/f').mode & 0o7777).toBe(0o4777)
    file.close()
  },
)

test('copying up keeps mode, owner and times', () => {
  const was = vfs.stat('d/f')
  vfs.open('d/f', O_RDWR).close()
  expect(vfs.stat('d/f')).toMatchObject({mode: was.mode, uid: was.uid, mtime: was.mtime, atime: was.atime})
})

test('a file opened before it was copied up goes on reading the lower one', () => {
  const reader = vfs.open('d/f')
  vfs.write('d/f', 'changed')
  expect(readAll(reader)).toBe('lower')
  reader.close()
  expect(vfs.read('d/f')).toBe('changed')
})

test('attributes change on top only', () => {
  const {ino} = vfs.stat('d')
  vfs.locate('d').inode.setAttributes({mode: 0o700})
  vfs.locate('d/l', false).inode.setAttributes({uid: 5})
  vfs.locate('d/f').inode.setAttributes({size: 2})
  expect(vfs.stat('d')).toMatchObject({ino, mode: 0o040700})
  expect(vfs.lstat('d/l').uid).toBe(5)
  expect(vfs.readlink('d/l')).toBe('f')
  expect(vfs.read('d/f')).toBe('lo')
  expect(snapshot(lower)).toEqual(before)
})

test('what was removed stays away, also when it is made anew', () => {
  vfs.unlink('d/f')
  expect(vfs.list('d')).toEqual(['l', 'sub'])
  expect(errorOf(() => vfs.stat('d/f'))).toBe('ENOENT')
  vfs.unlink('d/sub/g')
  vfs.rmdir('d/sub')
  vfs.mkdir('d/sub')
  expect(vfs.list('d/sub')).toEqual([])
  vfs.write('d/f', 'again')
  expect(vfs.read('d/f')).toBe('again')
  vfs.unlink('d/f')
  expect(errorOf(() => vfs.stat('d/f'))).toBe('ENOENT')
  expect(snapshot(lower)).toEqual(before)
})

test('a lower directory with something in it is not removed', () => {
  expect(errorOf(() => vfs.rmdir('d'))).toBe('ENOTEMPTY')
  vfs.unlink('d/sub/g')
  vfs.rmdir('d/sub')
  expect(vfs.list('d')).toEqual(['f', 'l'])
})

test('a lower file is renamed without a copy, a lower directory is not renamed', () => {
  const {ino} = vfs.stat('d/f')
  vfs.rename('d/f', 'moved')
  expect(vfs.read('moved')).toBe('lower')
  expect(vfs.stat('moved').ino).toBe(ino)
  expect(vfs.list('d')).toEqual(['l', 'sub'])
  expect(errorOf(() => vfs.rename('d', 'e'))).toBe('EXDEV')
  vfs.mkdir('own')
  expect(errorOf(() => vfs.rename('own', 'd', RENAME_EXCHANGE))).toBe('EXDEV')
  vfs.rename('own', 'renamed')
  expect(vfs.list('/')).toEqual(['d', 'hard', 'hard2', 'moved', 'null', 'renamed'])
})

test('hard links of the lower tree stay one file', () => {
  expect(vfs.stat('hard').nlink).toBe(2)
  vfs.write('hard', 'changed')
  expect(vfs.read('hard2')).toBe('changed')
  expect(vfs.stat('hard2').ino).toBe(vfs.stat('hard').ino)
  vfs.link('hard2', 'd/third')
  expect(vfs.stat('hard').nlink).toBe(3)
  vfs.unlink('hard')
  vfs.unlink('hard2')
  expect(vfs.stat('d/third').nlink).toBe(1)
  expect(vfs.read('d/third')).toBe('changed')
})

test('a link to a lower file is made without a copy', () => {
  vfs.link('d/f', 'second')
  expect(vfs.stat('second').nlink).toBe(2)
  vfs.write('second', 'both')
  expect(vfs.read('d/f')).toBe('both')
  vfs.unlink('d/f')
  expect(vfs.read('second')).toBe('both')
  expect(vfs.stat('second').nlink).toBe(1)
})

test('a device node of the lower tree is the device of the sandbox', () => {
  vfs.write('null', 'gone', O_WRONLY)
  expect(vfs.read('null')).toBe('')
})

test('a full upper layer is ENOSPC, and the file stays what it was', () => {
  const memory = memoryFile(1 << 20)
  const small = new Tmpfs(memory)
  const tree = new TestVfs(small)
  tree.write('big', 'x'.repeat(100_000))
  const over = new TestVfs(new Overlay(small, memory, {maxBytes: 40_960}))
  expect(errorOf(() => over.open('big', O_RDWR))).toBe('ENOSPC')
  expect(over.read('big').length).toBe(100_000)
  expect(over.open('big', O_RDONLY).inode.attributes().size).toBe(100_000)
})
