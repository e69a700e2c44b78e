// What wait4(2) reports about a child.

import {expect, test} from 'vitest'
import {SIGSTOP} from '../../../../src/abi/signal.ts'
import {wait4} from '../../../../src/sentry/syscalls/wait4.ts'
import {SimulatedTask} from './simulated-task.ts'

const WUNTRACED = 2
const USAGE_BYTES = 144

test('a child that has stopped has used what its tasks have, and what ended ones have', () => {
  const parent = new SimulatedTask()
  const {
    task,
    task: {process: child},
  } = parent.sibling()
  parent.task.process.family.adopt(child)
  child.family.stopNews = SIGSTOP
  child.usage.endedCpuNs = 2e9
  task.cpuNs = 5e9
  const usage = parent.bytes(USAGE_BYTES)
  expect(parent.call(wait4, child.pid, 0, WUNTRACED, usage)).toBe(child.pid)
  expect(parent.task.memory.readInt64(usage)).toBe(7)
})
