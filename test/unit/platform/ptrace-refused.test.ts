// A host that allows no tracing, or no more of it: the error, and what is left of the attempt.

import {readFileSync} from 'node:fs'
import {availableParallelism} from 'node:os'
import {afterEach, expect, test, vi} from 'vitest'
import {addon} from '../../../src/addon.ts'
import type {Platform} from '../../../src/platform/platform.ts'
import {PtracePlatform} from '../../../src/platform/ptrace/ptrace.ts'
import {canTrace} from '../../helpers/ptrace.ts'

afterEach(() => {
  vi.restoreAllMocks()
})

const processors = (): string | undefined =>
  /^Cpus_allowed:\s*(\S+)$/m.exec(readFileSync('/proc/thread-self/status', 'utf8'))?.[1]

test.skipIf(!canTrace())('a space for which the host has no process is refused', () => {
  using platform: Platform = new PtracePlatform(1 << 20)
  platform.createSpace()
  vi.spyOn(addon, 'TracedSpace').mockImplementation(function refuse() {
    throw Object.assign(new Error('clone: Resource temporarily unavailable'), {errno: 11})
  })
  expect(() => platform.createSpace()).toThrow(expect.objectContaining({code: 'PTRACE_UNUSABLE'}))
})

test.skipIf(availableParallelism() === 1)('the thread may run on all its processors again', () => {
  const before = processors()
  vi.spyOn(addon, 'TracedSpace').mockImplementation(function refuse() {
    expect(processors()).not.toBe(before)
    throw Object.assign(new Error('PTRACE_TRACEME: Operation not permitted'), {errno: 1})
  })
  expect(() => new PtracePlatform(1 << 20)).toThrow(expect.objectContaining({code: 'PTRACE_UNUSABLE'}))
  expect(processors()).toBe(before)
})
