// Which process may look into another when one of the two is restricted. Without restrictions: guests/linux/proc-access.c, pidfd.c.

import {expect, test} from 'vitest'
import {mayInspect, mayRead} from '../../../../src/sentry/task/may-inspect.ts'
import {PledgedTask} from '../pledge/pledged-task.ts'

test('who has promised sees nothing in /proc of who has not', () => {
  const t = new PledgedTask()
  const {process, credentials} = t.sibling().task
  expect(mayRead(t.task, process, credentials)).toBe(true)
  t.pledge('stdio rpath')
  expect(mayRead(t.task, process, credentials)).toBe(false)
  expect(mayInspect(t.task, process)).toBe(false)
})

test('who has promised sees itself, and is seen by who has not', () => {
  const t = new PledgedTask().pledge('stdio rpath')
  const {process, credentials} = t.task
  expect(mayRead(t.task, process, credentials)).toBe(true)
  expect(mayRead(t.sibling().task, process, credentials)).toBe(true)
})
