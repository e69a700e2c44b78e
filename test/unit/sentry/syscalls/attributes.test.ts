// What stat(2), chmod(2), chown(2), utimensat(2), truncate(2), statfs(2) report about a file and change in it.

import {describe, expect, it} from 'vitest'
import {AT_EMPTY_PATH, AT_FDCWD, AT_SYMLINK_NOFOLLOW} from '../../../../src/abi/at-flags.ts'
import {
  E2BIG,
  EACCES,
  EBADF,
  EFAULT,
  EFBIG,
  EINVAL,
  EISDIR,
  ENOENT,
  EOPNOTSUPP,
  EPERM,
  ERANGE,
  EROFS,
} from '../../../../src/abi/errno.ts'
import {O_CREAT, O_PATH, O_RDONLY, O_RDWR, O_WRONLY} from '../../../../src/abi/open-flags.ts'
import {RLIMIT_FSIZE, UNLIMITED} from '../../../../src/sentry/core/resource-limits.ts'
import {access, faccessat2} from '../../../../src/sentry/syscalls/access.ts'
import {chmod, fchmod, fchmodat2} from '../../../../src/sentry/syscalls/chmod.ts'
import {chown, fchown, fchownat, lchown} from '../../../../src/sentry/syscalls/chown.ts'
import {fallocate} from '../../../../src/sentry/syscalls/fallocate.ts'
import {open} from '../../../../src/sentry/syscalls/open.ts'
import {statfs} from '../../../../src/sentry/syscalls/statfs.ts'
import {statx} from '../../../../src/sentry/syscalls/statx.ts'
import {symlink} from '../../../../src/sentry/syscalls/symlink.ts'
import {ftruncate, truncate} from '../../../../src/sentry/syscalls/truncate.ts'
import {utime, utimensat, utimes} from '../../../../src/sentry/syscalls/utimensat.ts'
import {write} from '../../../../src/sentry/syscalls/write.ts'
import {fgetxattr, listxattr, setxattr} from '../../../../src/sentry/syscalls/xattr.ts'
import {SimulatedTask} from './simulated-task.ts'

const USER = 1000

/** A task with /file (0644, root's) and /link to it. */
function prepared(): {t: SimulatedTask; fd: number} {
  const t = new SimulatedTask()
  const fd = t.call(open, '/file', O_CREAT | O_RDWR, 0o644)
  t.call(symlink, 'file', '/link')
  return {t, fd}
}

function attributes(t: SimulatedTask, name: string) {
  return t.tmpfs.root.lookup(name).attributes()
}

describe('access', () => {
  it('asks for the real user, and with AT_EACCESS for the effective one', () => {
    const {t} = prepared()
    t.call(chmod, '/file', 0o600)
    t.task.credentials = {...t.task.credentials, ruid: USER, rgid: USER}
    expect(t.call(access, '/file', 4)).toBe(-EACCES)
    expect(t.call(faccessat2, AT_FDCWD, '/file', 4, 0x200)).toBe(0)
    expect(t.call(access, '/file', 0)).toBe(0)
  })

  it('lets root do all but execute what nobody executes', () => {
    const {t, fd} = prepared()
    t.call(chmod, '/file', 0)
    expect(t.call(access, '/file', 6)).toBe(0)
    expect(t.call(access, '/file', 1)).toBe(-EACCES)
    t.call(chmod, '/file', 0o100)
    expect(t.call(faccessat2, fd, '', 1, AT_EMPTY_PATH)).toBe(0)
    expect(t.call(access, '/file', 8)).toBe(-EINVAL)
    expect(t.call(access, '/missing', 0)).toBe(-ENOENT)
  })

  it('finds a read-only mount read-only', () => {
    const {t} = prepared()
    t.task.kernel.rootMount.readOnly = true
    expect(t.call(access, '/file', 2)).toBe(-EROFS)
    expect(t.call(chmod, '/file', 0o600)).toBe(-EROFS)
  })
})

describe('chmod', () => {
  it('is for the owner and for root', () => {
    const {t, fd} = prepared()
    expect(t.call(chmod, '/link', 0o170000 | 0o4755)).toBe(0)
    expect(attributes(t, 'file').mode & 0o7777).toBe(0o4755)
    expect(t.call(fchmodat2, AT_FDCWD, '/link', 0o600, AT_SYMLINK_NOFOLLOW)).toBe(-EOPNOTSUPP)
    t.become(USER)
    expect(t.call(chmod, '/file', 0o777)).toBe(-EPERM)
    expect(t.call(fchmod, fd, 0o777)).toBe(-EPERM)
    expect(t.call(fchmod, t.call(open, '/file', O_PATH), 0o777)).toBe(-EBADF)
  })

  it('drops S_ISGID for a group that is not the user’s', () => {
    const {t} = prepared()
    t.call(chown, '/file', USER, 5)
    t.become(USER)
    expect(t.call(chmod, '/file', 0o2755)).toBe(0)
    expect(attributes(t, 'file').mode & 0o7777).toBe(0o755)
  })
})

