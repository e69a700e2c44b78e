// Which processes have a terminal: sessions, the foreground, the background, hang-ups, and what happens at the end.

import {beforeEach, describe, expect, test} from 'vitest'
import {
  O_NOCTTY,
  O_RDONLY,
  O_RDWR,
  O_WRONLY,
  POLLHUP,
  POLLIN,
  POLLOUT,
} from '../../../../src/abi/open-flags.ts'
import {SIGCONT, SIGHUP, SIGINT, SIGTTIN, SIGTTOU, SIGWINCH} from '../../../../src/abi/signal.ts'
import {SignalSet} from '../../../../src/abi/signal-set.ts'
import {leaveJobs} from '../../../../src/sentry/tty/groups.ts'
import {Pty} from '../../../../src/sentry/tty/pty.ts'
import type {PtyMasterDescription} from '../../../../src/sentry/tty/pty-master.ts'
import type {PtySlaveDescription} from '../../../../src/sentry/tty/pty-slave.ts'
import {Terminals} from '../../../../src/sentry/tty/terminals.ts'
import {Budget, COST} from '../../../../src/vfs/budget.ts'
import {PTMX_DEV, TTY_DEV} from '../../../../src/vfs/devices.ts'
import type {Inode} from '../../../../src/vfs/file.ts'
import {ROOT} from '../../../../src/vfs/fs/tmpfs.ts'
import {collect} from '../../../helpers/collect.ts'
import {errorOf} from '../../../helpers/vfs.ts'
import {FakeJobs} from './fake-jobs.ts'
import {bytesOf} from './typing.ts'

const nowhere = {} as Inode
let jobs: FakeJobs
let budget: Budget
let terminals: Terminals
let master: PtyMasterDescription

const openSlave = (flags = O_RDWR): PtySlaveDescription =>
  terminals.fs.root.lookup('0').open(flags) as unknown as PtySlaveDescription
const openTty = () => terminals.openDevice(nowhere, TTY_DEV, O_RDWR)

/** Shell 10 leads a session; its jobs 20 and 30. 50 leads another session. */
beforeEach(() => {
  jobs = new FakeJobs()
  jobs.add(10, 1, 10, 10)
  jobs.add(20, 10, 20, 10)
  jobs.add(30, 10, 30, 10)
  jobs.add(50, 1, 50, 50)
  budget = new Budget(COST.pty * 3)
  terminals = new Terminals(jobs.vfs, budget, () => jobs.kernel, ROOT, undefined)
  master = terminals.openDevice(nowhere, PTMX_DEV, O_RDWR) as PtyMasterDescription
  master.pty.isLocked = false
})

/** Gives the shell the terminal, and its jobs too, as fork(2) does. */
function share(): PtySlaveDescription {
  const slave = openSlave()
  for (const pid of [20, 30]) jobs.processes.get(pid)!.job.terminal = master.pty
  return slave
}

describe('a terminal that is opened', () => {
  test.each([
    ['by a leader', 10, O_RDWR, true],
    ['to read', 10, O_RDONLY, true],
    ['to write alone', 10, O_WRONLY, false],
    ['with O_NOCTTY', 10, O_RDWR | O_NOCTTY, false],
    ['by who leads nothing', 20, O_RDWR, false],
  ])('%s', (_, pid, flags, acquires) => {
    jobs.call(pid)
    openSlave(flags)
    expect(jobs.processes.get(pid)!.job.terminal === master.pty).toBe(acquires)
    expect(errorOf(openTty)).toBe(acquires ? 'no error' : 'ENXIO')
  })

  test('stays with the session that has it; only an administrator takes it away', () => {
    share()
    jobs.call(50)
    openSlave()
    expect(jobs.processes.get(50)!.job.terminal).toBeUndefined()
    expect(errorOf(() => master.pty.acquire(true, 1))).toBe('EPERM')
    jobs.add(60, 1, 60, 60, 0)
    jobs.call(60)
    expect(errorOf(() => master.pty.acquire(true, 0))).toBe('EPERM')
    master.pty.acquire(true, 1)
    expect(jobs.processes.get(10)!.job.terminal).toBeUndefined()
    expect(master.pty.sessionSeen).toBe(60)
  })

  test('is locked at first, and refuses others while it is exclusive', () => {
    master.pty.isLocked = true
    expect(errorOf(openSlave)).toBe('EIO')
    master.pty.isLocked = false
    const slave = openSlave()
    master.pty.isExclusive = true
    expect(errorOf(openSlave)).toBe('EBUSY')
    slave.close()
    expect(errorOf(openSlave)).toBe('no error')
  })
})

