// Who a task is and what it may become: credentials(7), process groups, limits, capabilities, prctl.

import {describe, expect, test} from 'vitest'
import {
  ALL_CAPABILITIES,
  CAP_CHOWN,
  CAP_KILL,
  hasCapability,
  NO_CAPABILITIES,
} from '../../../../src/abi/capability.ts'
import {EINVAL, EPERM, ESRCH} from '../../../../src/abi/errno.ts'
import {SIGUSR1} from '../../../../src/abi/signal.ts'
import {type Credentials, capabilitiesOf} from '../../../../src/sentry/core/credentials.ts'
import {RLIMIT_NOFILE} from '../../../../src/sentry/core/resource-limits.ts'
import {capget, capset} from '../../../../src/sentry/syscalls/capget.ts'
import {ioprioGet} from '../../../../src/sentry/syscalls/getpriority.ts'
import {getrlimit, prlimit64} from '../../../../src/sentry/syscalls/getrlimit.ts'
import {kill, tgkill} from '../../../../src/sentry/syscalls/kill.ts'
import {pidfdSendSignal} from '../../../../src/sentry/syscalls/pidfd-send-signal.ts'
import {prctl} from '../../../../src/sentry/syscalls/prctl.ts'
import {getpgid, getsid, setpgid, setsid} from '../../../../src/sentry/syscalls/setpgid.ts'
import {setfsuid, setresuid, setreuid, setuid} from '../../../../src/sentry/syscalls/setuid.ts'
import {PidFdDescription} from '../../../../src/sentry/task/pidfd.ts'
import {BASE, call, fakeTask} from '../fake-task.ts'
import {SimulatedTask} from './simulated-task.ts'

const ARGUMENT = BASE + 0x100
const RESULT = BASE + 0x200
const PIDFD_SIGNAL_PROCESS_GROUP = 4
const IOPRIO_WHO_PROCESS = 1

const ROOT: Credentials = {
  ...{uid: 0, gid: 0, groups: [], ...capabilitiesOf(0)},
  ...{ruid: 0, euid: 0, suid: 0, rgid: 0, egid: 0, sgid: 0},
}

function errno(code: number): unknown {
  return expect.objectContaining({code})
}

describe('user ids', () => {
  test('are all given up by a privileged setuid, for good', () => {
    const fake = fakeTask(ROOT)
    call(fake, setuid, 1000)
    expect(fake.task.credentials).toMatchObject({
      ruid: 1000,
      euid: 1000,
      suid: 1000,
      uid: 1000,
      capabilities: NO_CAPABILITIES,
    })
    expect(() => call(fake, setuid, 0)).toThrow(errno(EPERM))
  })

  test('come back from the saved one', () => {
    const fake = fakeTask(ROOT)
    call(fake, setresuid, -1, 1000, -1)
    expect(fake.task.credentials).toMatchObject({
      ruid: 0,
      euid: 1000,
      suid: 0,
      uid: 1000,
      capabilities: NO_CAPABILITIES,
    })
    call(fake, setuid, 0)
    expect(fake.task.credentials).toMatchObject({euid: 0, capabilities: ALL_CAPABILITIES})
  })

  test('save the effective one when setreuid changes the real one', () => {
    const fake = fakeTask(ROOT)
    call(fake, setreuid, 1000, 1000)
    expect(fake.task.credentials.suid).toBe(1000)
    expect(() => call(fake, setreuid, 0, -1)).toThrow(errno(EPERM))
  })

  test('of the file system change alone, and setfsuid tells the old one', () => {
    const fake = fakeTask(ROOT)
    expect(call(fake, setfsuid, 5)).toBe(0)
    expect(call(fake, setfsuid, -1)).toBe(5)
    expect(fake.task.credentials).toMatchObject({uid: 5, euid: 0, permitted: ALL_CAPABILITIES})
    expect(hasCapability(fake.task.credentials.capabilities, CAP_CHOWN)).toBe(false)
    expect(hasCapability(fake.task.credentials.capabilities, CAP_KILL)).toBe(true)
  })

  test('of -1 cannot be set', () => {
    expect(() => call(fakeTask(ROOT), setuid, -1)).toThrow(errno(EINVAL))
  })
})

test('a process group leader founds no session, another process does', () => {
  const fake = fakeTask()
  expect(() => call(fake, setsid)).toThrow(errno(EPERM))
  fake.process.job.group = 3
  fake.process.job.session = 3
  expect(call(fake, setsid)).toBe(7)
  expect([fake.process.job.session, fake.process.job.group]).toEqual([7, 7])
  expect(() => call(fake, setpgid, 0, 0)).toThrow(errno(EPERM))
})

test("a thread's number stands for its process, but is none to put into a group", () => {
  const fake = fakeTask()
  const TID = 9
  fake.kernel.tasks.set(TID, fake.task)
  fake.process.attributes.ioPriority = 5
  expect(call(fake, getpgid, TID)).toBe(7)
  expect(call(fake, getsid, TID)).toBe(7)
  expect(call(fake, prlimit64, TID, RLIMIT_NOFILE, 0, RESULT)).toBe(0)
  expect(call(fake, ioprioGet, IOPRIO_WHO_PROCESS, TID)).toBe(5)
  expect(() => call(fake, setpgid, TID, 0)).toThrow(errno(EINVAL))
})

