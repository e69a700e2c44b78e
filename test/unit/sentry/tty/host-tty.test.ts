// The host's terminal as the guest's: which jobs get its keys, and which job hv's own shell can continue.

import {beforeEach, describe, expect, test} from 'vitest'
import {SIGCONT, SIGHUP, SIGINT, SIGWINCH} from '../../../../src/abi/signal.ts'
import {leaveJobs} from '../../../../src/sentry/tty/groups.ts'
import {HostTty} from '../../../../src/sentry/tty/host-tty.ts'
import {ROOT} from '../../../../src/vfs/fs/tmpfs.ts'
import {FakeJobs} from './fake-jobs.ts'

let jobs: FakeJobs

beforeEach(() => {
  jobs = new FakeJobs()
  jobs.add(10, 1, 10, 10)
  jobs.add(20, 10, 20, 10)
  jobs.add(30, 10, 30, 10)
})

describe("the host's terminal", () => {
  test('passes keys to the foreground, a hang-up to the leader, and all to the first when it is free', () => {
    const tty = new HostTty(-1, ROOT, () => jobs.kernel)
    const first = jobs.processes.get(10)!
    tty.signalFromHost(SIGINT, first)
    tty.startWith(first)
    tty.setForegroundGroup(30)
    tty.signalFromHost(SIGWINCH, first)
    expect([10, 30].map((pid) => jobs.received(pid))).toEqual([[SIGINT], [SIGWINCH]])
    tty.signalFromHost(SIGHUP, first)
    expect([10, 30].map((pid) => jobs.received(pid))).toEqual([[SIGHUP, SIGCONT], []])
  })

  test('has a shell outside that can continue the first job, unless hv found none', () => {
    const tty = new HostTty(-1, ROOT, () => jobs.kernel)
    const first = jobs.processes.get(10)!
    tty.startWith(first)
    expect(tty.isOrphaned(first)).toBe(false)
    tty.isAlone = true
    expect(tty.isOrphaned(first)).toBe(true)
    expect(tty.isOrphaned(jobs.processes.get(20)!)).toBe(false)
  })
  test('is not hung up by the end of the first process, but by that of another leader', () => {
    const tty = new HostTty(-1, ROOT, () => jobs.kernel)
    tty.startWith(jobs.processes.get(10)!)
    leaveJobs(jobs.processes, jobs.end(10))
    expect(jobs.received(10)).toEqual([])
    expect(tty.isFree).toBe(false)

    const other = new HostTty(-1, ROOT, () => jobs.kernel)
    jobs.add(40, 1, 40, 40)
    other.giveTo(jobs.processes.get(40)!)
    jobs.add(41, 40, 40, 40)
    leaveJobs(jobs.processes, jobs.end(40))
    expect(jobs.received(41)).toEqual([SIGHUP])
  })
})
