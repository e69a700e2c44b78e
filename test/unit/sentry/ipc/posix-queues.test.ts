// POSIX message queues between processes and users.

import {describe, expect, test} from 'vitest'
import {EACCES, EINVAL, EMFILE, EPERM} from '../../../../src/abi/errno.ts'
import {SIGEV_SIGNAL, SIGEVENT_BYTES} from '../../../../src/abi/ipc.ts'
import {O_CREAT, O_RDONLY, O_RDWR} from '../../../../src/abi/open-flags.ts'
import {SignalSet} from '../../../../src/abi/signal-set.ts'
import {BLOCKED} from '../../../../src/sentry/core/syscall.ts'
import {mqNotify} from '../../../../src/sentry/syscalls/mq-notify.ts'
import {mqOpen, mqUnlink} from '../../../../src/sentry/syscalls/mq-open.ts'
import {mqTimedreceive, mqTimedsend} from '../../../../src/sentry/syscalls/mq-send.ts'
import {SimulatedTask} from '../syscalls/simulated-task.ts'

const SIGUSR1 = 10

function attributes(task: SimulatedTask, mostMessages: number, messageBytes: number): number {
  return task.int64s(0, mostMessages, messageBytes, 0, 0, 0, 0, 0)
}

function twoProcesses() {
  const first = new SimulatedTask()
  const second = first.sibling()
  const size = attributes(first, 2, 16)
  const open = (task: SimulatedTask) => task.call(mqOpen, 'queue', O_RDWR | O_CREAT, 0o600, size)
  return {first, second, fds: [open(first), second.call(mqOpen, 'queue', O_RDWR, 0, 0)] as const}
}

function send(task: SimulatedTask, fd: number, text: string, priority = 0): number {
  return task.call(mqTimedsend, fd, text, text.length, priority, 0)
}

function notifies(task: SimulatedTask, fd: number): number {
  const event = new Uint8Array(SIGEVENT_BYTES)
  new Int32Array(event.buffer).set([SIGUSR1, SIGEV_SIGNAL], 2)
  return task.call(mqNotify, fd, task.data(event))
}

function isTold({task}: SimulatedTask): boolean {
  return task.process.signals.pending.set.has(SIGUSR1)
}

/** Blocks SIGUSR1, so that it stays pending. */
function block({task}: SimulatedTask): void {
  task.signals.mask = SignalSet.of(SIGUSR1)
}

describe('a POSIX queue', () => {
  test('wakes receivers and senders', () => {
    const {first, second, fds} = twoProcesses()
    const buffer = second.bytes(16)
    expect(second.call(mqTimedreceive, fds[1], buffer, 16, 0, 0)).toBe(BLOCKED)
    expect(second.wake()).toBe(BLOCKED)
    send(first, fds[0], 'abc')
    expect(second.wake()).toBe(3)
    expect(second.text(buffer, 3)).toBe('abc')
    expect([send(first, fds[0], 'a'), send(first, fds[0], 'b'), send(first, fds[0], 'c')]).toEqual([
      0,
      0,
      BLOCKED,
    ])
    second.call(mqTimedreceive, fds[1], buffer, 16, 0, 0)
    expect(first.wake()).toBe(0)
  })

  test('tells nobody of a message for which somebody waits', () => {
    const {first, second, fds} = twoProcesses()
    block(first)
    expect(notifies(first, fds[0])).toBe(0)
    expect(second.call(mqTimedreceive, fds[1], second.bytes(16), 16, 0, 0)).toBe(BLOCKED)
    send(first, fds[0], 'x')
    expect(second.wake()).toBe(1)
    expect(isTold(first)).toBe(false)
    send(second, fds[1], 'x')
    expect(isTold(first)).toBe(true)
  })

  test('forgets whom to tell when the process closes it, or ends', () => {
    const {first, second, fds} = twoProcesses()
    block(first)
    notifies(first, fds[0])
    first.task.fds.duplicate(first.task.fds.description(fds[0]))
    first.task.fds.remove(fds[0])
    expect(notifies(second, fds[1])).toBe(0)
    first.task.kernel.ipc.forget(second.task.process)
    expect(notifies(second, fds[1])).toBe(0)
  })

  test("is for whom its mode says, and its name is the owner's", () => {
    const {second} = twoProcesses()
    second.become(1000)
    expect(second.call(mqOpen, 'queue', O_RDONLY, 0, 0)).toBe(-EACCES)
    expect(second.call(mqUnlink, 'queue')).toBe(-EPERM)
  })

  test('has the size that its user may have', () => {
    const {second} = twoProcesses()
    second.become(1000)
    const open = (name: string, messages: number, bytes: number) =>
      second.call(mqOpen, name, O_RDWR | O_CREAT, 0o600, attributes(second, messages, bytes))
    expect(open('a', 11, 16)).toBe(-EINVAL)
    expect(open('a', 10, 8193)).toBe(-EINVAL)
    const results = Array.from({length: 10}, (_, i) => open(`a${i}`, 10, 8192))
    expect(results.at(-1)).toBe(-EMFILE)
    const made = results.filter((result) => result >= 0).length
    expect(made).toBe(9)
    // Queues that are unlinked and closed make room.
    expect(second.call(mqUnlink, 'a0')).toBe(0)
    second.task.fds.remove(results[0])
    expect(open('b', 10, 8192)).toBeGreaterThanOrEqual(0)
  })
})
