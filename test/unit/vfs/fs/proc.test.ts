// procfs over a source with a process that has two tasks and a child.

import {readFileSync} from 'node:fs'
import {beforeEach, expect, test} from 'vitest'
import {O_CREAT, O_RDWR, O_WRONLY, POLLERR, POLLIN, POLLPRI} from '../../../../src/abi/open-flags.ts'
import {createDevFs} from '../../../../src/vfs/fs/dev.ts'
import {Procfs} from '../../../../src/vfs/fs/proc.ts'
import {Tmpfs} from '../../../../src/vfs/fs/tmpfs.ts'
import {mount} from '../../../../src/vfs/mount-tree.ts'
import {openPath} from '../../../../src/vfs/open.ts'
import {openPipe} from '../../../../src/vfs/pipe.ts'
import {memoryFile} from '../../../helpers/memory-file.ts'
import {errorOf, TestVfs} from '../../../helpers/vfs.ts'
import {FakeProcSource} from './fake-proc-source.ts'

let vfs: TestVfs
let source: FakeProcSource

beforeEach(() => {
  const memory = memoryFile(1 << 20)
  vfs = new TestVfs(new Tmpfs(memory))
  vfs.write('program', '')
  for (const name of ['proc', 'dev']) vfs.mkdir(name)
  source = new FakeProcSource(vfs)
  mount(vfs.locate('proc'), new Procfs(source))
  mount(vfs.locate('dev'), createDevFs(memory))
})

test('/proc/self is the process that asks', () => {
  expect(vfs.readlink('/proc/self')).toBe('7')
  expect(vfs.read('/proc/self/cmdline')).toBe('program\0an argument\0')
  expect(vfs.readlink('/proc/self/exe')).toBe('/program')
  expect(vfs.read('/proc/thread-self/comm')).toBe('program\n')
})

test('there is no process but those that are', () => {
  expect(errorOf(() => vfs.stat('/proc/10'))).toBe('ENOENT')
  expect(errorOf(() => vfs.stat('/proc/07'))).toBe('ENOENT')
  expect(vfs.list('/proc')).toContain('7')
  expect(vfs.list('/proc')).not.toContain('8')
})

test('each CPU has its line in stat, and the first is their sum', () => {
  const lines = vfs.read('/proc/stat').split('\n')
  expect(lines.slice(0, 3)).toEqual([
    'cpu  450 0 0 2050 0 0 0 0 0 0',
    'cpu0 300 0 0 950 0 0 0 0 0 0',
    'cpu1 150 0 0 1100 0 0 0 0 0 0',
  ])
  for (const line of ['ctxt 40', 'btime 1700000000', 'processes 9', 'procs_running 2'])
    expect(lines).toContain(line)
  expect(vfs.read('/proc/uptime')).toBe('12.50 20.50\n')
  expect(vfs.read('/proc/loadavg')).toBe('0.50 0.25 0.00 2/5 12\n')
})

test('every file of /proc can be read', () => {
  const visit = (path: string): number => {
    let count = 0
    for (const name of vfs.list(path)) {
      const {mode} = vfs.lstat(`${path}/${name}`)
      if ((mode & 0o170000) === 0o040000) count += visit(`${path}/${name}`)
      if ((mode & 0o170000) !== 0o100000 || /^\/proc\/9.*\/mount/.test(`${path}/${name}`)) continue
      vfs.read(`${path}/${name}`)
      count++
    }
    return count
  }
  expect(visit('/proc')).toBeGreaterThan(60)
})

test("stat has as many fields as the host's, and limits the same heading", () => {
  const fields = (text: string): number => text.trim().split(' ').length
  const hostStat = readFileSync('/proc/thread-self/stat', 'latin1')
  expect(fields(vfs.read('/proc/7/stat'))).toBe(fields(hostStat.replace(/\(.*\)/, '(x)')))
  const names = (text: string): string[] => text.split('\n').map((line) => line.slice(0, 26))
  expect(names(vfs.read('/proc/7/limits'))).toEqual(names(readFileSync('/proc/self/limits', 'latin1')))
})