describe('the foreground', () => {
  test('gets the keys and the size, and nobody else', () => {
    share()
    master.pty.setForegroundGroup(20)
    master.write(bytesOf('\x03'))
    master.pty.setSize(Uint8Array.of(1, 0, 2, 0, 0, 0, 0, 0))
    expect([10, 20, 30].map((pid) => jobs.received(pid))).toEqual([[], [SIGINT, SIGWINCH], []])
  })

  test('goes to groups of the session alone', () => {
    share()
    const set = (group: number) => errorOf(() => master.pty.setForegroundGroup(group))
    expect([set(30), set(50), set(77), set(-1)]).toEqual(['no error', 'EPERM', 'ESRCH', 'EINVAL'])
    jobs.call(50)
    expect(set(50)).toBe('ENOTTY')
  })
})

describe('a job in the background', () => {
  test('is stopped when it reads, as a whole group', () => {
    const slave = share()
    jobs.add(21, 10, 20, 10).job.terminal = master.pty
    jobs.call(20)
    expect(errorOf(() => slave.read(new Uint8Array(1)))).toBe('EAGAIN')
    expect([20, 21, 30].map((pid) => jobs.received(pid))).toEqual([[SIGTTIN], [SIGTTIN], []])
  })

  test('hears of it once, though it is tried again while it is stopped', () => {
    const slave = share()
    jobs.call(20)
    jobs.stop(20)
    expect(errorOf(() => slave.read(new Uint8Array(1)))).toBe('EAGAIN')
    expect(jobs.received(20)).toEqual([])
  })

  test('that cannot be stopped gets EIO: it ignores the signal, or nobody could continue it', () => {
    const slave = share()
    const read = () => errorOf(() => slave.read(new Uint8Array(1)))
    jobs.call(20).mask = SignalSet.of(SIGTTIN)
    expect(read()).toBe('EIO')
    jobs.call(30)
    jobs.end(10)
    expect(read()).toBe('EIO')
  })

  test('changes modes when it blocks SIGTTOU, and else is stopped', () => {
    share()
    const check = () => errorOf(() => master.pty.requireForeground())
    jobs.call(20).mask = SignalSet.of(SIGTTOU)
    expect(check()).toBe('no error')
    jobs.call(30)
    expect(check()).toBe('EAGAIN')
    expect(jobs.received(30)).toEqual([SIGTTOU])
  })

  test('whose terminal it is not is nobody in the background', () => {
    share()
    jobs.call(50)
    expect(errorOf(() => master.pty.requireForeground())).toBe('no error')
  })
})

describe('the end', () => {
  test('of the leader tells the foreground, and frees the terminal', () => {
    share()
    master.pty.setForegroundGroup(20)
    leaveJobs(jobs.processes, jobs.end(10))
    expect([20, 30].map((pid) => jobs.received(pid))).toEqual([[SIGHUP], []])
    expect(jobs.processes.get(20)!.job.terminal).toBeUndefined()
    expect(master.pty.isFree).toBe(true)
    jobs.call(50)
    openSlave()
    expect(jobs.processes.get(50)!.job.terminal).toBe(master.pty)
  })

  test('of another process of the session does nothing', () => {
    share()
    leaveJobs(jobs.processes, jobs.end(20))
    expect(jobs.received(10)).toEqual([])
    expect(master.pty.isFree).toBe(false)
  })

  test('of the master tells the leader, and when that ends the foreground', () => {
    const slave = share()
    master.pty.setForegroundGroup(20)
    master.close()
    expect([10, 20].map((pid) => jobs.received(pid))).toEqual([[SIGHUP, SIGCONT], []])
    expect(slave.read(new Uint8Array(1))).toBe(0)
    expect(errorOf(() => slave.write(bytesOf('x')))).toBe('EIO')
    leaveJobs(jobs.processes, jobs.end(10))
    expect(jobs.received(20)).toEqual([SIGHUP, SIGCONT])
  })

  test('given up by the leader, all of the session lose it', () => {
    share()
    master.pty.setForegroundGroup(20)
    master.pty.release()
    expect(jobs.received(20)).toEqual([SIGHUP, SIGCONT])
    expect([10, 20, 30].map((pid) => jobs.processes.get(pid)!.job.terminal)).toEqual([
      undefined,
      undefined,
      undefined,
    ])
  })
})

