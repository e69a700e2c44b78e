// The kernel's loop over a platform that the test scripts: CPUs, slices, sleepers, and the order in which things end.

import {describe, expect, test} from 'vitest'
import {EAGAIN} from '../../../src/abi/errno.ts'
import {addTracer, removeTracer, type Tracer} from '../../../src/sentry/core/tracer.ts'
import {ScriptedPlatform} from './scripted-platform.ts'
import {call, newThread, program} from './scripted-program.ts'

const SIGKILL = 9
const SIGSEGV = 11
const GETPID = call('getpid')
/** Sleeps without a time limit and without a signal mask. */
const SLEEP = call('ppoll', 0, 0, 0, 0, 0)

describe('the loop', () => {
  test('answers calls until the program ends', () => {
    const {kernel, process, context} = program(new ScriptedPlatform(1), [GETPID, call('exit_group', 3)])
    kernel.run(process)
    expect(context.results).toEqual([2])
    expect(process.exit).toEqual({code: 3, signal: undefined})
  })

  test('gives every CPU a task, and no more tasks than CPUs', () => {
    const platform = new ScriptedPlatform(2)
    platform.scripts.push([GETPID], [GETPID], [GETPID])
    const {kernel, process} = program(platform, [
      newThread,
      newThread,
      newThread,
      ...Array(20).fill(GETPID),
      call('exit_group', 0),
    ])
    kernel.run(process)
    expect(platform.peak).toBe(2)
  })

  test('ends the slice of a spinner while others wait, and of nobody else', () => {
    const platform = new ScriptedPlatform(1)
    platform.scripts.push(['spin'], [GETPID, call('exit_group', 0)])
    const {kernel, process} = program(platform, [newThread, newThread, 'spin'])
    kernel.run(process)
    expect(process.exit).toEqual({code: 0, signal: undefined})
  })

  test('counts the time on a CPU, not that asleep', () => {
    const platform = new ScriptedPlatform(1)
    platform.scripts.push([call('exit_group', 0)])
    const {kernel, process} = program(platform, [newThread, 'spin'])
    kernel.run(process)
    const spunNs = process.usage.cpuTimeNs(kernel.monotonicNs())
    expect(spunNs).toBeGreaterThan(5e6)
    const idle = program(new ScriptedPlatform(1), [GETPID, call('exit_group', 0)])
    idle.kernel.run(idle.process)
    expect(idle.process.usage.cpuTimeNs(idle.kernel.monotonicNs())).toBeLessThan(spunNs)
  })

  test('holds no CPU for 500 tasks that sleep', () => {
    const platform = new ScriptedPlatform(2)
    for (let i = 0; i < 500; i++) platform.scripts.push([SLEEP])
    const threads = Array.from({length: 500}, () => newThread)
    const {kernel, process, context} = program(platform, [...threads, GETPID, call('exit_group', 0)])
    kernel.run(process)
    expect(context.results.at(-1)).toBe(2)
    expect(platform.peak).toBe(2)
  })
})

describe('an end', () => {
  test('stops the CPUs of a process before its memory goes', () => {
    const platform = new ScriptedPlatform(2)
    platform.scripts.push(['spin'])
    const {kernel, process} = program(platform, [newThread, GETPID, call('exit_group', 0)])
    kernel.run(process)
    expect(platform.log).toEqual(['stop', 'dispose space'])
    expect(platform.running).toEqual([])
  })

  test('of what the platform lost takes its process, and no other', () => {
    const platform = new ScriptedPlatform(2)
    platform.scripts.push(['die'])
    const wait = call('wait4', -1, 0, 0, 0)
    const {kernel, process, context} = program(platform, [call('clone', 17), wait, call('exit_group', 0)])
    kernel.run(process)
    expect(context.results).toEqual([3, 3])
    expect(process.exit).toEqual({code: 0, signal: undefined})
  })

  test('of the first program takes all that it left running', () => {
    const platform = new ScriptedPlatform(2)
    platform.scripts.push(['spin'], [SLEEP])
    const {kernel, process} = program(platform, [call('clone', 17), call('clone', 17), call('exit_group', 0)])
    kernel.run(process)
    kernel.runs.end(process.run)
    expect([...kernel.processes.keys()]).toEqual([1])
    expect([...kernel.tasks.keys()]).toEqual([1])
    expect(platform.running).toEqual([])
  })

  test('of the first program is one though others compute and nothing is due', () => {
    const platform = new ScriptedPlatform(1)
    platform.scripts.push(['spin'])
    const {kernel, process} = program(platform, [call('clone', 17), SLEEP])
    kernel.timers.add(kernel.monotonicNs() + 1e6, {expire: () => process.signals.raise(SIGKILL)})
    kernel.run(process)
    expect(process.exit).toEqual({code: undefined, signal: SIGKILL})
    expect(platform.running).toHaveLength(1)
  })

  test('of a first program that slept is told while another one sleeps', () => {
    const platform = new ScriptedPlatform(1)
    platform.scripts.push([SLEEP])
    const {kernel, process} = program(platform, [call('clone', 17), SLEEP])
    kernel.timers.add(kernel.monotonicNs() + 1e6, {expire: () => process.signals.raise(SIGKILL)})
    kernel.run()
    expect(process.exit).toEqual({code: undefined, signal: SIGKILL})
  })

  test('by a signal of another CPU comes at once', () => {
    const platform = new ScriptedPlatform(2)
    platform.scripts.push(['spin'])
    const {kernel, process, context} = program(platform, [
      ...[call('clone', 17), GETPID, call('kill', 3, SIGSEGV), call('wait4', 3, 0, 0, 0)],
      call('kill', 2, SIGKILL),
    ])
    kernel.run(process)
    expect(context.results).toEqual([3, 2, 0, 3, 0])
    expect(process.exit).toEqual({code: undefined, signal: SIGKILL})
  })
})

