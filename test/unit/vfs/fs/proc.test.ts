// procfs over a source with one process.

import {readFileSync} from 'node:fs'
import {beforeEach, expect, test} from 'vitest'
import {ALL_CAPABILITIES} from '../../../../src/abi/capability.ts'
import {O_CREAT, O_RDWR, O_WRONLY} from '../../../../src/abi/open-flags.ts'
import {createDevFs} from '../../../../src/vfs/fs/dev.ts'
import {Procfs} from '../../../../src/vfs/fs/proc.ts'
import type {ProcFd, ProcProcess, ProcSource} from '../../../../src/vfs/fs/proc-source.ts'
import {Tmpfs} from '../../../../src/vfs/fs/tmpfs.ts'
import {mount} from '../../../../src/vfs/mount-tree.ts'
import {openPath} from '../../../../src/vfs/open.ts'
import {openPipe} from '../../../../src/vfs/pipe.ts'
import {memoryFile} from '../../../helpers/memory-file.ts'
import {errorOf, TestVfs} from '../../../helpers/vfs.ts'

let vfs: TestVfs
let fds: Map<number, ProcFd>
let hostname: string

beforeEach(() => {
  const memory = memoryFile(1 << 20)
  vfs = new TestVfs(new Tmpfs(memory))
  fds = new Map()
  hostname = 'guest'
  vfs.write('program', '')
  for (const name of ['proc', 'dev']) vfs.mkdir(name)
  mount(vfs.locate('proc'), new Procfs(source()))
  mount(vfs.locate('dev'), createDevFs(memory))
})

function source(): ProcSource {
  return {
    pids: () => [7],
    process: (pid) => (pid === 7 ? process() : undefined),
    current: {pid: 7, tid: 7, root: vfs.root},
    rootMount: vfs.root.mount,
    hostname: () => hostname,
    setHostname: (name) => {
      hostname = name
    },
    release: '6.1.0',
    version: '#1 SMP',
    machine: 'x86_64',
    cpuinfo: () => 'processor\t: 0\n',
    cpuCount: 1,
    faults: 7,
    memory: () => ({totalBytes: 64 << 20, freeBytes: 32 << 20}),
    uptime: () => ({seconds: 12.5, idleSeconds: 3, began: {seconds: 1_700_000_000, nanoseconds: 0}}),
    ipc: {segments: [], semaphores: [], messages: []},
    maxPid: 32768,
  }
}

function process(): ProcProcess {
  return {
    pid: 7,
    parentPid: 0,
    processGroup: 7,
    session: 7,
    terminal: undefined,
    name: 'program',
    state: 'R',
    uids: [0, 0, 0, 0],
    gids: [0, 0, 0, 0],
    groups: [],
    capabilities: {effective: 0, permitted: 0, inheritable: 0, bounding: ALL_CAPABILITIES, ambient: 0},
    umask: 0o22,
    argv: ['program', 'an argument'],
    envp: ['A=1'],
    auxv: new Uint8Array(32),
    executable: vfs.locate('program'),
    cwd: vfs.cwd,
    root: vfs.root,
    tids: [7],
    memory: {virtualBytes: 8192, residentBytes: 4096, dataBytes: 0, lockedBytes: 0},
    userSeconds: 1,
    systemSeconds: 0.5,
    startedSeconds: 2,
    nice: 0,
    noNewPrivileges: false,
    signals: {
      pending: '0'.repeat(16),
      sharedPending: '0'.repeat(16),
      blocked: '0'.repeat(16),
      ignored: '0'.repeat(16),
      caught: '0'.repeat(16),
    },
    limits: [],
    personality: 0,
    oomScoreAdj: 0,
    memoryShare: 0,
    coredumpFilter: 0x33,
    isDumpable: true,
    disablesHugePages: false,
    maps: () => 'maps',
    smaps: () => 'smaps',
    smapsRollup: () => 'rollup',
    pagemap: () => 0,
    setName: () => {},
    setOomScoreAdj: () => {},
    setCoredumpFilter: () => {},
    fds: () => fds,
  }
}

test('/proc/self is the process that asks', () => {
  expect(vfs.readlink('/proc/self')).toBe('7')
  expect(vfs.read('/proc/self/cmdline')).toBe('program\0an argument\0')
  expect(vfs.readlink('/proc/self/exe')).toBe('/program')
  expect(vfs.read('/proc/thread-self/comm')).toBe('program\n')
})

test('there is no process but those that are', () => {
  expect(errorOf(() => vfs.stat('/proc/8'))).toBe('ENOENT')
  expect(errorOf(() => vfs.stat('/proc/07'))).toBe('ENOENT')
  expect(vfs.list('/proc')).toContain('7')
})

test('every file of /proc can be read', () => {
  const visit = (path: string): number => {
    let count = 0
    for (const name of vfs.list(path)) {
      const {mode} = vfs.lstat(`${path}/${name}`)
      if ((mode & 0o170000) === 0o040000) count += visit(`${path}/${name}`)
      if ((mode & 0o170000) !== 0o100000) continue
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

test('a descriptor is a link to its file, whatever becomes of the name', () => {
  const opened = openPath(vfs.context, vfs.root, 'f', O_RDWR | O_CREAT, 0o600)
  opened.file.write(Buffer.from('contents'))
  fds.set(3, opened)
  expect(vfs.readlink('/proc/self/fd/3')).toBe('/f')
  vfs.unlink('f')
  expect(vfs.readlink('/proc/self/fd/3')).toBe('/f (deleted)')
  expect(vfs.read('/dev/fd/3')).toBe('contents')
  expect(vfs.list('/proc/self/fd')).toEqual(['3'])
})

test('a pipe is opened anew by its link', () => {
  const [reader, writer] = openPipe()
  fds.set(0, {file: reader, location: undefined})
  writer.write(Buffer.from('through'))
  writer.close()
  expect(vfs.readlink('/proc/self/fd/0')).toMatch(/^pipe:\[\d+\]$/)
  expect(vfs.read('/dev/stdin')).toBe('through')
})

test('the host name is read and set', () => {
  expect(vfs.read('/proc/sys/kernel/hostname')).toBe('guest\n')
  vfs.write('/proc/sys/kernel/hostname', 'other\n', O_WRONLY)
  expect(hostname).toBe('other')
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
