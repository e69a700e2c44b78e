// System V message queues between processes: which sleep, which are woken, and what is refused.

import {describe, expect, test} from 'vitest'
import {E2BIG, EACCES, EAGAIN, EIDRM, ENOMEM, EPERM} from '../../../../src/abi/errno.ts'
import {IPC_CREAT, IPC_NOWAIT, IPC_RMID, IPC_SET, IPC_STAT} from '../../../../src/abi/ipc.ts'
import {BLOCKED} from '../../../../src/sentry/core/syscall.ts'
import {msgctl} from '../../../../src/sentry/syscalls/msgctl.ts'
import {msgget} from '../../../../src/sentry/syscalls/msgget.ts'
import {msgrcv, msgsnd} from '../../../../src/sentry/syscalls/msgop.ts'
import {Budget} from '../../../../src/vfs/budget.ts'
import {SimulatedTask} from '../syscalls/simulated-task.ts'

const QBYTES = 88

function twoProcesses() {
  const first = new SimulatedTask()
  const second = first.sibling()
  const id = first.call(msgget, 5, IPC_CREAT | 0o600)
  return {first, second, id}
}

function send(task: SimulatedTask, id: number, type: number, text: string, flags = 0): number {
  const message = task.bytes(8 + text.length)
  task.task.memory.writeInt64(message, type)
  task.task.memory.writeBytes(message + 8, Buffer.from(text))
  return task.call(msgsnd, id, message, text.length, flags)
}

describe('a message queue', () => {
  test('wakes who waits for a message of that type', () => {
    const {first, second, id} = twoProcesses()
    const buffer = second.bytes(100)
    expect(second.call(msgrcv, id, buffer, 50, 2, 0)).toBe(BLOCKED)
    send(first, id, 1, 'not this')
    expect(second.wake()).toBe(BLOCKED)
    send(first, id, 2, 'this')
    expect(second.wake()).toBe(4)
    expect(second.text(buffer + 8, 4)).toBe('this')
  })

  test('refuses a sleeper a message that is too long, and keeps it', () => {
    const {first, second, id} = twoProcesses()
    const buffer = second.bytes(100)
    expect(second.call(msgrcv, id, buffer, 3, 0, 0)).toBe(BLOCKED)
    send(first, id, 1, 'too long')
    expect(second.wake()).toBe(-E2BIG)
    expect(second.call(msgrcv, id, buffer, 50, 0, 0)).toBe(8)
  })

  test('wakes senders when there is room, or when it is gone', () => {
    const {first, second, id} = twoProcesses()
    const text = 'x'.repeat(8192)
    expect([send(first, id, 1, text), send(first, id, 1, text)]).toEqual([0, 0])
    expect(send(first, id, 1, 'x', IPC_NOWAIT)).toBe(-EAGAIN)
    expect(send(second, id, 1, 'x')).toBe(BLOCKED)
    expect(second.wake()).toBe(BLOCKED)
    first.call(msgrcv, id, first.bytes(9000), 8192, 0, 0)
    expect(second.wake()).toBe(0)
    expect(send(second, id, 1, text)).toBe(BLOCKED)
    first.call(msgctl, id, IPC_RMID, 0)
    expect(second.wake()).toBe(-EIDRM)
    expect(first.task.kernel.budget.used).toBe(0)
  })

  test('lets only who may do more make it larger', () => {
    const {first, second, id} = twoProcesses()
    const ds = first.bytes(120)
    expect(first.call(msgctl, id, IPC_STAT, ds)).toBe(0)
    first.task.memory.writeUint64(ds + QBYTES, 1 << 20)
    first.task.memory.writeUint32(ds + 4, 1000)
    expect(first.call(msgctl, id, IPC_SET, ds)).toBe(0)
    second.become(1000)
    expect(second.call(msgctl, id, IPC_SET, second.data(first.task.memory.readBytes(ds, 120)))).toBe(-EPERM)
    second.become(1001)
    expect(send(second, id, 1, 'x')).toBe(-EACCES)
    expect(second.call(msgctl, id, IPC_RMID, 0)).toBe(-EPERM)
  })

  test('counts its messages against the budget', () => {
    const task = new SimulatedTask()
    Object.assign(task.task.kernel, {budget: new Budget(1 << 16)})
    const id = task.call(msgget, 0, 0o600)
    const results = Array.from({length: 200}, () => send(task, id, 1, '', IPC_NOWAIT))
    expect(results.at(-1)).toBe(-ENOMEM)
  })
})
