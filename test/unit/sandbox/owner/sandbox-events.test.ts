// SandboxListeners: which listeners are called, and what happens when one throws.

import {expect, test, vi} from 'vitest'
import {SandboxListeners} from '../../../../src/sandbox/owner/sandbox-events.ts'

const EVENT = {program: 'p', programPid: 2, limit: 'tasks', count: 1} as const

test('what a listener throws is an uncaught exception, and the others are told all the same', () => {
  const listeners = new SandboxListeners()
  const heard: unknown[] = []
  const later = vi.spyOn(globalThis, 'setImmediate').mockImplementation((() => {}) as never)
  listeners.add(
    'limit',
    () => {
      throw new Error('mine')
    },
    true,
  )
  listeners.add('limit', (event) => heard.push(event), false)
  listeners.tell('limit', EVENT)
  listeners.tell('limit', EVENT)
  expect(heard).toEqual([EVENT, EVENT])
  expect(later).toHaveBeenCalledOnce()
  expect(later.mock.calls[0][0]).toThrow('mine')
  later.mockRestore()
})