describe('chown', () => {
  it('changes what is not -1 and takes set-user-ID away', () => {
    const {t, fd} = prepared()
    t.call(chmod, '/file', 0o6755)
    expect(t.call(chown, '/link', 1234, -1)).toBe(0)
    expect(attributes(t, 'file')).toMatchObject({uid: 1234, gid: 0})
    expect(attributes(t, 'file').mode & 0o7777).toBe(0o755)
    expect(t.call(lchown, '/link', 7, 8)).toBe(0)
    expect(attributes(t, 'link')).toMatchObject({uid: 7, gid: 8})
    expect(t.call(fchownat, fd, '', 3, 4, AT_EMPTY_PATH)).toBe(0)
    expect(attributes(t, 'file')).toMatchObject({uid: 3, gid: 4})
  })

  it('lets the owner give a file to none but a group of his', () => {
    const {t, fd} = prepared()
    t.call(chown, '/file', USER, USER)
    t.become(USER)
    expect(t.call(chown, '/file', 0, -1)).toBe(-EPERM)
    expect(t.call(chown, '/file', -1, 5)).toBe(-EPERM)
    expect(t.call(fchown, fd, USER, USER)).toBe(0)
    t.become(USER + 1)
    expect(t.call(chown, '/file', -1, USER + 1)).toBe(-EPERM)
  })
})

describe('times', () => {
  it('sets, keeps and takes the present', () => {
    const {t} = prepared()
    expect(t.call(utimensat, AT_FDCWD, '/file', t.int64s(10, 1, -86400, 2), 0)).toBe(0)
    expect(attributes(t, 'file').atime).toEqual({seconds: 10, nanoseconds: 1})
    expect(attributes(t, 'file').mtime).toEqual({seconds: -86400, nanoseconds: 2})
    expect(t.call(utimensat, AT_FDCWD, '/file', t.int64s(5, 0x3ffffffe, 5, 0x3fffffff), 0)).toBe(0)
    expect(attributes(t, 'file').atime).toEqual({seconds: 10, nanoseconds: 1})
    expect(Math.abs(attributes(t, 'file').mtime.seconds - Date.now() / 1000)).toBeLessThan(60)
    expect(t.call(utimes, '/file', t.int64s(11, 12, 13, 14))).toBe(0)
    expect(attributes(t, 'file').mtime).toEqual({seconds: 13, nanoseconds: 14000})
    expect(t.call(utime, '/file', t.int64s(21, 22))).toBe(0)
    expect(attributes(t, 'file').atime).toEqual({seconds: 21, nanoseconds: 0})
  })

  it('refuses fractions of a second and more, and what is not there', () => {
    const {t} = prepared()
    expect(t.call(utimensat, AT_FDCWD, '/file', t.int64s(0, 1e9, 0, 0), 0)).toBe(-EINVAL)
    expect(t.call(utimensat, AT_FDCWD, '/missing', 0, 0)).toBe(-ENOENT)
    expect(t.call(utimensat, AT_FDCWD, '/file', 8, 0)).toBe(-EFAULT)
    expect(t.call(utimensat, AT_FDCWD, '/file', 0, 0x80)).toBe(-EINVAL)
  })

  it('lets a writer say "now", and only the owner any time', () => {
    const {t} = prepared()
    t.call(chmod, '/file', 0o666)
    t.become(USER)
    expect(t.call(utimensat, AT_FDCWD, '/file', 0, 0)).toBe(0)
    expect(t.call(utimensat, AT_FDCWD, '/file', t.int64s(1, 0, 1, 0), 0)).toBe(-EPERM)
    t.become(0)
    t.call(chmod, '/file', 0o644)
    t.become(USER)
    expect(t.call(utimensat, AT_FDCWD, '/file', 0, 0)).toBe(-EACCES)
  })
})

