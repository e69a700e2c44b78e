// Calls that find, make, move and remove names.

import {describe, expect, it} from 'vitest'
import {
  AT_EMPTY_PATH,
  AT_FDCWD,
  AT_REMOVEDIR,
  AT_SYMLINK_NOFOLLOW,
  RESOLVE_BENEATH,
  RESOLVE_IN_ROOT,
  RESOLVE_NO_SYMLINKS,
} from '../../../../src/abi/at-flags.ts'
import {
  EBADF,
  EEXIST,
  EFAULT,
  EINVAL,
  EISDIR,
  ELOOP,
  EMFILE,
  ENAMETOOLONG,
  ENOENT,
  ENOTDIR,
  ENOTEMPTY,
  EPERM,
  ERANGE,
  EXDEV,
} from '../../../../src/abi/errno.ts'
import {S_IFCHR, S_IFDIR, S_IFIFO, S_IFLNK, S_IFREG} from '../../../../src/abi/file-mode.ts'
import {
  O_CLOEXEC,
  O_CREAT,
  O_DIRECTORY,
  O_EXCL,
  O_NOFOLLOW,
  O_NONBLOCK,
  O_PATH,
  O_RDONLY,
  O_RDWR,
  O_WRONLY,
  RENAME_EXCHANGE,
  RENAME_NOREPLACE,
} from '../../../../src/abi/open-flags.ts'
import {arch} from '../../../../src/arch/index.ts'
import {BLOCKED} from '../../../../src/sentry/core/syscall.ts'
import {chdir, chroot, fchdir} from '../../../../src/sentry/syscalls/chdir.ts'
import {close} from '../../../../src/sentry/syscalls/close.ts'
import {getcwd} from '../../../../src/sentry/syscalls/getcwd.ts'
import {link, linkat} from '../../../../src/sentry/syscalls/link.ts'
import {mkdir} from '../../../../src/sentry/syscalls/mkdir.ts'
import {mknod} from '../../../../src/sentry/syscalls/mknod.ts'
import {open, openat} from '../../../../src/sentry/syscalls/open.ts'
import {openat2} from '../../../../src/sentry/syscalls/openat2.ts'
import {readlink, readlinkat} from '../../../../src/sentry/syscalls/readlink.ts'
import {rename, renameat2} from '../../../../src/sentry/syscalls/rename.ts'
import {fstat, lstat, newfstatat, stat} from '../../../../src/sentry/syscalls/stat.ts'
import {symlink} from '../../../../src/sentry/syscalls/symlink.ts'
import {umask} from '../../../../src/sentry/syscalls/umask.ts'
import {rmdir, unlink, unlinkat} from '../../../../src/sentry/syscalls/unlink.ts'
import {SimulatedTask} from './simulated-task.ts'

const {openFlags, stat: layout} = arch.kernelAbi

/** st_mode, or -errno. */
function modeOf(t: SimulatedTask, path: string, call = stat): number {
  const buffer = t.bytes(layout.size)
  const result = t.call(call, path, buffer)
  return result === 0 ? t.task.memory.readUint32(buffer + layout.mode) : result
}

function touch(t: SimulatedTask, path: string): void {
  expect(t.call(close, t.call(open, path, O_CREAT | O_WRONLY, 0o644))).toBe(0)
}

describe('open', () => {
  it('gives the lowest descriptor, and the mode through the umask', () => {
    const t = new SimulatedTask()
    expect(t.call(open, '/a', O_CREAT | O_RDWR, 0o666)).toBe(0)
    expect(t.call(open, '/b', O_CREAT | O_RDWR | O_CLOEXEC, 0o666)).toBe(1)
    expect(t.task.fds.closesOnExec(1)).toBe(true)
    expect(modeOf(t, '/a')).toBe(S_IFREG | 0o644)
    expect(t.call(umask, 0o1077)).toBe(0o022)
    t.call(open, '/c', O_CREAT | O_RDWR, 0o666)
    expect(modeOf(t, '/c')).toBe(S_IFREG | 0o600)
  })

  it('starts where the directory descriptor says, but for absolute paths', () => {
    const t = new SimulatedTask()
    t.call(mkdir, '/d', 0o755)
    touch(t, '/d/f')
    const d = t.call(open, '/d', openFlags(O_DIRECTORY))
    expect(t.call(openat, d, 'f', O_RDONLY)).toBeGreaterThan(d)
    expect(t.call(openat, -5, '/d/f', O_RDONLY)).toBeGreaterThan(d)
    expect(t.call(openat, -5, 'd', O_RDONLY)).toBe(-EBADF)
    const f = t.call(openat, d, 'f', O_RDONLY)
    expect(t.call(openat, f, 'x', O_RDONLY)).toBe(-ENOTDIR)
  })

  it.each([
    ['nothing there', '/missing', O_RDONLY, ENOENT],
    ['an empty path', '', O_RDONLY, ENOENT],
    ['a file used as a directory', '/f/x', O_RDONLY, ENOTDIR],
    ['a directory for writing', '/d', O_WRONLY, EISDIR],
    ['what exists with O_EXCL', '/f', O_CREAT | O_EXCL, EEXIST],
    ['a link with O_NOFOLLOW', '/l', openFlags(O_NOFOLLOW), ELOOP],
    ['a name of 256 bytes', `/${'n'.repeat(256)}`, O_CREAT, ENAMETOOLONG],
    ['a path of 4096 bytes', '/'.repeat(4096), O_RDONLY, ENAMETOOLONG],
  ])('refuses %s', (_what, path, flags, code) => {
    const t = new SimulatedTask()
    touch(t, '/f')
    t.call(mkdir, '/d', 0o755)
    t.call(symlink, 'f', '/l')
    expect(t.call(open, path, flags, 0o644)).toBe(-code)
  })

  it('answers EFAULT for a bad pointer and EMFILE at the limit', () => {
    const t = new SimulatedTask()
    expect(t.call(open, 8, O_RDONLY)).toBe(-EFAULT)
    t.task.fds.limit = 1
    expect(t.call(open, '/', O_RDONLY)).toBe(0)
    expect(t.call(open, '/', O_RDONLY)).toBe(-EMFILE)
  })

  it('waits for the other end of a fifo', () => {
    const t = new SimulatedTask()
    t.call(mknod, '/fifo', S_IFIFO | 0o600, 0)
    expect(t.call(open, '/fifo', O_WRONLY)).toBe(BLOCKED)
    const sleeping = t.task.wait!
    const reader = t.call(open, '/fifo', O_RDONLY | O_NONBLOCK)
    expect(reader).toBe(0)
    t.task.wait = sleeping
    expect(t.wake()).toBe(1)
  })
})

