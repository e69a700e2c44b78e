// inotify: limits, and its cost where nobody watches.

import {describe, expect, it} from 'vitest'
import {EAGAIN, EINVAL, EMFILE, ENOSPC} from '../../../../src/abi/errno.ts'
import {IN_ALL_EVENTS, IN_CREATE, IN_OPEN, IN_Q_OVERFLOW} from '../../../../src/abi/inotify.ts'
import {O_CREAT, O_RDONLY, O_WRONLY} from '../../../../src/abi/open-flags.ts'
import {InotifyCounts, InotifyDescription, MAX_QUEUED_EVENTS} from '../../../../src/sentry/fd/inotify.ts'
import {close} from '../../../../src/sentry/syscalls/close.ts'
import {inotifyAddWatch, inotifyInit1, inotifyRmWatch} from '../../../../src/sentry/syscalls/inotify.ts'
import {open} from '../../../../src/sentry/syscalls/open.ts'
import {read} from '../../../../src/sentry/syscalls/read.ts'
import {Budget, COST} from '../../../../src/vfs/budget.ts'
import type {FileSystem} from '../../../../src/vfs/file-system.ts'
import {nativeHost} from '../../../../src/vfs/native-host.ts'
import {VirtualFileSystem} from '../../../../src/vfs/virtual-file-system.ts'
import {SimulatedTask} from '../syscalls/simulated-task.ts'

const NONBLOCK = 0o4000

function errno(code: number): unknown {
  return expect.objectContaining({code})
}

/** An instance that watches `/file`. */
function watching(mask: number): {t: SimulatedTask; fd: number; wd: number} {
  const t = new SimulatedTask()
  t.call(close, t.call(open, '/file', O_CREAT | O_WRONLY, 0o644))
  const fd = t.call(inotifyInit1, NONBLOCK)
  return {t, fd, wd: t.call(inotifyAddWatch, fd, '/file', mask)}
}

describe('inotify', () => {
  it('counts who watches in the file system, so that others do not look', () => {
    const {t, fd, wd} = watching(IN_OPEN)
    const fs: FileSystem = t.tmpfs
    expect(fs.watches).toBe(1)
    t.call(inotifyRmWatch, fd, wd)
    expect(fs.watches).toBe(0)
    t.call(inotifyAddWatch, fd, '/file', IN_OPEN)
    t.call(close, fd)
    expect(fs.watches).toBe(0)
    expect(t.tmpfs.root.lookup('file').watchers).toBe(undefined)
  })

  it('gives the events of descriptors that are open beside the watch', () => {
    const {t, fd} = watching(IN_ALL_EVENTS)
    const buffer = t.bytes(64)
    expect(t.call(read, fd, buffer, 64)).toBe(-EAGAIN)
    t.call(open, '/file', O_RDONLY)
    expect(t.call(read, fd, buffer, 8)).toBe(-EINVAL)
    expect(t.call(read, fd, buffer, 64)).toBe(16)
    expect(t.task.memory.readUint32(buffer + 4)).toBe(IN_OPEN)
  })

  it('has 128 instances at most', () => {
    const t = new SimulatedTask()
    const fds = Array.from({length: 128}, () => t.call(inotifyInit1, 0))
    expect(fds.at(-1)).toBeGreaterThan(0)
    expect(t.call(inotifyInit1, 0)).toBe(-EMFILE)
    t.call(close, fds[5])
    expect(t.call(inotifyInit1, 0)).toBe(fds[5])
  })

  it('ends watches at the budget with ENOSPC', () => {
    const {t} = watching(IN_OPEN)
    const inotify = new InotifyDescription(t.task.kernel.vfs, 0, new InotifyCounts(), new Budget(COST.watch))
    inotify.watch(t.tmpfs.root, IN_CREATE)
    expect(() => inotify.watch(t.tmpfs.root.lookup('file'), IN_OPEN)).toThrow(errno(ENOSPC))
  })

  it.each([
    ['of its own', Number.POSITIVE_INFINITY, MAX_QUEUED_EVENTS],
    ['of the budget', 100 * COST.event, 100],
  ])('holds events up to a limit %s, and one more that says so', (_, limit, most) => {
    const budget = new Budget(limit)
    const inotify = new InotifyDescription(new VirtualFileSystem(nativeHost), 0, new InotifyCounts(), budget)
    for (let i = 0; i < 2 * most; i++) inotify.add({wd: 1, mask: IN_OPEN, cookie: i, name: `f${i}`})
    const bytes = new Uint8Array(64 * 2 * most)
    const length = inotify.read(bytes)
    expect(length).toBe(most * 32 + 16)
    expect(new DataView(bytes.buffer).getUint32(most * 32 + 4, true)).toBe(IN_Q_OVERFLOW)
    expect(budget.used).toBe(0)
  })
})
