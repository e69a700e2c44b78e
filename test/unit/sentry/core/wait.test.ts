// A blocked call is data: what it needs can be listed, named and copied.

import {readdirSync, readFileSync} from 'node:fs'
import {fileURLToPath} from 'node:url'
import {describe, expect, it} from 'vitest'
import {retry} from '../../../../src/sentry/call/dispatch.ts'
import {BLOCKED} from '../../../../src/sentry/core/syscall.ts'
import {continuation, continuations, resumeInner, type Wait} from '../../../../src/sentry/core/wait.ts'
import {nanosleep} from '../../../../src/sentry/syscalls/nanosleep.ts'
import {ppoll} from '../../../../src/sentry/syscalls/poll.ts'
import {rtSigsuspend} from '../../../../src/sentry/syscalls/sigprocmask.ts'
import {UNFINISHED} from '../../../../src/vfs/unfinished.ts'
import {WaitQueue} from '../../../../src/vfs/wait-queue.ts'
import {asleep, checkWait} from '../blocked-call.ts'
import {SimulatedTask} from '../syscalls/simulated-task.ts'

const SENTRY = fileURLToPath(new URL('../../../../src/sentry', import.meta.url))

describe('a continuation', () => {
  it('has a name of its own', () => {
    expect(continuations.get('asleep')).toBe(asleep)
    expect(() => continuation({name: 'asleep', resume: () => BLOCKED})).toThrow('two continuations')
  })

  it('is a constant of its module, and never made for a call', () => {
    const files = readdirSync(SENTRY, {recursive: true, encoding: 'utf8'}).filter((name) =>
      name.endsWith('.ts'),
    )
    const makers = /^(?!const |export ).*= (continuation|walk|repeated|readinessWait|lockContinuation)[<(]/m
    const late = files.filter((name) => makers.test(readFileSync(`${SENTRY}/${name}`, 'utf8')))
    // These three are makers themselves: called at the start of a module.
    expect(late.sort()).toEqual(['call/repeat.ts', 'core/slices.ts', 'fd/fcntl-locks.ts'])
  })
})

const sleepy = continuation<{readonly expired: (boolean | undefined)[]}>({
  name: 'sleepy',
  resume: (_task, progress, expired) => {
    progress.expired.push(expired)
    if (progress.expired.length < 3) throw UNFINISHED
    return BLOCKED
  },
})

it('a resumed call that a file system has not finished is resumed as it was, and sleeps on the same things', () => {
  const {task} = new SimulatedTask()
  const [queue, expired] = [new WaitQueue(), []]
  task.block({queues: [queue], restart: 'never', next: sleepy, progress: {expired}})
  const first = task.wait
  expect(retry(task, false)).toBe(false)
  expect(task.wait?.deadlineNs).toBeDefined()
  expect(retry(task, true)).toBe(false)
  expect(task.wait).not.toBe(first)
  expect(retry(task, true)).toBe(false)
  expect(task.wait).toBe(first)
  expect(expired).toEqual([false, false, false])
})

describe('a wait', () => {
  const wait = (progress: unknown): Wait => ({restart: 'never', next: asleep as never, progress})

  it('with a function is refused, wherever the function is', () => {
    expect(() => checkWait(wait({list: [{done: () => 0}]}))).toThrow('asleep.progress.list.0.done')
    expect(() => checkWait(wait({inner: wait(() => 0)}))).toThrow('asleep.progress')
    expect(() => checkWait({...wait({}), next: {name: 'unknown', resume: () => 0}})).toThrow('not registered')
    checkWait(wait({list: [new Uint8Array(1), 1n, 'text', new WeakMap()]}))
  })

  it('goes on from a copy of its progress', () => {
    const t = new SimulatedTask()
    const second = t.int64s(1, 0)
    for (const call of [
      () => t.call(nanosleep, second, second),
      () => t.call(ppoll, 0, 0, second, 0, 8),
      () => t.call(rtSigsuspend, t.int64s(0), 8),
    ]) {
      expect(call()).toBe(BLOCKED)
      const {progress, ...others} = t.task.wait!
      t.task.wait = {...others, progress: structuredClone(progress)}
      expect(t.wake()).toBe(BLOCKED)
    }
  })

  it('inside another is resumed as the own, and the outer one sleeps on with it', () => {
    const {task} = new SimulatedTask()
    const inner = wait({interrupted: 0})
    const outer = wait({inner})
    task.wait = outer
    expect(resumeInner(task, inner, false)).toBe(BLOCKED)
    expect(task.wait).toBe(outer)
  })
})
