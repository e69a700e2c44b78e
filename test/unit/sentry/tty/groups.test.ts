// Orphaned process groups, and what the end of a process does to its jobs and its terminal.

import {beforeEach, describe, expect, test} from 'vitest'
import {SIGCONT, SIGHUP, SIGSTOP, SIGTSTP, SIGTTIN} from '../../../../src/abi/signal.ts'
import {
  isOrphanedGroup,
  leaveJobs,
  mayStop,
  newlyOrphanedGroups,
  signalGroup,
} from '../../../../src/sentry/tty/groups.ts'
import {FakeJobs} from './fake-jobs.ts'

let jobs: FakeJobs

/** init; a shell that leads session 10; its jobs: 20 with 21 in it, and 30; 40 in a session of its own. */
beforeEach(() => {
  jobs = new FakeJobs()
  jobs.add(1, 0, 1, 1)
  jobs.add(10, 1, 10, 10)
  jobs.add(20, 10, 20, 10)
  jobs.add(21, 20, 20, 10)
  jobs.add(30, 10, 30, 10)
  jobs.add(40, 10, 40, 40)
})

const end = (pid: number, heir?: number): void =>
  leaveJobs(jobs.processes, jobs.end(pid), heir === undefined ? undefined : jobs.processes.get(heir))

test('a signal to a group reaches its living members', () => {
  jobs.end(21)
  signalGroup(jobs.processes.values(), 20, SIGHUP)
  expect([20, 21, 30].map((pid) => jobs.received(pid))).toEqual([[SIGHUP], [], []])
})

describe('a group is orphaned', () => {
  test.each([
    [10, true, 'whose only parent is init'],
    [20, false, 'no: a parent in another group of the session'],
    [40, true, 'whose parents are in other sessions'],
    [99, true, 'that has no member'],
  ])('%i: %s, %s', (group, isOrphaned) => {
    expect(isOrphanedGroup(jobs.processes, group)).toBe(isOrphaned)
  })

  test('when the one that connects it ends, unless its heir connects it as well', () => {
    const shell = jobs.processes.get(10)!
    expect(isOrphanedGroup(jobs.processes, 20, shell)).toBe(true)
    expect(isOrphanedGroup(jobs.processes, 20, shell, jobs.processes.get(30))).toBe(false)
    expect(isOrphanedGroup(jobs.processes, 20, shell, jobs.processes.get(1))).toBe(true)
  })
})

test('a stop signal stops where somebody can continue the job, SIGSTOP everywhere', () => {
  const may = (pid: number, signal: number): boolean =>
    mayStop(jobs.processes, jobs.processes.get(pid)!, signal)
  expect([may(20, SIGTSTP), may(40, SIGTSTP), may(40, SIGSTOP)]).toEqual([true, false, true])
  jobs.add(2, 1, 2, 2)
  expect(may(2, SIGTTIN)).toBe(true)
})

describe('the end of a process', () => {
  test('tells the stopped jobs that nobody can continue any more', () => {
    jobs.stop(21)
    expect(newlyOrphanedGroups(jobs.processes, jobs.end(10))).toEqual([20])
    end(10)
    expect([20, 21].map((pid) => jobs.received(pid))).toEqual([
      [SIGHUP, SIGCONT],
      [SIGHUP, SIGCONT],
    ])
    expect(jobs.processes.get(21)!.signals.stopped).toBe(false)
    expect(jobs.received(30)).toEqual([])
  })

  test('says nothing to jobs that run, that are connected otherwise, or that were orphaned before', () => {
    end(10)
    expect(jobs.received(20)).toEqual([])
    jobs.stop(40)
    end(30)
    expect(jobs.received(40)).toEqual([])
  })

  test('of the only member that was connected tells the others of its group', () => {
    jobs.stop(21)
    end(20)
    expect(jobs.received(21)).toEqual([SIGHUP, SIGCONT])
  })

  test('leaves a stopped job to an heir in the session', () => {
    jobs.stop(20)
    end(10, 30)
    expect(jobs.received(20)).toEqual([])
  })
})