test('too many tasks are EAGAIN, and their ends make room', () => {
  const platform = new ScriptedPlatform(1)
  for (let i = 0; i < 6; i++) platform.scripts.push([call('exit', 0)])
  const many = Array.from({length: 6}, () => call('clone', 17))
  const {kernel, process, context} = program(
    platform,
    [...many, call('wait4', -1, 0, 0, 0), call('clone', 17), call('exit_group', 0)],
    {maxTasks: 4},
  )
  kernel.run(process)
  expect(context.results).toEqual([3, 4, 5, -EAGAIN, -EAGAIN, -EAGAIN, 3, expect.any(Number)])
})

test('nothing is ever pending for init', () => {
  const {kernel, process} = program(new ScriptedPlatform(1), [
    call('kill', 1, SIGKILL),
    call('kill', 1, SIGSEGV),
    call('exit_group', 0),
  ])
  const held = kernel.budget.used
  kernel.run(process)
  expect(kernel.init.signals.pending.set.isEmpty).toBe(true)
  expect(kernel.budget.used).toBeLessThanOrEqual(held)
})

test('observers hear of what happens in the order in which they were added, after the tracer', () => {
  const {kernel, process} = program(new ScriptedPlatform(1), [call('kill', 2, SIGSEGV)])
  const heard: string[] = []
  kernel.tracer = {
    ...{enter: () => {}, blocked: () => {}, leave: () => {}, detached: () => {}},
    signal: () => heard.push('tracer'),
    exited: () => heard.push('tracer'),
  }
  for (const name of ['first', 'second'])
    kernel.observers.push({core: (_, {signal}) => heard.push(`${name} ${signal}`)})
  kernel.run(process)
  expect(heard).toEqual(['tracer', 'first 11', 'second 11', 'tracer'])
})

test('of two tracers, the later one is nearer to the call, and either may leave', () => {
  const heard: string[] = []
  const tracer = (name: string): Tracer => ({
    enter: (_, row) => heard.push(`${name} enters ${row?.name}`),
    blocked: () => heard.push(`${name} blocks`),
    leave: (_, result) => heard.push(`${name} leaves ${result}`),
    signal: (_, signal) => heard.push(`${name} signal ${signal}`),
    exited: () => heard.push(`${name} exit`),
    detached: () => heard.push(`${name} detached`),
  })
  const {kernel, process} = program(new ScriptedPlatform(1), [GETPID, call('kill', 2, SIGSEGV)])
  const [first, second, third] = ['first', 'second', 'third'].map(tracer)
  for (const each of [first, second, third]) addTracer(kernel, each)
  removeTracer(kernel, second)
  kernel.run(process)
  removeTracer(kernel, first)
  expect(kernel.tracer).toBe(third)
  removeTracer(kernel, third)
  expect(kernel.tracer).toBeUndefined()
  expect(heard).toEqual([
    'second detached',
    ...['first enters getpid', 'third enters getpid', 'third leaves 2', 'first leaves 2'],
    ...['first enters kill', 'third enters kill', 'third leaves 0', 'first leaves 0'],
    ...['first signal 11', 'third signal 11', 'first exit', 'third exit'],
    ...['first detached', 'third detached'],
  ])
})