describe('limits', () => {
  test('of descriptors reach the table of descriptors', () => {
    const fake = fakeTask()
    fake.memory.writeBytes(ARGUMENT, new Uint8Array(BigUint64Array.of(10n, 1n << 20n).buffer))
    call(fake, prlimit64, 0, RLIMIT_NOFILE, ARGUMENT, RESULT)
    expect(fake.task.fds.limit).toBe(10)
    expect(fake.memory.view(RESULT, 8).getBigUint64(0, true)).toBe(1024n)
  })

  test('are raised above the hard one by nobody but root', () => {
    const fake = fakeTask()
    const set = (soft: bigint, hard: bigint) => {
      fake.memory.writeBytes(ARGUMENT, new Uint8Array(BigUint64Array.of(soft, hard).buffer))
      call(fake, prlimit64, 0, 4, ARGUMENT, 0)
    }
    set(1n, 2n)
    expect(() => set(1n, 3n)).toThrow(errno(EPERM))
    expect(() => set(2n, 1n)).toThrow(errno(EINVAL))
    fake.task.credentials = ROOT
    set(1n, 0xffff_ffff_ffff_ffffn)
    call(fake, getrlimit, 4, RESULT)
    expect(fake.memory.view(RESULT, 16).getBigUint64(8, true)).toBe(0xffff_ffff_ffff_ffffn)
  })

  test('of another process are not to be had', () => {
    expect(() => call(fakeTask(), prlimit64, 99, 4, 0, RESULT)).toThrow(errno(ESRCH))
  })
})

describe('capabilities', () => {
  test('are all of them for root, none for others, and cannot be made more', () => {
    const fake = fakeTask(ROOT)
    fake.memory.writeUint32(ARGUMENT, 0x20080522)
    call(fake, capget, ARGUMENT, RESULT)
    expect(fake.memory.readUint32(RESULT)).toBe(0xffff_ffff)
    expect(call(fake, capset, ARGUMENT, RESULT)).toBe(0)
    call(fake, setuid, 1000)
    expect(() => call(fake, capset, ARGUMENT, RESULT)).toThrow(errno(EPERM))
  })

  test('of an unknown version say which one to ask for', () => {
    const fake = fakeTask()
    expect(() => call(fake, capget, ARGUMENT, RESULT)).toThrow(errno(EINVAL))
    expect(fake.memory.readUint32(ARGUMENT)).toBe(0x20080522)
    fake.memory.writeUint32(ARGUMENT, 0)
    expect(call(fake, capget, ARGUMENT, 0)).toBe(0)
  })
})

describe('prctl', () => {
  test('cuts a name at fifteen bytes', () => {
    const fake = fakeTask()
    fake.memory.writeBytes(ARGUMENT, Buffer.from('a name that is too long\0'))
    call(fake, prctl, 15, ARGUMENT)
    expect(fake.task.name).toBe('a name that is ')
  })

  test('never takes no_new_privs back', () => {
    const fake = fakeTask()
    call(fake, prctl, 38, 1)
    expect(() => call(fake, prctl, 38, 0)).toThrow(errno(EINVAL))
    expect(call(fake, prctl, 39)).toBe(1)
  })
})

describe('kill', () => {
  test('reaches the caller by pid, by group 0 and by -group, but not by -1', () => {
    const fake = fakeTask()
    fake.task.signals.mask = fake.task.signals.mask.inverted()
    for (const pid of [7, 0, -7]) {
      call(fake, kill, pid, SIGUSR1)
      expect(fake.process.signals.pending.set.has(SIGUSR1)).toBe(true)
      fake.process.signals.pending.drop(SIGUSR1)
    }
    expect(() => call(fake, kill, -1, SIGUSR1)).toThrow(errno(ESRCH))
    expect(() => call(fake, kill, 8, SIGUSR1)).toThrow(errno(ESRCH))
  })

  test('of a group of zombies does nothing, by pidfd too', () => {
    const caller = new SimulatedTask()
    const {process} = caller.sibling().task
    process.exit = {code: 0, signal: undefined}
    const fd = caller.task.fds.install(new PidFdDescription(caller.task.kernel.vfs, process))
    expect(caller.call(kill, -process.pid, SIGUSR1)).toBe(0)
    expect(caller.call(pidfdSendSignal, fd, SIGUSR1, 0, PIDFD_SIGNAL_PROCESS_GROUP)).toBe(0)
    expect(process.signals.pending.set.has(SIGUSR1)).toBe(false)
  })

  test.each([65, -1, 1000])('refuses signal %i', (signal) => {
    expect(() => call(fakeTask(), kill, 7, signal)).toThrow(errno(EINVAL))
    expect(() => call(fakeTask(), tgkill, 7, 7, signal)).toThrow(errno(EINVAL))
  })
})