describe('truncate', () => {
  it('is for regular files that are writable', () => {
    const {t, fd} = prepared()
    expect(t.call(ftruncate, fd, 2 ** 40)).toBe(0)
    expect(t.call(truncate, '/file', 5)).toBe(0)
    expect(attributes(t, 'file').size).toBe(5)
    expect(t.call(truncate, '/', 0)).toBe(-EISDIR)
    expect(t.call(truncate, '/file', -1)).toBe(-EINVAL)
    expect(t.call(ftruncate, t.call(open, '/file', O_RDONLY), 0)).toBe(-EINVAL)
    expect(t.call(ftruncate, -1, 0)).toBe(-EBADF)
    t.become(USER)
    expect(t.call(truncate, '/file', 0)).toBe(-EACCES)
  })

  it('does not grow a file beyond RLIMIT_FSIZE, but shrinks it', () => {
    const {t, fd} = prepared()
    t.call(ftruncate, fd, 5000)
    t.task.process.limits.set(RLIMIT_FSIZE, {soft: 1000, hard: UNLIMITED})
    expect(t.call(ftruncate, fd, 6000)).toBe(-EFBIG)
    expect(t.call(ftruncate, fd, 2000)).toBe(0)
    expect(t.call(fallocate, fd, 0, 0, 3000)).toBe(-EFBIG)
  })

  it('takes set-user-ID away from an ordinary user’s file, as each write does', () => {
    const {t} = prepared()
    t.call(chown, '/file', USER, USER)
    t.become(USER)
    const fd = t.call(open, '/file', O_WRONLY)
    for (const change of [() => t.call(write, fd, 'x', 1), () => t.call(truncate, '/file', 0)]) {
      for (let round = 0; round < 2; round++) {
        t.call(chmod, '/file', 0o4755)
        expect(change()).toBeGreaterThanOrEqual(0)
        expect(attributes(t, 'file').mode & 0o7777).toBe(0o755)
      }
    }
  })
})

describe('fallocate', () => {
  it('refuses modes and ranges that make no sense', () => {
    const {t, fd} = prepared()
    expect(t.call(fallocate, fd, 0, 0, 65536)).toBe(0)
    expect(t.call(fallocate, fd, 2, 0, 4096)).toBe(-EOPNOTSUPP)
    expect(t.call(fallocate, fd, 0, -1, 10)).toBe(-EINVAL)
    expect(t.call(fallocate, fd, 0, 0, 0)).toBe(-EINVAL)
    expect(t.call(fallocate, fd, 0, 0x7fff_ffff_ffff_ffffn, 10)).toBe(-EFBIG)
    expect(t.call(fallocate, t.call(open, '/file', O_RDONLY), 0, 0, 10)).toBe(-EBADF)
  })
})

describe('statx and statfs', () => {
  it('fill in what stat tells', () => {
    const {t, fd} = prepared()
    t.call(write, fd, 'hello', 5)
    const buffer = t.bytes(256)
    expect(t.call(statx, AT_FDCWD, '/file', 0, 0x7ff, buffer)).toBe(0)
    expect(t.task.memory.readUint32(buffer) & 0x7ff).toBe(0x7ff)
    expect(t.task.memory.readUint64(buffer + 40)).toBe(5)
    expect(t.task.memory.readUint64(buffer + 32)).toBe(attributes(t, 'file').ino)
    expect(t.call(statx, AT_FDCWD, '/file', 0, 0x80000000, buffer)).toBe(-EINVAL)
    expect(t.call(statfs, '/', buffer)).toBe(0)
    expect(t.task.memory.readUint64(buffer)).toBe(0x01021994)
    expect(t.task.memory.readUint64(buffer + 64)).toBe(255)
  })
})

describe('extended attributes', () => {
  it('are kept for a file in memory, and listed', () => {
    const {t, fd} = prepared()
    expect(t.call(setxattr, '/link', 'user.x', 0, 0, 0)).toBe(0)
    expect(t.call(fgetxattr, fd, 'user.x', 0, 0)).toBe(0)
    expect(t.call(listxattr, '/file', 0, 0)).toBe('user.x'.length + 1)
    expect(t.call(setxattr, '/missing', 'user.x', 0, 0, 0)).toBe(-ENOENT)
    expect(t.call(setxattr, '/file', '', 0, 0, 0)).toBe(-ERANGE)
    expect(t.call(setxattr, '/file', 'user.x', 0, 65537, 0)).toBe(-E2BIG)
    expect(t.call(setxattr, '/file', 'system.posix_acl_access', 0, 0, 0)).toBe(-EOPNOTSUPP)
  })

  it('are no more than fit into a list', () => {
    const {t} = prepared()
    const name = (i: number): string => `user.${'n'.repeat(240)}${i}`
    let count = 0
    while (t.call(setxattr, '/file', name(count), 0, 0, 0) === 0) count++
    expect(count).toBe(263)
    expect(t.call(setxattr, '/file', name(count), 0, 0, 0)).toBe(-E2BIG)
    expect(t.call(setxattr, '/file', name(0), 0, 0, 0)).toBe(0)
  })
})
