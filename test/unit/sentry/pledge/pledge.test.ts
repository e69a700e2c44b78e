// Pledges: what a set of promises allows, and that the rest of the table stays as it is.

import {describe, expect, test} from 'vitest'
import {AT_FDCWD} from '../../../../src/abi/at-flags.ts'
import {ALL_CAPABILITIES} from '../../../../src/abi/capability.ts'
import {ENOENT, ENOTTY} from '../../../../src/abi/errno.ts'
import {F_SETLK, F_SETOWN} from '../../../../src/abi/fcntl.ts'
import {TCGETS, TCSETS, TIOCGWINSZ, TIOCSPGRP} from '../../../../src/abi/ioctl.ts'
import {O_CREAT, O_RDONLY, O_RDWR, O_TMPFILE, O_WRONLY} from '../../../../src/abi/open-flags.ts'
import {arch} from '../../../../src/arch/index.ts'
import {table} from '../../../../src/sentry/syscalls/table.ts'
import {PledgedTask} from './pledged-task.ts'

const RX = 5
const RWX = 7
const MAP_PRIVATE = 2
const MAP_ANONYMOUS = 0x20
const OWNER = {uid: 0, gid: 0, groups: [], capabilities: ALL_CAPABILITIES}
const flagsOf = (flags: number) => arch.kernelAbi.openFlags(flags)

function withTree(promises: string): PledgedTask {
  const t = new PledgedTask()
  const {root} = t.tmpfs
  root.mkdir('tmp', 0o777, OWNER)
  root.mkdir('etc', 0o755, OWNER).create('passwd', 0o644, OWNER)
  root.create('file', 0o644, OWNER)
  root.lookup('tmp').symlink('out', '/file', OWNER)
  return t.pledge(promises)
}

const open = (t: PledgedTask, path: string, flags = O_RDONLY) =>
  t.make('openat', AT_FDCWD, path, flagsOf(flags), 0o600)

describe('a table under a pledge', () => {
  test('keeps the functions of the calls that it always allows', () => {
    const {syscalls} = new PledgedTask().pledge('stdio rpath').task.process
    for (const name of ['read', 'write', 'close', 'getpid', 'clock_gettime', 'openat', 'getdents64']) {
      const number = table.find((row) => row.name === name)![arch.name]!
      expect(syscalls.isUnrestricted(number), name).toBe(true)
    }
  })

  test('is made of the first one, however often a process pledges', () => {
    const t = new PledgedTask().pledge('stdio rpath')
    const {beneath} = t.task.process.restrictions.pledge!
    for (let i = 0; i < 3; i++) t.pledge('stdio')
    expect(t.task.process.restrictions.pledge!.beneath).toBe(beneath)
  })
})

describe('opening', () => {
  test('needs a promise for each thing that the file is opened for', () => {
    expect(open(withTree('stdio rpath'), '/file')).toBe(0)
    expect(open(withTree('stdio rpath'), '/file', O_RDWR)).toBe('wpath')
    expect(open(withTree('stdio wpath'), '/file', O_WRONLY)).toBe(0)
    expect(open(withTree('stdio wpath'), '/new', O_WRONLY | O_CREAT)).toBe('cpath')
    expect(open(withTree('stdio wpath cpath'), '/new', O_WRONLY | O_CREAT)).toBe(0)
    expect(open(withTree('stdio'), '/file')).toBe('rpath')
    expect(open(withTree('stdio rpath wpath'), '/tmp', O_RDWR | O_TMPFILE)).toBe('cpath')
  })

  test('by openat2 is judged by what is done, not by what memory says before', () => {
    const t = withTree('stdio rpath')
    const how = (flags: number) => t.int64s(flagsOf(flags), 0, 0)
    expect(t.make('openat2', AT_FDCWD, '/file', how(O_RDONLY), 24)).toBe(0)
    expect(t.make('openat2', AT_FDCWD, '/file', how(O_RDWR), 24)).toBe('wpath')
  })

  test('tells nothing of what is missing either', () => {
    expect(open(withTree('stdio'), '/none')).toBe('rpath')
    expect(open(withTree('stdio'), '/none/none')).toBe('rpath')
    expect(open(withTree('stdio'), '/file/none')).toBe('rpath')
    expect(open(withTree('stdio rpath'), '/none')).toBe(-ENOENT)
  })
})

describe('a promise of some paths', () => {
  test('opens them, and no others', () => {
    expect(open(withTree('stdio getpw'), '/etc/passwd')).toBe(0)
    expect(open(withTree('stdio getpw'), '/etc/passwd', O_RDWR)).toBe('rpath')
    expect(open(withTree('stdio'), '/etc/passwd')).toBe('rpath')
    expect(open(withTree('stdio getpw'), '/file')).toBe('rpath')
  })

  test('holds for where a path leads, not for how it is written', () => {
    const t = withTree('stdio tmppath')
    expect(open(t, '/tmp/new', O_RDWR | O_CREAT)).toBe(0)
    expect(open(t, '/etc/../tmp/new')).toBe(1)
    expect(open(t, '/tmp/../file')).toBe('rpath')
    expect(open(t, '/tmp/out')).toBe('rpath')
    expect(open(t, '/tmp/none/../../file')).toBe('rpath')
    expect(t.make('unlinkat', AT_FDCWD, '/tmp/new', 0)).toBe(0)
    expect(t.make('mkdirat', AT_FDCWD, '/new', 0o700)).toBe('cpath')
  })

  test('of a device is to use it, not to take it away', () => {
    const t = new PledgedTask()
    t.tmpfs.root.mkdir('dev', 0o755, OWNER).create('null', 0o666, OWNER)
    t.pledge('stdio')
    expect(open(t, '/dev/null', O_WRONLY | O_CREAT)).toBe(0)
    expect(t.make('unlinkat', AT_FDCWD, '/dev/null', 0)).toBe('cpath')
    expect(t.make('renameat2', AT_FDCWD, '/dev/null', AT_FDCWD, '/dev/x', 0)).toBe('rpath')
  })

  test('holds where a directory on the way is missing', () => {
    expect(open(withTree('stdio'), '/etc/localtime')).toBe(-ENOENT)
    expect(open(withTree('stdio'), '/usr/share/zoneinfo/UTC')).toBe(-ENOENT)
    expect(open(withTree('stdio'), '/usr/share/zoneinfo/../x')).toBe('rpath')
  })

  test('is seen from the top of the tree after chroot, too', () => {
    const t = withTree('stdio getpw id rpath')
    t.tmpfs.root.lookup('tmp').mkdir('etc', 0o755, OWNER).create('passwd', 0o644, OWNER)
    expect(t.make('chroot', '/tmp')).toBe(0)
    t.pledge('stdio getpw')
    expect(open(t, '/etc/passwd')).toBe('rpath')
  })
})

