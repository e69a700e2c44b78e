// One suite for every writable file system: modes, times, owners, permissions.

import {describe, expect, test} from 'vitest'
import {S_ISGID} from '../../../../src/abi/file-mode.ts'
import {O_CREAT, O_RDWR, O_WRONLY} from '../../../../src/abi/open-flags.ts'
import {errorOf, type TestVfs} from '../../../helpers/vfs.ts'
import {backends, freshBeforeEach} from '../../../helpers/vfs-backends.ts'

describe.each(backends)('$name', (backend) => {
  let vfs: TestVfs
  freshBeforeEach(backend, (fresh) => {
    vfs = fresh
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

  test('times and modes that are set are read back', () => {
    vfs.write('f', 'x')
    const {inode} = vfs.locate('f')
    const atime = {seconds: 1_000_000_000, nanoseconds: 123_456_789}
    const mtime = {seconds: 1_100_000_000, nanoseconds: 987_654_321}
    inode.setAttributes({mode: 0o1711, atime, mtime})
    expect(inode.attributes()).toMatchObject({mode: 0o101711, atime, mtime})
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
})