describe('who waits', () => {
  /** The events that a queue reports during `action`. */
  function heard(end: 'slaveWaiters' | 'masterWaiters', action: () => void): number {
    let all = 0
    const waiter = {
      wake(events: number): void {
        all |= events
      },
    }
    master.pty[end].join(waiter)
    action()
    master.pty[end].leave(waiter)
    return all
  }

  test('to print hears when the output goes on, and when there is room again', () => {
    const slave = share()
    master.write(bytesOf('\x13'))
    expect(errorOf(() => slave.write(bytesOf('x')))).toBe('EAGAIN')
    expect(heard('slaveWaiters', () => master.write(bytesOf('\x11'))) & POLLOUT).toBe(POLLOUT)
    while (slave.readiness() & POLLOUT) slave.write(new Uint8Array(1000))
    expect(heard('slaveWaiters', () => master.read(new Uint8Array(1000))) & POLLOUT).toBe(POLLOUT)
    expect(heard('slaveWaiters', () => master.read(new Uint8Array(1000))) & POLLOUT).toBe(0)
  })

  test('to type hears when somebody has read', () => {
    const slave = share()
    master.pty.setModes({...master.pty.line.modes, input: 0, local: 0})
    while (master.readiness() & POLLOUT) master.write(new Uint8Array(1000))
    expect(errorOf(() => master.write(bytesOf('x')))).toBe('EAGAIN')
    expect(heard('masterWaiters', () => slave.read(new Uint8Array(1000))) & POLLOUT).toBe(POLLOUT)
  })

  test('to read hears of a line, an echo, and that nobody is there any more', () => {
    const slave = share()
    expect(heard('slaveWaiters', () => master.write(bytesOf('a\n'))) & POLLIN).toBe(POLLIN)
    expect(heard('masterWaiters', () => master.write(bytesOf('a'))) & POLLIN).toBe(POLLIN)
    expect(heard('masterWaiters', () => slave.close())).not.toBe(0)
    expect(master.readiness() & POLLHUP).toBe(POLLHUP)
    expect(heard('slaveWaiters', () => master.close())).not.toBe(0)
  })
})

/** Without those that nobody holds any more. */
function arrayBufferBytes(): number {
  collect()
  collect()
  return process.memoryUsage().arrayBuffers
}

describe('pseudo-terminals', () => {
  const names = (): string[] =>
    terminals.fs.root
      .open(O_RDONLY)
      .readDirectory(99)
      .map(({name}) => name)

  test('come and go in /dev/pts', () => {
    expect(names()).toEqual(['.', '..', 'ptmx', '0'])
    const second = terminals.fs.root.lookup('ptmx').open(O_RDWR)
    expect(names()).toEqual(['.', '..', 'ptmx', '0', '1'])
    master.close()
    expect(names()).toEqual(['.', '..', 'ptmx', '1'])
    second.close()
  })

  test('cost of the budget until both ends are closed, and no more than there is', () => {
    const open = () => terminals.openDevice(nowhere, PTMX_DEV, O_RDWR)!
    const others = [open(), open()]
    expect(errorOf(open)).toBe('ENOSPC')
    const slave = openSlave(O_RDWR | O_NOCTTY)
    master.close()
    expect(errorOf(open)).toBe('ENOSPC')
    slave.close()
    for (const other of [...others, open()]) other.close()
    expect(budget.used).toBe(0)
  })

  test('are counted for no less than they hold when they are full', () => {
    const text = new Uint8Array(1000)
    const many = Array.from(
      {length: 2000},
      () => new Pty(7, ROOT, () => jobs.kernel, {masterClosed() {}, freed() {}}),
    )
    const before = arrayBufferBytes()
    for (const pty of many) {
      pty.line.setModes({...pty.line.modes, input: 0, local: 0})
      while (pty.typingRoom > 0) pty.type(text)
      while (pty.print(text) > 0);
    }
    // The line discipline's two tables exist from the beginning; a tenth is left for objects.
    const grown = (arrayBufferBytes() - before) / many.length + 2 * 4096
    expect(grown).toBeGreaterThan(2 * 8192)
    expect(grown).toBeLessThan(COST.pty * 0.9)
  })
})
