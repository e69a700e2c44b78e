// A trace that is switched on and off while calls are in progress, and what its events and stamps say.

import {closeSync, mkdtempSync, openSync, readFileSync, rmSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterEach, beforeEach, describe, expect, it} from 'vitest'
import {ENOENT} from '../../../../src/abi/errno.ts'
import {killInfo, SI_USER} from '../../../../src/abi/siginfo.ts'
import {SIGTERM} from '../../../../src/abi/signal.ts'
import type {TraceEvent} from '../../../../src/sentry/trace/event.ts'
import {eventTracer} from '../../../../src/sentry/trace/event-sink.ts'
import type {TraceOptions} from '../../../../src/sentry/trace/options.ts'
import {monotonicNs, stampsOf} from '../../../../src/sentry/trace/stamps.ts'
import {Trace} from '../../../../src/sentry/trace/trace.ts'
import {rowOf, TracedTask} from './traced-task.ts'

let directory: string
let fd: number
let t: TracedTask

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'trace-'))
  fd = openSync(join(directory, 'out'), 'w')
  t = new TracedTask()
})

afterEach(() => {
  closeSync(fd)
  rmSync(directory, {recursive: true})
})

const written = (): string => readFileSync(join(directory, 'out'), 'latin1')
const trace = (options: Partial<TraceOptions> = {}) => new Trace(t.task.kernel, {fd, isOn: true, ...options})

/** Tells the kernel's current tracer of a call as dispatch.ts does. */
function enter(name: string, ...args: (number | string)[]): void {
  t.place(args)
  t.task.kernel.tracer?.enter(t.task, rowOf(name))
}
const block = () => t.task.kernel.tracer?.blocked(t.task)
const leave = (result: number) => t.task.kernel.tracer?.leave(t.task, result)

describe('switching', () => {
  it('on in the middle of a call shows the next one', () => {
    const it = trace()
    enter('close', 1)
    it.start()
    leave(0)
    block()
    enter('close', 2)
    leave(0)
    it.close()
    expect(written()).toBe(`${'close(2)'.padEnd(40)}= 0\n`)
  })

  it('off in the middle of a call says so, and another may be on then', () => {
    const it = trace()
    it.start()
    enter('read', 0, 0x5000, 3)
    block()
    it.stop()
    expect(written()).toBe('read(0,  <detached ...>\n')
    leave(3)
    it.start()
    leave(3)
    it.close()
    expect(written()).toBe('read(0,  <detached ...>\n')
    expect([it.isOn, t.task.kernel.tracer]).toEqual([false, undefined])
  })

  it('goes on with the counts', () => {
    const it = trace({summary: 'only'})
    for (let i = 0; i < 2; i++) {
      it.start()
      enter('close', 1)
      leave(0)
      it.stop()
      enter('close', 1)
      leave(0)
    }
    it.close()
    expect(written()).toMatch(/ 2 +close\n/)
  })

  it('has lines and counts, when both are asked for', () => {
    const it = trace({summary: 'too'})
    it.start()
    enter('close', 7)
    leave(0)
    it.close()
    expect(written()).toMatch(/^close\(7\) += 0\n% time/)
  })
})

describe('events', () => {
  it('have results, errors and what a wait ended with', () => {
    const events: TraceEvent[] = []
    t.task.kernel.tracer = eventTracer(
      {},
      (event) => events.push(event),
      () => {},
    )
    enter('open', '/x', 0)
    leave(-ENOENT)
    enter('fcntl', 1, 3, 0)
    leave(0x8002)
    enter('pause')
    block()
    t.task.kernel.tracer.signal(t.task, SIGTERM, killInfo(SIGTERM, SI_USER, 9, 0))
    expect(events).toMatchObject([
      {type: 'syscall', pid: 7, name: 'open', args: ['"/x"', 'O_RDONLY'], error: 'ENOENT'},
      {name: 'fcntl', result: 0x8002, note: 'flags O_RDWR|O_LARGEFILE', durationNs: expect.any(Number)},
      {name: 'pause', args: [], interrupted: 'ERESTARTNOHAND'},
      {type: 'signal', name: 'SIGTERM', info: '{si_signo=SIGTERM, si_code=SI_USER, si_pid=9, si_uid=0}'},
    ])
  })

  it('are lines of JSON', () => {
    const it = trace({isJson: true})
    it.start()
    enter('close', 1)
    leave(0)
    it.close()
    const {time, durationNs, ...event} = JSON.parse(written())
    expect(event).toEqual({type: 'syscall', pid: 7, name: 'close', args: ['1'], result: 0})
    expect(Math.abs(time - Date.now() / 1000)).toBeLessThan(60)
  })
})

describe('stamps', () => {
  const SECOND_NS = 1e9

  it('are the time of day, with microseconds, or seconds since 1970', () => {
    expect(stampsOf(undefined, false)(0)).toBe('')
    expect(stampsOf('seconds', false)(SECOND_NS)).toMatch(/^\d\d:\d\d:\d\d $/)
    expect(stampsOf('microseconds', false)(SECOND_NS)).toMatch(/^\d\d:\d\d:\d\d\.\d{6} $/)
    const epoch = stampsOf('epoch', false)(monotonicNs())
    expect(epoch).toMatch(/^\d+\.\d{6} $/)
    expect(Math.abs(Number(epoch) - Date.now() / 1000)).toBeLessThan(60)
  })

  it('are the time since the one before', () => {
    const relative = stampsOf(undefined, true)
    expect([SECOND_NS, SECOND_NS + 1500, 2 * SECOND_NS].map(relative)).toEqual([
      '     0.000000 ',
      '     0.000001 ',
      '     0.999998 ',
    ])
    expect(stampsOf('seconds', true)(0)).toMatch(/^\d\d:\d\d:\d\d \(\+ {5}0\.000000\) $/)
  })
})
