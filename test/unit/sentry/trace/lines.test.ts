// The lines of a trace: their order, their form, and when they are written.

import {closeSync, mkdtempSync, openSync, readFileSync, rmSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterEach, beforeEach, describe, expect, it} from 'vitest'
import {EBADF, ENOENT, ENOSYS} from '../../../../src/abi/errno.ts'
import {faultInfo, killInfo, SI_USER} from '../../../../src/abi/siginfo.ts'
import {SIGKILL, SIGSEGV, SIGSYS, SIGTERM, SIGUSR1} from '../../../../src/abi/signal.ts'
import type {Row} from '../../../../src/sentry/core/syscall.ts'
import {CallTracer} from '../../../../src/sentry/trace/call-tracer.ts'
import {LineSink} from '../../../../src/sentry/trace/line-sink.ts'
import {LineWriter} from '../../../../src/sentry/trace/line-writer.ts'
import {NO_STAMPS} from '../../../../src/sentry/trace/stamps.ts'
import {rowOf, TracedTask} from './traced-task.ts'

const SEGV_MAPERR = 1
const TIME = /<\d+\.\d{6}>/

let directory: string
let fd: number
let writer: LineWriter
let tracer: CallTracer

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'trace-'))
  fd = openSync(join(directory, 'out'), 'w')
  writer = new LineWriter(fd)
  tracer = tracerTo(writer)
})

afterEach(() => {
  writer.end()
  closeSync(fd)
  rmSync(directory, {recursive: true})
})

const tracerTo = (to: LineWriter): CallTracer =>
  new CallTracer(new LineSink(to, {showsDurations: true, stamps: NO_STAMPS}))

/** The program of `t` ends. */
function end(t: TracedTask, exit: {code?: number; signal?: number}): void {
  t.task.process.exit = {code: exit.code, signal: exit.signal}
  tracer.exited(t.task.process)
}

const written = (): string => readFileSync(join(directory, 'out'), 'latin1')

/** All lines, with `<t>` for times. */
function lines(): string[] {
  writer.flush()
  return written()
    .trimEnd()
    .split('\n')
    .map((line) => line.replace(TIME, '<t>'))
}

function enter(t: TracedTask, row: Row | undefined, ...args: (number | string)[]): void {
  t.place(args)
  tracer.enter(t.task, row)
}

describe('a line', () => {
  it('has its result in column 40, or behind a longer call', () => {
    const t = new TracedTask()
    enter(t, rowOf('close'), 3)
    tracer.leave(t.task, -EBADF)
    enter(t, rowOf('open'), `/${'x'.repeat(40)}`, 0)
    tracer.leave(t.task, -ENOENT)
    expect(lines()).toEqual([
      `${'close(3)'.padEnd(40)}= -1 EBADF (Bad file descriptor) <t>`,
      `open("/${'x'.repeat(40)}", O_RDONLY) = -1 ENOENT (No such file or directory) <t>`,
    ])
  })

  it('shows all six words of a call without a row, under its number', () => {
    const t = new TracedTask()
    Object.assign(t.task.context, {callNumber: 500})
    enter(t, undefined, 1, 0, 3, 4, 5, 6)
    tracer.leave(t.task, -ENOSYS)
    expect(lines()).toEqual([
      'syscall_0x1f4(0x1, 0, 0x3, 0x4, 0x5, 0x6) = -1 ENOSYS (Function not implemented) <t>',
    ])
  })

  it('shows a word that has no kind in hex', () => {
    const t = new TracedTask()
    enter(t, {name: 'new', run: () => 0, args: 'never_heard_of int', promises: 'stdio'}, 255, 255)
    tracer.leave(t.task, 0)
    expect(lines()).toEqual([`${'new(0xff, 255)'.padEnd(40)}= 0 <t>`])
  })
})

