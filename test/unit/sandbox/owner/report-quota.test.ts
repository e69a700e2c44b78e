// ReportQuota: an owner takes as many reports of limits as there may be, and no more.

import {afterEach, beforeEach, expect, test, vi} from 'vitest'
import {ReportQuota} from '../../../../src/sandbox/owner/report-quota.ts'
import {LIMIT_NAMES} from '../../../../src/sandbox/protocol/replies.ts'

beforeEach(() => {
  vi.useFakeTimers({toFake: ['performance']})
})
afterEach(() => {
  vi.useRealTimers()
})

test('an owner takes as many as there may be, and no more', () => {
  const deadline = new ReportQuota()
  for (let i = 0; i < 2 * LIMIT_NAMES.length; i++) expect(deadline.takes()).toBe(true)
  expect(deadline.takes()).toBe(false)
  vi.advanceTimersByTime(10_000)
  for (let i = 0; i < 10 * LIMIT_NAMES.length; i++) expect(deadline.takes()).toBe(true)
})
