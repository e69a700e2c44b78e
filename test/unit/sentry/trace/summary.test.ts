// The counts of a trace: what is counted, and the table.

import {expect, it} from 'vitest'
import {ENOENT, ENOSYS} from '../../../../src/abi/errno.ts'
import {TraceFilter} from '../../../../src/sentry/trace/filter.ts'
import {formatSummary, SummaryTracer} from '../../../../src/sentry/trace/summary.ts'
import {rowOf, TracedTask} from './traced-task.ts'

function counted(filter = new TraceFilter({}), countsWaiting = false) {
  const tracer = new SummaryTracer(filter, countsWaiting)
  const t = new TracedTask()
  const make = (name: string, result: number) => {
    tracer.enter(t.task, rowOf(name))
    tracer.leave(t.task, result)
  }
  return {
    tracer,
    task: t.task,
    make,
    counts: () => tracer.counts.map(({name, calls, errors}) => [name, calls, errors]),
  }
}

it('counts calls and errors by name', () => {
  const {make, counts} = counted()
  make('openat', 3)
  make('openat', -ENOENT)
  make('getpid', 2)
  expect(counts()).toEqual([
    ['openat', 2, 1],
    ['getpid', 1, 0],
  ])
})

it('leaves out what the filter does, and what never returns', () => {
  const {make, tracer, task, counts} = counted(new TraceFilter({calls: '!getpid', statuses: 'successful'}))
  make('getpid', 2)
  make('openat', -ENOENT)
  make('close', 0)
  tracer.enter(task, rowOf('exit_group'))
  tracer.exited()
  expect(counts()).toEqual([['close', 1, 0]])
})

it('counts a call that it did not see begin with no other', () => {
  const {tracer, task, counts} = counted()
  tracer.leave(task, 0)
  tracer.blocked(task)
  expect(counts()).toEqual([])
})

it.each([
  [false, 0, 15],
  [true, 30, 1000],
])('with countsWaiting %s a call that slept 30 ms took from %d to %d ms', (countsWaiting, least, most) => {
  const {tracer, task} = counted(undefined, countsWaiting)
  tracer.enter(task, rowOf('pause'))
  tracer.blocked(task)
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 31)
  tracer.leave(task, -ENOSYS)
  const ms = tracer.counts[0].timeNs / 1e6
  expect(ms).toBeGreaterThanOrEqual(least)
  expect(ms).toBeLessThan(most)
})

it('is a table as strace’s, sorted by time', () => {
  const text = formatSummary([
    {name: 'read', calls: 3, errors: 0, timeNs: 1_500_000},
    {name: 'set_mempolicy_home_node', calls: 1000, errors: 12, timeNs: 4_500_000},
  ])
  expect(text).toBe(
    [
      '% time     seconds  usecs/call     calls    errors syscall',
      '------ ----------- ----------- --------- --------- ------------------------',
      ' 75.00    0.004500           4      1000        12 set_mempolicy_home_node',
      ' 25.00    0.001500         500         3           read',
      '------ ----------- ----------- --------- --------- ------------------------',
      '100.00    0.006000           5      1003        12 total',
      '',
    ].join('\n'),
  )
})

it('is nothing where nothing was counted', () => {
  expect(formatSummary([])).toBe('')
})
