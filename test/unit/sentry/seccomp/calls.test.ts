// What filters do to calls of a task: their results, and signals.

import {expect, test} from 'vitest'
import {ENOSYS} from '../../../../src/abi/errno.ts'
import {
  SECCOMP_RET_ERRNO,
  SECCOMP_RET_KILL_PROCESS,
  SECCOMP_RET_LOG,
  SECCOMP_RET_TRACE,
  SECCOMP_RET_TRAP,
  SECCOMP_RET_USER_NOTIF,
} from '../../../../src/abi/seccomp.ts'
import {codeOf, SYS_SECCOMP, signalfdInfo} from '../../../../src/abi/siginfo.ts'
import {SIGKILL, SIGSYS} from '../../../../src/abi/signal.ts'
import {filterCall} from '../../../../src/sentry/call/filter-call.ts'
import {BLOCKED, REGISTERS_SET} from '../../../../src/sentry/core/syscall.ts'
import {SeccompFilter} from '../../../../src/sentry/seccomp/filter.ts'
import {Budget} from '../../../../src/vfs/budget.ts'
import {fakeTask} from '../fake-task.ts'
import {answering} from './programs.ts'

const WORDS = new Int32Array(12)

function filtered(result: number) {
  const fake = fakeTask()
  fake.task.seccomp = new SeccompFilter(answering(5, result), undefined, new Budget())
  return fake
}

test.each([
  [SECCOMP_RET_ERRNO | 13, -13],
  [SECCOMP_RET_ERRNO, 0],
  [SECCOMP_RET_ERRNO | 0xffff, -4095],
  [SECCOMP_RET_TRACE | 1, -ENOSYS],
  [SECCOMP_RET_USER_NOTIF, -ENOSYS],
  [SECCOMP_RET_LOG, undefined],
])('a result of %i makes the call end with %s', (result, expected) => {
  const {task} = filtered(result)
  expect(filterCall(task, 5, WORDS)).toBe(expected)
  expect(filterCall(task, 6, WORDS)).toBeUndefined()
})

test('a trap is a signal that tells of the call', () => {
  const {task} = filtered(SECCOMP_RET_TRAP | 7)
  expect(filterCall(task, 5, WORDS)).toBe(REGISTERS_SET)
  const {info} = task.signals.takeDeliverable()!
  const view = new DataView(info.buffer, info.byteOffset)
  expect([view.getInt32(0, true), view.getInt32(4, true), codeOf(info)]).toEqual([SIGSYS, 7, SYS_SECCOMP])
  expect(view.getInt32(24, true)).toBe(5)
  const record = signalfdInfo(info)
  const told = new DataView(record.buffer, record.byteOffset)
  expect(told.getInt32(84, true)).toBe(5)
  expect(told.getBigUint64(88, true)).toBe(view.getBigUint64(16, true))
  expect(told.getUint32(96, true)).toBe(view.getUint32(28, true))
})

test.each([SECCOMP_RET_KILL_PROCESS, 0x0001_0000])('no handler sees the signal of %i', (result) => {
  const {task, process} = filtered(result)
  const {action} = process.signals
  process.signals.setAction(SIGSYS, {...action.call(process.signals, SIGSYS), handler: 0x1000})
  expect(filterCall(task, 5, WORDS)).toBe(REGISTERS_SET)
  expect(process.signals.action(SIGSYS).handler).toBe(0)
})

test('strict mode ends a process at any other call', () => {
  const {task, process} = fakeTask()
  task.seccomp = 'strict'
  const numberOf = (name: string) => process.syscalls.numberOf(name)!
  for (const name of ['read', 'write', 'exit', 'rt_sigreturn'])
    expect(filterCall(task, numberOf(name), WORDS)).toBeUndefined()
  expect(filterCall(task, numberOf('exit_group'), WORDS)).toBe(BLOCKED)
  expect(process.exit).toEqual({code: undefined, signal: SIGKILL})
})
