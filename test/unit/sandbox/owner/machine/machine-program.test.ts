// A program in a machine that does not obey: its run ends anyway.

import {expect, test, vi} from 'vitest'
import type {MachineOrder} from '../../../../../src/machine/program/order.ts'
import type {ProgramLink} from '../../../../../src/machine/program/program-link.ts'
import {runInMachine} from '../../../../../src/sandbox/owner/machine/machine-program.ts'
import {MachineStreams} from '../../../../../src/sandbox/owner/machine/machine-streams.ts'

/** @param starts whether the machine starts it; it never ends */
function run(starts: boolean, timeoutMs?: number) {
  const streams = new MachineStreams(false)
  const abandon = vi.fn()
  const link = {abandon, signal: vi.fn()} as unknown as ProgramLink
  const start = (_order: unknown, _ends: unknown, _onEnd: unknown, onStart: () => void) => {
    if (starts) queueMicrotask(onStart)
    return link
  }
  const parts = {startTimeoutMs: 100, start, endOf: () => expect.fail('it has not ended')}
  const end = runInMachine(parts, {} as MachineOrder, {streams, ends: streams.ends}, {timeoutMs})
  return {end, abandon, signal: link.signal}
}

test('one that its machine does not start is given up', async () => {
  const {end, abandon} = run(false)
  await expect(end).rejects.toMatchObject({code: 'SANDBOX_FAILED', message: /does not start/})
  expect(abandon).toHaveBeenCalledOnce()
})

test('one that starts may take its time, and one that does not die is given up', async () => {
  vi.useFakeTimers()
  try {
    const {end, abandon, signal} = run(true, 3_600_000)
    const outcome = expect(end).rejects.toMatchObject({code: 'SANDBOX_FAILED', message: /does not end/})
    await vi.advanceTimersByTimeAsync(3_599_999)
    expect(signal).not.toHaveBeenCalled()
    await vi.advanceTimersByTimeAsync(1)
    expect(signal).toHaveBeenCalledExactlyOnceWith(9)
    await vi.advanceTimersByTimeAsync(10_000)
    expect(abandon).toHaveBeenCalledOnce()
    await outcome
  } finally {
    vi.useRealTimers()
  }
})
