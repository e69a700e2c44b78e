// Several CPUs: barriers on them, which task runs where, and what /proc says about their work.

import {describe, expect, test} from 'vitest'
import {EPERM} from '../../../../../src/abi/errno.ts'
import type {Task} from '../../../../../src/sentry/core/task.ts'
import {CpuUse} from '../../../../../src/sentry/task/cpu/cpu-use.ts'
import {Scheduling} from '../../../../../src/sentry/task/cpu/scheduling.ts'
import {ScriptedPlatform} from '../../scripted-platform.ts'
import {call, newThread, program} from '../../scripted-program.ts'

const GETPID = call('getpid')
const [GLOBAL, PRIVATE_EXPEDITED, REGISTER] = [1, 8, 16]
const MS = 1e6

describe('membarrier', () => {
  const barrier = (command: number) => call('membarrier', command, 0)

  test('ends when each thread that was on another CPU has trapped', () => {
    const platform = new ScriptedPlatform(3)
    platform.scripts.push(['spin'], ['spin'])
    const {kernel, process, context} = program(platform, [
      ...[newThread, newThread, GETPID, barrier(REGISTER), barrier(PRIVATE_EXPEDITED)],
      call('exit_group', 0),
    ])
    kernel.run(process)
    expect(context.results).toEqual([3, 4, 2, 0, 0])
    expect(platform.preempted).toBe(2)
  })

  test('of a process leaves others alone; that of all does not', () => {
    for (const [command, preempted] of [
      [PRIVATE_EXPEDITED, 0],
      [GLOBAL, 1],
    ]) {
      const platform = new ScriptedPlatform(2)
      platform.scripts.push(['spin'])
      const {kernel, process} = program(platform, [
        ...[call('clone', 17), GETPID, barrier(REGISTER), barrier(command)],
        call('exit_group', 0),
      ])
      kernel.run(process)
      kernel.runs.end(process.run)
      expect(platform.preempted, `${command}`).toBe(preempted)
    }
  })

  test('ends when the thread that it waits for ends', () => {
    const platform = new ScriptedPlatform(2)
    platform.scripts.push([GETPID, call('exit', 0)])
    const {kernel, process, context} = program(platform, [
      ...[newThread, barrier(REGISTER), barrier(PRIVATE_EXPEDITED), call('exit_group', 0)],
    ])
    kernel.run(process)
    expect(context.results).toEqual([3, 0, 0])
  })

  test('has to be registered for', () => {
    const {kernel, process, context} = program(new ScriptedPlatform(1), [
      ...[barrier(PRIVATE_EXPEDITED), call('exit_group', 0)],
    ])
    kernel.run(process)
    expect(context.results).toEqual([-EPERM])
  })
})

test('who yields lets those go first that had less of the CPU', () => {
  const platform = new ScriptedPlatform(1)
  platform.scripts.push([call('exit_group', 0)])
  const yields = Array(1000).fill(call('sched_yield'))
  const {kernel, process, context} = program(platform, [newThread, ...yields, 'spin'])
  kernel.run(process)
  expect(context.results.length).toBeLessThan(5)
})

describe('the use of CPUs', () => {
  const taskOn = (cpu: number, onCpuSinceNs = 0): Task => {
    const scheduling = new Scheduling()
    scheduling.place(4, (other) => other !== cpu)
    return {scheduling, onCpuSinceNs} as unknown as Task
  }

  test('is counted by CPU, with who is there now', () => {
    const use = new CpuUse(3)
    use.count(taskOn(0), 5 * MS)
    use.count(taskOn(2), 1 * MS)
    expect(use.busyNs([taskOn(2, 10 * MS), taskOn(1)], 14 * MS)).toEqual([5 * MS, 0, 5 * MS])
  })

  test('gives two that run two CPUs', () => {
    const use = new CpuUse(2)
    const [first, second] = [taskOn(0), taskOn(0)]
    use.place(first, () => false)
    use.place(second, (cpu) => cpu === first.scheduling.cpu)
    expect([first, second].map(({scheduling}) => scheduling.cpu)).toEqual([0, 1])
  })

  test('counts what is started, and the times that a CPU was given up', () => {
    const platform = new ScriptedPlatform(1)
    platform.scripts.push([call('exit', 0)], [call('exit_group', 0)])
    const sleep = call('wait4', -1, 0, 0, 0)
    const {kernel, process} = program(platform, [newThread, call('clone', 17), sleep, call('exit_group', 0)])
    kernel.run(process)
    expect(process.run.counters).toMatchObject({processes: 2, tasks: 3})
    expect(kernel.cpuUse.switches).toBeGreaterThanOrEqual(3)
    const [busyNs] = kernel.cpuUse.busyNs(kernel.tasks.values(), kernel.monotonicNs())
    expect(busyNs).toBeGreaterThan(0)
  })
})
