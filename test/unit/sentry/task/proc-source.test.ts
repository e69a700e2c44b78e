// What /proc shows about a process, through procfs.

import {describe, expect, it} from 'vitest'
import {AT_FDCWD} from '../../../../src/abi/at-flags.ts'
import {EPERM} from '../../../../src/abi/errno.ts'
import {O_CREAT, O_RDONLY, O_RDWR} from '../../../../src/abi/open-flags.ts'
import {PROT_WRITE} from '../../../../src/platform/platform.ts'
import {handleFault} from '../../../../src/sentry/call/handle-fault.ts'
import {ResourceLimits, RLIMIT_NOFILE} from '../../../../src/sentry/core/resource-limits.ts'
import {setrlimit} from '../../../../src/sentry/syscalls/getrlimit.ts'
import {memfdCreate} from '../../../../src/sentry/syscalls/memfd-create.ts'
import {mkdir} from '../../../../src/sentry/syscalls/mkdir.ts'
import {openat} from '../../../../src/sentry/syscalls/open.ts'
import {pipe} from '../../../../src/sentry/syscalls/pipe.ts'
import {read} from '../../../../src/sentry/syscalls/read.ts'
import {readlink} from '../../../../src/sentry/syscalls/readlink.ts'
import {umask} from '../../../../src/sentry/syscalls/umask.ts'
import {KernelProcSource} from '../../../../src/sentry/task/proc-source.ts'
import {Procfs} from '../../../../src/vfs/fs/proc.ts'
import {childLocation, mount} from '../../../../src/vfs/mount-tree.ts'
import {SimulatedTask} from '../syscalls/simulated-task.ts'

function withProc(maxOpenFiles?: number): SimulatedTask {
  const t = new SimulatedTask()
  const {kernel} = t.task
  Object.assign(kernel, {current: t.task, hostname: 'guest', cpuTimeNs: () => 2e9})
  t.call(mkdir, '/proc', 0o755)
  const top = t.task.fs.root
  const source = new KernelProcSource(() => kernel, maxOpenFiles)
  mount(childLocation(top, 'proc', top.inode.lookup('proc')), new Procfs(source))
  return t
}

function textOf(t: SimulatedTask, path: string): string {
  const fd = t.call(openat, AT_FDCWD, path, O_RDONLY)
  expect(fd).toBeGreaterThanOrEqual(0)
  const buffer = t.bytes(8192)
  return t.text(buffer, t.call(read, fd, buffer, 8192))
}

function linkOf(t: SimulatedTask, path: string): string {
  const buffer = t.bytes(256)
  return t.text(buffer, t.call(readlink, path, buffer, 256))
}

describe('/proc', () => {
  it('knows who asks', () => {
    const t = withProc()
    expect(linkOf(t, '/proc/self')).toBe('7')
    expect(textOf(t, '/proc/self/comm')).toBe('test\n')
    expect(textOf(t, '/proc/sys/kernel/hostname')).toBe('guest\n')
  })

  it('shows how far the limit on descriptors can be raised, and nobody raises it further', () => {
    expect(textOf(withProc(), '/proc/sys/fs/nr_open')).toBe('1048576\n')
    const t = withProc(100)
    Object.assign(t.task.process, {limits: new ResourceLimits(100)})
    expect(textOf(t, '/proc/sys/fs/nr_open')).toBe('100\n')
    const limitOf = (files: bigint) => t.data(new Uint8Array(BigUint64Array.of(files, files).buffer))
    expect(t.call(setrlimit, RLIMIT_NOFILE, limitOf(101n))).toBe(-EPERM)
    expect(t.call(setrlimit, RLIMIT_NOFILE, limitOf(100n))).toBe(0)
  })

  it('shows what descriptors lead to', () => {
    const t = withProc()
    const file = t.call(openat, AT_FDCWD, '/file', O_CREAT | O_RDWR, 0o644)
    const memfd = t.call(memfdCreate, 'name', 0)
    const fds = t.bytes(8)
    t.call(pipe, fds)
    expect(linkOf(t, `/proc/self/fd/${file}`)).toBe('/file')
    expect(linkOf(t, `/proc/self/fd/${memfd}`)).toBe('/memfd:name (deleted)')
    expect(linkOf(t, `/proc/self/fd/${t.task.memory.readInt32(fds)}`)).toMatch(/^pipe:\[\d+\]$/)
  })

  it('shows masks, ids and limits in the status', () => {
    const t = withProc()
    t.call(umask, 0o077)
    t.become(1000)
    const lines = textOf(t, '/proc/self/status').split('\n')
    expect(lines).toContain('Umask:\t0077')
    expect(lines).toContain('State:\tR (running)')
    expect(lines).toContain('Cpus_allowed_list:\t0')
    expect(lines).toContain('Uid:\t1000\t1000\t1000\t1000')
    expect(lines).toContain('SigCgt:\t0000000000000000')
    expect(textOf(t, '/proc/self/limits')).toMatch(/^Max open files +1024 +1048576 +files/m)
  })

  it('lists the mappings', () => {
    const t = withProc()
    const start = t.guest.map.map({length: 4096, protection: 1})
    expect(textOf(t, '/proc/self/maps')).toContain(
      `${start.toString(16)}-${(start + 4096).toString(16)} r--p`,
    )
  })

  it('counts the faults of processes that are gone, too', () => {
    const t = withProc()
    const {kernel} = t.task
    const other = t.sibling()
    Object.assign(kernel, {faults: 0})
    const address = other.guest.map.map({length: 4096, protection: PROT_WRITE})
    Object.assign(other.task.context, {fault: {address, access: PROT_WRITE, isPageFault: true}})
    for (let i = 0; i < 100; i++) handleFault(other.task)
    kernel.processes.delete(other.task.process.pid)
    expect(textOf(t, '/proc/vmstat')).toContain('pgfault 100\n')
  })
})