test('status knows only names that the host knows', () => {
  const names = (text: string): string[] => [...text.matchAll(/^(\w+):/gm)].map((match) => match[1])
  const known = names(readFileSync('/proc/self/status', 'latin1'))
  expect(known).toEqual(expect.arrayContaining(names(vfs.read('/proc/7/status'))))
})

test('mounts are listed, with blanks escaped', () => {
  vfs.mkdir('two words')
  mount(vfs.locate('two words'), new Tmpfs(memoryFile(1 << 20)))
  expect(vfs.read('/proc/mounts')).toContain('tmpfs /two\\040words tmpfs rw,relatime 0 0\n')
  expect(vfs.read('/proc/self/mountinfo').split('\n')).toHaveLength(5)
})

test('UUIDs are of version 4, and new ones but for the boot’s', () => {
  const [uuid, bootId] = ['uuid', 'boot_id'].map((name) => `/proc/sys/kernel/random/${name}`)
  expect(vfs.read(uuid)).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}\n$/)
  expect(vfs.read(uuid)).not.toBe(vfs.read(uuid))
  expect(vfs.read(bootId)).toBe(vfs.read(bootId))
})

test('a new mount wakes those that poll the mount table, and is told once', () => {
  vfs.mkdir('new')
  const file = vfs.open('/proc/self/mounts')
  const woken: number[] = []
  file.waiters!.join({wake: (events) => woken.push(events)})
  expect(file.readiness()).toBe(POLLIN)
  mount(vfs.locate('new'), new Tmpfs(memoryFile(1 << 20)))
  expect(woken).toEqual([POLLERR | POLLPRI])
  expect(file.readiness()).toBe(POLLIN | POLLERR | POLLPRI)
  expect(file.readiness()).toBe(POLLIN)
})

test('a descriptor is a link to its file, whatever becomes of the name', () => {
  const opened = openPath(vfs.context, vfs.root, 'f', O_RDWR | O_CREAT, 0o600)
  opened.file.write(Buffer.from('contents'))
  source.fds.set(3, opened)
  expect(vfs.readlink('/proc/self/fd/3')).toBe('/f')
  vfs.unlink('f')
  expect(vfs.readlink('/proc/self/fd/3')).toBe('/f (deleted)')
  expect(vfs.read('/dev/fd/3')).toBe('contents')
  expect(vfs.list('/proc/self/fd')).toEqual(['3'])
})

test('a pipe is opened anew by its link', () => {
  const [reader, writer] = openPipe(vfs.root.mount.vfs)
  source.fds.set(0, {file: reader, location: undefined})
  writer.write(Buffer.from('through'))
  writer.close()
  expect(vfs.readlink('/proc/self/fd/0')).toMatch(/^pipe:\[\d+\]$/)
  expect(vfs.read('/dev/stdin')).toBe('through')
})

test('the host name is read and set', () => {
  expect(vfs.read('/proc/sys/kernel/hostname')).toBe('guest\n')
  vfs.write('/proc/sys/kernel/hostname', 'other\n', O_WRONLY)
  expect(source.guestName).toBe('other')
  expect(errorOf(() => vfs.open('/proc/version', O_WRONLY))).toBe('EACCES')
})

test('the memory devices do as they are called', () => {
  vfs.write('/dev/null', 'gone')
  expect(vfs.read('/dev/null')).toBe('')
  expect(errorOf(() => vfs.write('/dev/full', 'x'))).toBe('ENOSPC')
  const bytes = new Uint8Array(64).fill(1)
  vfs.open('/dev/zero').read(bytes)
  expect(bytes.every((byte) => byte === 0)).toBe(true)
  vfs.open('/dev/urandom').read(bytes)
  expect(bytes.some((byte) => byte !== 0)).toBe(true)
  expect(errorOf(() => vfs.open('/dev/tty'))).toBe('ENXIO')
})
