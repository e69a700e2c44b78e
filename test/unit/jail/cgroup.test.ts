// A sentry's cgroup, in folders that look like one, whose files accept anything: what is written, and what is undone.

import {existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterAll, beforeEach, describe, expect, test} from 'vitest'
import {Cgroup, ownCgroup} from '../../../src/jail/cgroup.ts'

const scratch = mkdtempSync(join(tmpdir(), 'hv-cgroup-'))
afterAll(() => rmSync(scratch, {recursive: true, force: true}))

const GIB = 2 ** 30
const limits = {memoryBytes: GIB, maxTasks: 100, cpus: 2}
const LEFT_OVER = 'hv-0123456789abcdef'
let parent: string

beforeEach(() => {
  parent = mkdtempSync(join(scratch, 'parent-'))
  write('cgroup.controllers', 'cpuset cpu io memory pids\n')
  write('cgroup.subtree_control', '')
  write('cgroup.procs', '')
})

function write(name: string, text: string): void {
  writeFileSync(join(parent, name), text)
}

function read(...names: string[]): string {
  return readFileSync(join(parent, ...names), 'utf8')
}

const children = (): string[] => readdirSync(parent).filter((name) => name.startsWith('hv-'))

describe('who enters', () => {
  test('goes into a child of its own, which has the guest’s limits and room for hv', () => {
    new Cgroup(limits, parent).holdCpu()
    const [child, ...others] = children()
    expect(others).toEqual([])
    expect(read(child, 'cgroup.procs')).toBe('0')
    expect(read('cgroup.subtree_control')).toBe('+cpu +memory +pids')
    expect(read(child, 'memory.max')).toBe(`${2 * GIB}`)
    expect(read(child, 'memory.oom.group')).toBe('1')
    expect(read(child, 'pids.max')).toBe('264')
    expect(read(child, 'cpu.max')).toBe('')
  })

  test('goes where it is told, and back to where it was when that fails', () => {
    const own = mkdtempSync(join(scratch, 'own-'))
    new Cgroup(limits, own, parent).holdCpu()
    expect(read(children()[0], 'cgroup.procs')).toBe('0')
    rmSync(join(parent, 'cgroup.subtree_control'))
    expect(() => new Cgroup(limits, own, parent)).toThrow(expect.objectContaining({code: 'ENOENT'}))
    expect(readFileSync(join(own, 'cgroup.procs'), 'utf8')).toBe('0')
  })

  test('has its quota of the CPU when it has started, not before', () => {
    const cgroup = new Cgroup({...limits, cpuQuotaPercent: 150}, parent)
    const [child] = children()
    expect(read(child, 'cpu.max')).toBe('')
    cgroup.holdCpu()
    expect(read(child, 'cpu.max')).toBe('150000 100000')
  })

  test('asks for no controller that children have already', () => {
    write('cgroup.subtree_control', 'memory pids\n')
    new Cgroup(limits, parent).holdCpu()
    expect(read('cgroup.subtree_control')).toBe('+cpu')
  })

  test('removes what others have left, and nothing else', () => {
    for (const name of [LEFT_OVER, 'hv-mine', 'other']) mkdirSync(join(parent, name))
    mkdirSync(join(parent, `${LEFT_OVER.slice(0, -1)}0`, 'lives'), {recursive: true})
    new Cgroup(limits, parent).holdCpu()
    expect(existsSync(join(parent, LEFT_OVER))).toBe(false)
    for (const name of ['hv-mine', 'other', `${LEFT_OVER.slice(0, -1)}0`])
      expect(existsSync(join(parent, name))).toBe(true)
  })
})

describe('who cannot', () => {
  test('stays where it is without the controllers', () => {
    write('cgroup.controllers', 'hugetlb\n')
    expect(() => new Cgroup(limits, parent)).toThrow(expect.objectContaining({errno: -19}))
    expect(children()).toEqual([])
    expect(read('cgroup.procs')).toBe('')
  })

  test('goes back when the host gives the child no controllers', () => {
    rmSync(join(parent, 'cgroup.subtree_control'))
    mkdirSync(join(parent, 'cgroup.subtree_control'))
    expect(() => new Cgroup(limits, parent)).toThrow(expect.objectContaining({code: 'EISDIR'}))
    expect(read('cgroup.procs')).toBe('0')
  })

  test('leaves nothing when it may not enter', () => {
    rmSync(parent, {recursive: true})
    expect(() => new Cgroup(limits, parent)).toThrow(expect.objectContaining({code: 'ENOENT'}))
    expect(existsSync(parent)).toBe(false)
  })
})

describe('the cgroup of a process', () => {
  const ownOf = (cgroup: string, mountinfo: string): string => {
    const proc = mkdtempSync(join(scratch, 'proc-'))
    writeFileSync(join(proc, 'cgroup'), cgroup)
    writeFileSync(join(proc, 'mountinfo'), mountinfo)
    return ownCgroup(proc)
  }
  const mountOf = (top: string, at: string): string =>
    `20 1 0:5 / /proc rw - proc proc rw\n30 24 0:26 ${top} ${at} rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n`

  test.each([
    ['0::/\n', '/', '/sys/fs/cgroup', '/sys/fs/cgroup'],
    ['9:pids:/\n0::/user.slice/x.scope\n', '/', '/sys/fs/cgroup', '/sys/fs/cgroup/user.slice/x.scope'],
    ['0::/docker/abc/in\n', '/docker/abc', '/sys/fs/cgroup', '/sys/fs/cgroup/in'],
    ['0::/docker/abc\n', '/docker/abc', '/a\\040b', '/a b'],
  ])('of %j, mounted from %s at %s, is %s', (cgroup, top, at, path) =>
    expect(ownOf(cgroup, mountOf(top, at))).toBe(path),
  )

  test.each([
    ['9:pids:/\n', mountOf('/', '/sys/fs/cgroup'), -19],
    ['0::/docker/abcdef\n', mountOf('/docker/abc', '/sys/fs/cgroup'), -2],
    ['0::/../other\n', mountOf('/', '/sys/fs/cgroup'), -2],
    ['0::/\n', '', -2],
  ])('is none for %j where %j', (cgroup, mountinfo, errno) =>
    expect(() => ownOf(cgroup, mountinfo)).toThrow(expect.objectContaining({errno})),
  )
})
