// Native objects that are opened again: a program that forks for ever makes no more of them than it has processes at a time.

import {expect, test} from 'vitest'
import type {PtraceContext} from '../../../src/platform/ptrace/context.ts'
import {type PtraceSpace, ReusedObjects} from '../../../src/platform/ptrace/space.ts'
import {describePtrace, openPtrace} from '../../helpers/ptrace.ts'

test('an object that cannot be opened is the next one to be tried', () => {
  const made: {dispose(): void}[] = []
  const objects = new ReusedObjects(() => {
    made.push({dispose: () => {}})
    return made[made.length - 1]
  })
  for (let i = 0; i < 3; i++) {
    const fail = (): void => {
      throw new Error('no further process')
    }
    expect(() => objects.take(fail)).toThrow('no further process')
  }
  const first = objects.take(() => {})
  const second = objects.take(() => {})
  expect(made).toEqual([first, second])
  objects.give(first)
  expect(objects.take(() => {})).toBe(first)
})

describePtrace('native objects of the ptrace platform', () => {
  test('of contexts that are gone are the next ones’, which know nothing of them', () => {
    using platform = openPtrace()
    const create = () => platform.createContext() as PtraceContext
    const first = create()
    const {native} = first
    first.writeRegisters(first.readRegisters().fill(0x1234n))
    first.dispose()
    first.dispose()
    expect(() => first.native).toThrow('the context is disposed')
    const [second, third] = [create(), create()]
    expect(second.native).toBe(native)
    expect(third.native).not.toBe(native)
    expect(second.readRegisters()).not.toContain(0x1234n)
    expect(second.argumentWords.buffer).not.toBe(first.argumentWords.buffer)
  })

  test('of spaces that are gone are the next ones’, forks among them', () => {
    using platform = openPtrace()
    const first = platform.createSpace() as PtraceSpace
    const fork = first.fork() as PtraceSpace
    const {traced} = fork
    const {pid} = traced
    expect(pid).not.toBe(first.traced.pid)
    fork.dispose()
    fork.dispose()
    expect(() => fork.traced).toThrow('the address space is disposed')
    const [second, third] = [first.fork() as PtraceSpace, platform.createSpace() as PtraceSpace]
    expect(second.traced).toBe(traced)
    expect(third.traced).not.toBe(traced)
    expect(new Set([first, second, third].map((space) => space.traced.pid)).size).toBe(3)
  })
})
