// Sandbox.startTrace: events of programs, switched on and off while one runs, over the built library.

import {afterAll, beforeAll, beforeEach, describe, expect, test} from 'vitest'
import {Sandbox, type TraceEvent} from '../../dist/index.js'
import {BUSYBOX, guest, places} from './guests.ts'

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))
/** A shell that makes calls until it is stopped. */
const CALLING = ['sh', '-c', 'while :; do echo x >/dev/null; done']
/** A shell that makes some 14000 calls: more than may be in flight. */
const MANY = ['sh', '-c', 'i=0; while [ $i -lt 2000 ]; do i=$((i+1)); echo x >/dev/null; done']

describe.each(places)('on $platform, in a $isolation', ({platform, isolation}) => {
  describe('a trace', () => {
    let sandbox: Sandbox
    let events: TraceEvent[]
    const names = () => events.map((event) => (event.type === 'exit' ? 'exit' : event.name))

    beforeAll(async () => {
      sandbox = await Sandbox.create({platform, isolation})
    })
    afterAll(() => sandbox.dispose())
    beforeEach(() => {
      events = []
    })

    test('tells of each call, with its arguments and its end, before the run resolves', async () => {
      await sandbox.startTrace((event) => events.push(event), {calls: 'write,exit_group'})
      const startedS = Date.now() / 1000
      await sandbox.run(BUSYBOX, ['echo', 'hello'])
      expect(events).toEqual([
        expect.objectContaining({type: 'syscall', name: 'write', args: ['1', '"hello\\n"', '6'], result: 6}),
        expect.objectContaining({type: 'syscall', name: 'exit_group', args: ['0'], unfinished: 'exited'}),
        expect.objectContaining({type: 'exit', code: 0}),
      ])
      // The sentry has a clock of its own.
      expect(events[0].time).toBeGreaterThan(startedS - 5)
      expect(events[0].time).toBeLessThan(Date.now() / 1000 + 5)
    })

    test('tells of signals, and of death by one', async () => {
      await sandbox.startTrace((event) => events.push(event), {calls: 'none'})
      await sandbox.run(guest('die-segv'))
      expect(events).toMatchObject([
        {type: 'signal', name: 'SIGSEGV', info: expect.stringContaining('si_code=SEGV_MAPERR')},
        {type: 'exit', signal: 'SIGSEGV'},
      ])
    })

    test('goes on over programs until it is stopped', async () => {
      await sandbox.startTrace((event) => events.push(event), {calls: 'write'})
      await sandbox.run(BUSYBOX, ['echo', '1'])
      await sandbox.run(BUSYBOX, ['echo', '2'])
      await sandbox.stopTrace()
      await sandbox.run(BUSYBOX, ['echo', '3'])
      expect(names()).toEqual(['write', 'exit', 'write', 'exit'])
    })

    test('starts and stops while a program runs', async () => {
      const abort = new AbortController()
      const run = sandbox.run(BUSYBOX, CALLING, {signal: abort.signal}).catch(() => 'stopped')
      await sleep(200)
      await sandbox.startTrace((event) => events.push(event))
      await expect.poll(() => events.length, {timeout: 30_000}).toBeGreaterThan(10)
      await sandbox.stopTrace()
      const count = events.length
      await sleep(50)
      abort.abort()
      expect(await run).toBe('stopped')
      expect(events).toHaveLength(count)
    })

    test('stops in the middle of a call, which is told as unfinished', async () => {
      await sandbox.startTrace((event) => events.push(event), {calls: '/nanosleep$'})
      const child = sandbox.spawn(BUSYBOX, ['sleep', '1000'])
      while (child.pid === undefined) await sleep(1)
      const isAsleep = ['grep', '-q', 'State:.S', `/proc/${child.pid}/status`]
      while ((await sandbox.run(BUSYBOX, isAsleep)).exitCode !== 0);
      await sandbox.stopTrace()
      child.kill('SIGKILL')
      await child.wait()
      const calls = events.filter(({type}) => type === 'syscall')
      expect(calls).toMatchObject([{name: expect.stringContaining('nanosleep'), unfinished: 'detached'}])
    })

    test('waits for a listener that is slow, and loses nothing', async () => {
      await sandbox.startTrace((event) => events.push(event))
      const run = sandbox.run(BUSYBOX, MANY)
      const until = performance.now() + 300
      while (performance.now() < until);
      const {stats} = await run
      expect(events.filter(({type}) => type === 'syscall')).toHaveLength(stats.syscalls)
      await sandbox.stopTrace()
    })

    test('that cannot be leaves the one before as it is', async () => {
      await sandbox.startTrace((event) => events.push(event), {calls: 'write'})
      const bad = sandbox.startTrace(() => {}, {calls: 'no-such-call'})
      await expect(bad).rejects.toMatchObject({
        code: 'BAD_ARGUMENT',
        message: expect.stringContaining('no-such-call'),
      })
      await sandbox.run(BUSYBOX, ['echo', '1'])
      expect(names()).toEqual(['write', 'exit'])
    })
  })

  test('a guest that waits for its listener is disposed of at once', async () => {
    const sandbox = await Sandbox.create({platform, isolation})
    await sandbox.startTrace(() => {})
    const run = sandbox.run(BUSYBOX, CALLING).catch((error) => error.code)
    // The listener's thread is busy, so the guest gets ahead of it and waits.
    const until = performance.now() + 300
    while (performance.now() < until);
    await sandbox.dispose()
    expect(await run).toBe('DISPOSED')
    await expect(sandbox.startTrace(() => {})).rejects.toMatchObject({code: 'DISPOSED'})
  })
})