describe('a call that sleeps', () => {
  it('is written as far as it is known, and ended on the same line', () => {
    const t = new TracedTask()
    enter(t, rowOf('read'), 0, t.string('abc'), 3)
    tracer.blocked(t.task)
    expect(written()).toBe('read(0, ')
    tracer.leave(t.task, 3)
    expect(lines()).toEqual([`${'read(0, "abc", 3)'.padEnd(40)}= 3 <t>`])
  })

  it('is resumed on another line when something came between', () => {
    const [a, b] = [new TracedTask(), new TracedTask()]
    enter(a, rowOf('pause'))
    tracer.blocked(a.task)
    enter(b, rowOf('getuid'))
    tracer.leave(b.task, 0)
    tracer.leave(a.task, 0)
    const [first, second, third] = lines()
    expect(first).toBe('pause( <unfinished ...>')
    expect(second).toMatch(/^getuid\(\) +=/)
    expect(third).toMatch(/^<\.\.\. pause resumed>\) +=/)
  })

  it('ends before the signal that kills its process', () => {
    const t = new TracedTask()
    enter(t, rowOf('pause'))
    tracer.blocked(t.task)
    tracer.signal(t.task, SIGTERM, killInfo(SIGTERM, SI_USER, 9, 1000))
    end(t, {signal: SIGTERM})
    expect(written().replace(TIME, '<t>')).toBe(
      `${'pause()'.padEnd(40)}= ? ERESTARTNOHAND (To be restarted if no handler) <t>\n` +
        '--- SIGTERM {si_signo=SIGTERM, si_code=SI_USER, si_pid=9, si_uid=1000} ---\n' +
        '+++ killed by SIGTERM +++\n',
    )
  })

  it('does not end when its process is killed', () => {
    const t = new TracedTask()
    enter(t, rowOf('read'), 0, 0x5000, 3)
    tracer.blocked(t.task)
    tracer.signal(t.task, SIGKILL, killInfo(SIGKILL, SI_USER, 9, 0))
    end(t, {signal: SIGKILL})
    expect(written()).toBe(`${'read(0,  <unfinished ...>)'.padEnd(40)}= ?\n+++ killed by SIGKILL +++\n`)
  })

  it('is not a call that is punished by a signal: that one never returns', () => {
    const t = new TracedTask()
    enter(t, rowOf('getpid'))
    tracer.signal(t.task, SIGSYS, killInfo(SIGSYS, SI_USER, 7, 0))
    expect(lines()[0]).toBe(`${'getpid()'.padEnd(40)}= ?`)
  })

  it('says how the kernel would go on when a handler runs', () => {
    const t = new TracedTask()
    enter(t, rowOf('read'), 0, 0x5000, 3)
    tracer.blocked(t.task)
    t.task.signals.interrupted = {restart: 'sa-restart', callNumber: 0, firstArgument: 0n}
    tracer.leave(t.task, undefined)
    tracer.signal(t.task, SIGUSR1, killInfo(SIGUSR1, SI_USER, 1, 0))
    expect(lines()[0]).toMatch(
      /^read\(0, 0x5000, 3\) += \? ERESTARTSYS \(To be restarted if SA_RESTART is set\) <t>$/,
    )
  })
})

describe('the end', () => {
  it('shows the call that never returns', () => {
    const t = new TracedTask()
    enter(t, rowOf('exit_group'), 3)
    end(t, {code: 3})
    tracer.blocked(t.task)
    expect(written()).toBe(`${'exit_group(3)'.padEnd(40)}= ?\n+++ exited with 3 +++\n`)
  })

  it('leaves no listener on the process', () => {
    const before = process.listenerCount('exit')
    writer.end()
    expect(process.listenerCount('exit')).toBe(before - 1)
  })
})

describe('writing', () => {
  it('keeps lines together until something happens', () => {
    const t = new TracedTask()
    enter(t, rowOf('getpid'))
    tracer.leave(t.task, 7)
    expect(written()).toBe('')
    tracer.signal(t.task, SIGSEGV, faultInfo(SIGSEGV, SEGV_MAPERR, 16))
    expect(written().split('\n')[1]).toBe(
      '--- SIGSEGV {si_signo=SIGSEGV, si_code=SEGV_MAPERR, si_addr=0x10} ---',
    )
  })

  it('goes on without a descriptor that takes nothing', () => {
    const full = openSync('/dev/full', 'w')
    const broken = new LineWriter(full)
    const other = tracerTo(broken)
    const t = new TracedTask()
    t.place([])
    for (let i = 0; i < 3; i++) {
      other.enter(t.task, rowOf('getpid'))
      other.leave(t.task, 7)
    }
    expect(() => broken.end()).not.toThrow()
    closeSync(full)
  })
})
