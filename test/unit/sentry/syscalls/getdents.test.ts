// getdents64(2): entries in pieces of any size.

import {describe, expect, it} from 'vitest'
import {EFAULT, EINVAL, ENOTDIR} from '../../../../src/abi/errno.ts'
import {O_CREAT, O_RDONLY, O_WRONLY} from '../../../../src/abi/open-flags.ts'
import {close} from '../../../../src/sentry/syscalls/close.ts'
import {getdents64} from '../../../../src/sentry/syscalls/getdents.ts'
import {mkdir} from '../../../../src/sentry/syscalls/mkdir.ts'
import {open} from '../../../../src/sentry/syscalls/open.ts'
import {SimulatedTask} from './simulated-task.ts'

function touch(t: SimulatedTask, path: string): void {
  expect(t.call(close, t.call(open, path, O_CREAT | O_WRONLY, 0o644))).toBe(0)
}

describe('getdents64', () => {
  /** [name, type] of every entry, read in pieces of `size` bytes. */
  function list(t: SimulatedTask, fd: number, size: number): [string, number][] {
    const buffer = t.bytes(size)
    const entries: [string, number][] = []
    for (;;) {
      const count = t.call(getdents64, fd, buffer, size)
      if (count <= 0) {
        expect(count).toBe(0)
        return entries
      }
      for (let at = 0; at < count; ) {
        const length = t.task.memory.readUint16(buffer + at + 16)
        const name = t.task.memory.readCString(buffer + at + 19, 256)
        entries.push([name, t.task.memory.readUint8(buffer + at + 18)])
        at += length
      }
    }
  }

  it.each([64, 200, 8192])('lists every entry once with a buffer of %i bytes', (size) => {
    const t = new SimulatedTask()
    t.call(mkdir, '/d', 0o755)
    const names = Array.from({length: 50}, (_, i) => `f${i}-${'x'.repeat(i % 20)}`)
    for (const name of names) touch(t, `/d/${name}`)
    const entries = list(t, t.call(open, '/d', O_RDONLY), size)
    expect(entries.map(([name]) => name).sort()).toEqual(['.', '..', ...names].sort())
    expect(new Set(entries.map(([, type]) => type))).toEqual(new Set([4, 8]))
  })

  it('refuses a buffer that holds no entry, a file, and memory that is not there', () => {
    const t = new SimulatedTask()
    touch(t, '/f')
    const fd = t.call(open, '/', O_RDONLY)
    expect(t.call(getdents64, fd, t.bytes(8), 8)).toBe(-EINVAL)
    expect(t.call(getdents64, fd, 8, 1024)).toBe(-EFAULT)
    expect(list(t, fd, 512).length).toBe(3)
    expect(t.call(getdents64, t.call(open, '/f', O_RDONLY), t.bytes(64), 64)).toBe(-ENOTDIR)
  })
})