describe('arguments', () => {
  const map = (t: PledgedTask, protection: number, flags: number, fd = -1) =>
    t.make('mmap', 0, 4096, protection, flags, fd, 0)

  test('executable memory is a promise of its own, but for a file’s code', () => {
    const t = withTree('stdio rpath')
    const fd = open(t, '/file') as number
    expect(map(t, RX, MAP_PRIVATE | MAP_ANONYMOUS)).toBe('prot_exec')
    expect(map(t, RX, MAP_PRIVATE, fd)).toBeGreaterThan(0)
    expect(map(t, RWX, MAP_PRIVATE, fd)).toBe('prot_exec')
    expect(map(t, RX, MAP_PRIVATE, t.make('memfd_create', 'x', 0) as number)).toBe('prot_exec')
    expect(t.make('mprotect', map(t, 3, MAP_PRIVATE | MAP_ANONYMOUS) as number, 4096, RX)).toBe('prot_exec')
    expect(map(t.pledge('stdio'), RX, MAP_PRIVATE, fd)).toBe('rpath or prot_exec')
    expect(map(withTree('stdio prot_exec'), RWX, MAP_PRIVATE | MAP_ANONYMOUS)).toBeGreaterThan(0)
  })

  test('fcntl: locks and owners', () => {
    const t = withTree('stdio rpath')
    const fd = open(t, '/file') as number
    expect(t.make('fcntl', fd, F_SETLK, 0)).toBe('flock')
    expect(t.make('fcntl', fd, F_SETOWN, 7)).toBe('proc')
    expect(t.make('flock', fd, 1)).toBe('flock')
  })

  test('ioctl: questions are free, what changes a terminal is tty, its owner proc too', () => {
    const t = withTree('stdio rpath')
    const fd = open(t, '/file') as number
    expect(t.make('ioctl', fd, TCGETS, 0)).toBe(-ENOTTY)
    expect(t.make('ioctl', fd, TIOCGWINSZ, 0)).toBe(-ENOTTY)
    expect(t.make('ioctl', fd, TCSETS, 0)).toBe('tty')
    t.pledge('stdio tty')
    expect(t.make('ioctl', fd, TCSETS, 0)).toBe(-ENOTTY)
    expect(t.make('ioctl', fd, TIOCSPGRP, 0)).toBe('proc')
  })

  test('signals and limits: its own are stdio’s', () => {
    const t = withTree('stdio')
    expect(t.make('kill', 7, 0)).toBe(0)
    expect(t.make('kill', 1, 0)).toBe('proc')
    expect(t.make('tgkill', 1, 1, 0)).toBe('proc')
    expect(t.make('prlimit64', 0, 3, 0, t.bytes(16))).toBe(0)
    expect(t.make('prlimit64', 0, 3, t.bytes(16), 0)).toBe('proc or id')
    expect(t.make('prlimit64', 1, 3, 0, t.bytes(16))).toBe('proc')
  })

  test('chown: with fattr, to oneself', () => {
    const t = withTree('stdio rpath fattr')
    expect(t.make('fchownat', AT_FDCWD, '/file', 0, -1, 0)).toBe(0)
    expect(t.make('fchownat', AT_FDCWD, '/file', 5, -1, 0)).toBe('chown')
    expect(withTree('stdio rpath').make('fchownat', AT_FDCWD, '/file', 0, -1, 0)).toBe('fattr or chown')
    expect(withTree('stdio rpath chown').make('fchownat', AT_FDCWD, '/file', 5, -1, 0)).toBe(0)
  })

  test('mknod: devices and fifos are dpath', () => {
    const fifo = 0o010600
    expect(withTree('stdio cpath').make('mknodat', AT_FDCWD, '/new', 0o600, 0)).toBe(0)
    expect(withTree('stdio cpath').make('mknodat', AT_FDCWD, '/new', fifo, 0)).toBe('dpath')
    expect(withTree('stdio dpath').make('mknodat', AT_FDCWD, '/new', fifo, 0)).toBe(0)
    expect(withTree('stdio dpath').make('mknodat', AT_FDCWD, '/new', 0o600, 0)).toBe('cpath')
  })

  test('prctl, clone: what touches other processes is proc', () => {
    const t = withTree('stdio')
    expect(t.make('prctl', 1, 9)).toBe('proc')
    expect(t.make('prctl', 8, 1)).toBe('id')
    expect(t.make('prctl', 3)).toBe(1)
    expect(t.make('clone', 17)).toBe('proc')
  })
})
