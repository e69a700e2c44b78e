// A Sandbox's events: how programs end, and which limits they reach.

import {once} from 'node:events'
import {afterEach, describe, expect, test} from 'vitest'
import {Sandbox, type SandboxEvents, type SandboxOptions} from '../../dist/index.js'
import {BUSYBOX, guest, places, SPIN, sh} from './guests.ts'

const MIB = 1 << 20

describe.each(places)('on $platform, in a $isolation', ({platform, isolation}) => {
  let sandbox: Sandbox | undefined
  afterEach(() => sandbox?.dispose())

  async function create<Name extends keyof SandboxEvents>(
    name: Name,
    options: SandboxOptions = {},
  ): Promise<[Sandbox, SandboxEvents[Name][]]> {
    const events: SandboxEvents[Name][] = []
    sandbox = await Sandbox.create({platform, isolation, ...options})
    sandbox.on(name, (event) => events.push(event))
    return [sandbox, events]
  }

  test('exit tells how each program ended, of run and of spawn', async () => {
    const [each, events] = await create('exit')
    await each.run(...sh('exit 3'))
    await each.spawn(...sh('kill -9 $$')).wait()
    await each.run('/none').catch(() => {})
    const controller = new AbortController()
    const spinning = each.spawn(BUSYBOX, SPIN, {signal: controller.signal})
    await expect.poll(() => spinning.pid, {timeout: 30_000}).toBeDefined()
    controller.abort()
    await spinning.wait().catch(() => {})
    expect(events).toMatchObject([
      {program: BUSYBOX, exitCode: 3, signal: null},
      {program: BUSYBOX, exitCode: null, signal: 'SIGKILL'},
      {program: BUSYBOX, exitCode: null, signal: 'SIGKILL'},
    ])
  })

  test('limit tells of time, at its end', async () => {
    const [each, events] = await create('limit')
    await each.run(BUSYBOX, SPIN, {timeoutMs: 100})
    expect(events).toEqual([{program: BUSYBOX, programPid: 2, limit: 'time', count: 1}])
  })

  test('limit tells of output while the program runs, and counts what it would tell too often', async () => {
    const [each, events] = await create('limit')
    const controller = new AbortController()
    each.once('limit', async () => {
      const {syscalls} = await each.stats()
      while ((await each.stats()).syscalls < syscalls + 100);
      controller.abort()
    })
    const endless = each.run(...sh('while :; do echo x; done 2>/dev/null'), {
      maxOutputBytes: 10,
      signal: controller.signal,
    })
    await expect(endless).rejects.toThrow('aborted')
    expect(events).toHaveLength(2)
    expect(events[0]).toEqual({program: BUSYBOX, programPid: 2, limit: 'output', count: 1})
    expect(events[1].count).toBeGreaterThan(0)
  })

  test('limit tells of tasks', async () => {
    const [each, events] = await create('limit', {maxTasks: 4})
    await each.run(...sh('for i in 1 2 3 4 5 6; do sleep 1000 & done; wait'))
    expect(events[0]).toEqual({program: BUSYBOX, programPid: 2, limit: 'tasks', count: 1})
  })

  test('memory that is full is a limit, and oom tells who was killed for it, children too', async () => {
    const [each, events] = await create('oom', {memoryBytes: 64 * MIB})
    const limits: string[] = []
    each.on('limit', ({limit}) => limits.push(limit))
    const eater = 'awk \'BEGIN {x = "x"; while (1) x = x x}\''
    expect((await each.run(...sh(`echo $$; ${BUSYBOX} ${eater}; echo $?`))).stdout).toContain('137')
    expect(events).toMatchObject([{program: BUSYBOX, count: 1, pid: expect.any(Number)}])
    expect(new Set(limits)).toEqual(new Set(['memory']))
  })

  test('listeners come and go', async () => {
    const [each, events] = await create('exit')
    const gone = () => expect.unreachable()
    each.on('exit', gone).off('exit', gone)
    each.once('exit', (event) => events.push(event))
    await each.run(BUSYBOX, ['true'])
    const [next] = await Promise.all([once(each as never, 'exit'), each.run(BUSYBOX, ['true'])])
    expect(next).toMatchObject([{exitCode: 0}])
    expect(events).toHaveLength(3)
  })

  test('a guest that hits its limits all the time is told of at most once a second', async () => {
    const [each, events] = await create('limit', {memoryBytes: 16 * MIB, maxTasks: 20})
    const start = performance.now()
    await each.run(guest('hostile-bombs'), [], {timeoutMs: 3000})
    const seconds = Math.ceil((performance.now() - start) / 1000)
    expect(events.filter(({limit}) => limit !== 'time').length).toBeLessThanOrEqual(seconds * 5)
  })
})
