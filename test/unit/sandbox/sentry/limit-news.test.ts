// LimitNews: it reports a limit at once, then counts, and reports once a second.

import {expect, test} from 'vitest'
import type {LimitHit} from '../../../../src/sandbox/protocol/messages.ts'
import {LimitNews} from '../../../../src/sandbox/sentry/limit-news.ts'
import {TimerQueue} from '../../../../src/sentry/time/timers.ts'
import {nativeHost} from '../../../../src/vfs/native-host.ts'

const SECOND_NS = 1e9

function open() {
  const told: LimitHit[] = []
  const timers = new TimerQueue(nativeHost.clock)
  const news = new LimitNews((hit) => told.push(hit), timers)
  return {told, timers, news}
}

test('a million hits are two events, and the count is right', () => {
  const {told, news} = open()
  for (let i = 0; i < 1e6; i++) news.hit('tasks')
  expect(told).toEqual([{limit: 'tasks', count: 1}])
  news.flush()
  expect(told[1]).toEqual({limit: 'tasks', count: 1e6 - 1})
})

test('each second brings one, as long as there are hits', () => {
  const {told, timers, news} = open()
  const from = nativeHost.clock.monotonicNs()
  news.hit('oom', 5)
  news.hit('oom', 6)
  news.hit('memory')
  timers.runExpired(from + 2 * SECOND_NS)
  expect(told).toEqual([
    {limit: 'oom', count: 1, pid: 5},
    {limit: 'memory', count: 1},
    {limit: 'oom', count: 1, pid: 6},
  ])
  news.hit('memory')
  expect(told).toHaveLength(4)
  timers.runExpired(from + 4 * SECOND_NS)
  news.flush()
  expect(told).toHaveLength(4)
  expect(timers.nextDeadlineNs).toBe(Number.POSITIVE_INFINITY)
})