describe('openat2', () => {
  function open2(t: SimulatedTask, dirfd: number, path: string, resolve: number, flags = 0): number {
    return t.call(openat2, dirfd, path, t.int64s(flags, 0, resolve), 24)
  }

  it('stays where RESOLVE_* holds it', () => {
    const t = new SimulatedTask()
    for (const path of ['/jail', '/jail/sub']) t.call(mkdir, path, 0o755)
    touch(t, '/outside')
    touch(t, '/jail/inside')
    t.call(symlink, '../outside', '/jail/out')
    t.call(symlink, '/', '/jail/root')
    const jail = t.call(open, '/jail', openFlags(O_DIRECTORY))
    expect(open2(t, jail, 'sub/../inside', RESOLVE_BENEATH)).toBeGreaterThan(0)
    expect(open2(t, jail, '../outside', RESOLVE_BENEATH)).toBe(-EXDEV)
    expect(open2(t, jail, 'out', RESOLVE_BENEATH)).toBe(-EXDEV)
    expect(open2(t, jail, 'root', RESOLVE_BENEATH)).toBe(-EXDEV)
    expect(open2(t, jail, '/outside', RESOLVE_BENEATH)).toBe(-EXDEV)
    expect(open2(t, jail, 'out', RESOLVE_NO_SYMLINKS)).toBe(-ELOOP)
    expect(open2(t, jail, 'root/inside', RESOLVE_IN_ROOT)).toBeGreaterThan(0)
    expect(open2(t, jail, '../outside', RESOLVE_IN_ROOT)).toBe(-ENOENT)
  })

  it('refuses flags it does not know', () => {
    const t = new SimulatedTask()
    expect(open2(t, AT_FDCWD, '/', 1 << 30)).toBe(-EINVAL)
    expect(open2(t, AT_FDCWD, '/', 0, 2 ** 40)).toBe(-EINVAL)
  })
})

describe('links', () => {
  it('makes another name, also of a symbolic link itself', () => {
    const t = new SimulatedTask()
    touch(t, '/f')
    t.call(symlink, 'f', '/l')
    expect(t.call(link, '/l', '/same')).toBe(0)
    expect(modeOf(t, '/same', lstat)).toBe(S_IFLNK | 0o777)
    expect(t.call(linkat, AT_FDCWD, '/l', AT_FDCWD, '/followed', 0x400)).toBe(0)
    expect(modeOf(t, '/followed', lstat)).toBe(S_IFREG | 0o644)
    expect(t.call(link, '/', '/d')).toBe(-EPERM)
  })

  it('reads as much of a link as fits, without a NUL', () => {
    const t = new SimulatedTask()
    t.call(symlink, 'some/where', '/l')
    const buffer = t.data(Buffer.from('################'))
    expect(t.call(readlink, '/l', buffer, 4)).toBe(4)
    expect(t.text(buffer, 5)).toBe('some#')
    expect(t.call(readlink, '/l', buffer, 0)).toBe(-EINVAL)
    expect(t.call(readlink, '/', buffer, 4)).toBe(-EINVAL)
    const fd = t.call(open, '/l', O_PATH | openFlags(O_NOFOLLOW))
    expect(t.call(readlinkat, fd, '', buffer, 16)).toBe(10)
    const root = t.call(open, '/', O_RDONLY)
    expect(t.call(readlinkat, root, '', buffer, 16)).toBe(-ENOENT)
  })
})

