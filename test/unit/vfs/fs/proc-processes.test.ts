// What procfs shows about threads, zombies and ended processes, and to whom.

import {beforeEach, expect, test} from 'vitest'
import {Procfs} from '../../../../src/vfs/fs/proc.ts'
import {Tmpfs} from '../../../../src/vfs/fs/tmpfs.ts'
import {mount} from '../../../../src/vfs/mount-tree.ts'
import {memoryFile} from '../../../helpers/memory-file.ts'
import {errorOf, TestVfs} from '../../../helpers/vfs.ts'
import {FakeProcSource} from './fake-proc-source.ts'

let vfs: TestVfs
let source: FakeProcSource

beforeEach(() => {
  const memory = memoryFile(1 << 20)
  vfs = new TestVfs(new Tmpfs(memory))
  vfs.write('program', '')
  vfs.mkdir('proc')
  source = new FakeProcSource(vfs)
  mount(vfs.locate('proc'), new Procfs(source))
})

/** Field n, counted from 1 as man 5 proc does. */
function statField(path: string, n: number): string {
  return vfs.read(path).trim().split(' ')[n - 1]
}

test('a thread has a directory of its own, in task and unlisted', () => {
  expect(vfs.list('/proc/7/task')).toEqual(['7', '8'])
  expect(vfs.stat('/proc/7/task').nlink).toBe(4)
  for (const path of ['/proc/7/task/8', '/proc/8']) {
    expect(vfs.read(`${path}/comm`)).toBe('second\n')
    expect(vfs.read(`${path}/status`)).toContain('Tgid:\t7\nNgid:\t0\nPid:\t8\n')
  }
  expect(errorOf(() => vfs.stat('/proc/7/task/9'))).toBe('ENOENT')
  expect(vfs.read('/proc/7/task/7/children')).toBe('9 ')
  expect(vfs.read('/proc/7/task/8/children')).toBe('')
})

test("a process's CPU time is that of all tasks, a task's its own", () => {
  expect(statField('/proc/7/stat', 14)).toBe('100')
  expect(statField('/proc/7/task/7/stat', 14)).toBe('25')
  expect(statField('/proc/7/stat', 16)).toBe('200')
  const [priority, nice, threads] = [18, 19, 20].map((n) => statField('/proc/7/stat', n))
  expect([priority, nice, threads]).toEqual(['24', '4', '2'])
  expect([38, 39, 41].map((n) => statField('/proc/7/stat', n))).toEqual(['17', '1', '3'])
})

test('a zombie is shown, without what it no longer has', () => {
  expect(vfs.read('/proc/9/stat')).toMatch(/^9 \(dead\) Z 7 /)
  expect(vfs.read('/proc/9/status')).not.toMatch(/^(Vm|Umask)/m)
  for (const name of ['cmdline', 'environ', 'auxv', 'maps'])
    expect(vfs.read(`/proc/9/${name}`), name).toBe('')
  for (const name of ['exe', 'cwd', 'root'])
    expect(errorOf(() => vfs.readlink(`/proc/9/${name}`))).toBe('ENOENT')
  expect(vfs.list('/proc/9/fd')).toEqual([])
  expect(errorOf(() => vfs.read('/proc/9/mountinfo'))).toBe('EINVAL')
})

test('what was opened of a process that is gone is ESRCH, and its directory has no names', () => {
  const file = vfs.open('/proc/9/stat')
  const directory = vfs.open('/proc/9')
  source.processes.delete(9)
  expect(errorOf(() => file.read(new Uint8Array(8)))).toBe('ESRCH')
  expect(errorOf(() => directory.inode.lookup('stat'))).toBe('ENOENT')
})

test('who may not trace a process sees neither its memory nor what it has open', () => {
  source.mayTrace = false
  for (const name of ['maps', 'environ', 'auxv', 'smaps', 'personality'])
    expect(
      errorOf(() => vfs.open(`/proc/7/${name}`)),
      name,
    ).toBe('EACCES')
  for (const name of ['exe', 'cwd', 'root', 'ns/pid'])
    expect(
      errorOf(() => vfs.readlink(`/proc/7/${name}`)),
      name,
    ).toBe('EACCES')
  expect(vfs.read('/proc/7/cmdline')).toBe('program\0an argument\0')
})

test('what was opened of a program tells nothing of the next one', () => {
  const names = ['maps', 'environ', 'auxv', 'smaps', 'personality', 'pagemap']
  const files = names.map((name) => vfs.open(`/proc/7/${name}`))
  const status = vfs.open('/proc/7/status')
  source.execute()
  for (const file of [...files, status]) {
    const isOpenToAll = file === status
    expect(file.read(new Uint8Array(8)) > 0).toBe(isOpenToAll)
  }
})