describe('removing and renaming', () => {
  it('tells files and directories apart', () => {
    const t = new SimulatedTask()
    touch(t, '/f')
    t.call(mkdir, '/d', 0o755)
    touch(t, '/d/inner')
    expect(t.call(unlink, '/d')).toBe(-EISDIR)
    expect(t.call(rmdir, '/f')).toBe(-ENOTDIR)
    expect(t.call(rmdir, '/d')).toBe(-ENOTEMPTY)
    expect(t.call(unlinkat, AT_FDCWD, '/d/inner', 0)).toBe(0)
    expect(t.call(unlinkat, AT_FDCWD, '/d', AT_REMOVEDIR)).toBe(0)
    expect(t.call(unlinkat, AT_FDCWD, '/f', 0x4000000)).toBe(-EINVAL)
  })

  it('replaces, keeps or exchanges as the flags say', () => {
    const t = new SimulatedTask()
    touch(t, '/a')
    t.call(mkdir, '/b', 0o755)
    expect(t.call(renameat2, AT_FDCWD, '/a', AT_FDCWD, '/b', RENAME_NOREPLACE)).toBe(-EEXIST)
    expect(t.call(renameat2, AT_FDCWD, '/a', AT_FDCWD, '/b', RENAME_EXCHANGE)).toBe(0)
    expect(modeOf(t, '/a')).toBe(S_IFDIR | 0o755)
    expect(t.call(rename, '/b', '/c')).toBe(0)
    expect(modeOf(t, '/b')).toBe(-ENOENT)
    expect(modeOf(t, '/c')).toBe(S_IFREG | 0o644)
  })

  it('refuses odd kinds to mknod, and devices to users', () => {
    const t = new SimulatedTask()
    expect(t.call(mknod, '/d', S_IFDIR | 0o755, 0)).toBe(-EPERM)
    expect(t.call(mknod, '/l', S_IFLNK | 0o755, 0)).toBe(-EINVAL)
    expect(t.call(mknod, '/plain', 0o666, 0)).toBe(0)
    expect(modeOf(t, '/plain')).toBe(S_IFREG | 0o644)
    t.become(1000)
    expect(t.call(mknod, '/null', S_IFCHR | 0o666, 0x103)).toBe(-EPERM)
  })
})

describe('stat', () => {
  it('tells the same by path, descriptor and empty path', () => {
    const t = new SimulatedTask()
    touch(t, '/f')
    const [a, b, c] = [t.bytes(layout.size), t.bytes(layout.size), t.bytes(layout.size)]
    const fd = t.call(open, '/f', O_PATH)
    expect(t.call(stat, '/f', a)).toBe(0)
    expect(t.call(fstat, fd, b)).toBe(0)
    expect(t.call(newfstatat, fd, '', c, AT_EMPTY_PATH)).toBe(0)
    expect(t.text(b, layout.size)).toBe(t.text(a, layout.size))
    expect(t.text(c, layout.size)).toBe(t.text(a, layout.size))
    expect(t.call(newfstatat, fd, '', c, 0)).toBe(-ENOENT)
    expect(t.call(newfstatat, AT_FDCWD, '/f', c, AT_SYMLINK_NOFOLLOW | 0x40000000)).toBe(-EINVAL)
    expect(t.call(fstat, fd, 8)).toBe(-EFAULT)
  })
})

describe('the working directory', () => {
  it('is a path that counts its NUL', () => {
    const t = new SimulatedTask()
    for (const path of ['/a', '/a/b']) t.call(mkdir, path, 0o755)
    const buffer = t.bytes(64)
    expect(t.call(chdir, '/a/b')).toBe(0)
    expect(t.call(getcwd, buffer, 5)).toBe(5)
    expect(t.text(buffer, 5)).toBe('/a/b\0')
    expect(t.call(getcwd, buffer, 4)).toBe(-ERANGE)
    t.call(rename, '/a', '/c')
    expect(t.call(getcwd, buffer, 64)).toBe(5)
    expect(t.text(buffer, 5)).toBe('/c/b\0')
    expect(t.call(rmdir, '/c/b')).toBe(0)
    expect(t.call(getcwd, buffer, 64)).toBe(-ENOENT)
  })

  it('goes where a descriptor is, and nowhere else than directories', () => {
    const t = new SimulatedTask()
    touch(t, '/f')
    expect(t.call(chdir, '/f')).toBe(-ENOTDIR)
    expect(t.call(fchdir, t.call(open, '/f', O_RDONLY))).toBe(-ENOTDIR)
    expect(t.call(fchdir, t.call(open, '/', O_PATH))).toBe(0)
  })

  it('may lie outside the root', () => {
    const t = new SimulatedTask()
    t.call(mkdir, '/jail', 0o755)
    expect(t.call(chroot, '/jail')).toBe(0)
    const buffer = t.bytes(32)
    const length = t.call(getcwd, buffer, 32)
    expect(t.text(buffer, length)).toBe('(unreachable)/\0')
    t.become(1000)
    expect(t.call(chroot, '/')).toBe(-EPERM)
  })
})
