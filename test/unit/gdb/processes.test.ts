// A session of gdb's remote protocol over a target with several processes: forks, their packets, and caught system calls.

import {beforeEach, describe, expect, test} from 'vitest'
import type {CaughtCalls, ForkKind} from '../../../src/gdb/target.ts'
import {FakeGdb, FakeTarget} from '../../helpers/gdb.ts'

/** Process 2 with threads 2 and 3, and process 9. */
class Processes extends FakeTarget {
  override tids = [2, 3, 9]
  forks: ReadonlySet<ForkKind> = new Set()
  calls: [CaughtCalls, number] | undefined
  hasUntold = false
  tellsThreads = false

  processes(): readonly number[] {
    return [...new Set(this.tids.map((tid) => this.processOf(tid)))]
  }

  processOf(thread: number): number {
    return thread === 3 ? 2 : thread
  }

  catchForks(kinds: ReadonlySet<ForkKind>): void {
    this.forks = kinds
  }

  catchCalls(calls: CaughtCalls, thread: number): void {
    this.calls = [calls, thread]
  }

  tellThreads(isTold: boolean): void {
    this.tellsThreads = isTold
  }

  override kill(process?: number): void {
    this.events.push(`kill ${process}`)
    this.#remove(process)
  }

  override detach(process?: number): void {
    this.events.push(`detach ${process}`)
    this.#remove(process)
  }

  #remove(process: number | undefined): void {
    this.tids = this.tids.filter((tid) => process !== undefined && this.processOf(tid) !== process)
  }
}

let target: Processes
let gdb: FakeGdb
beforeEach(() => {
  target = new Processes()
  gdb = new FakeGdb(target)
  gdb.ask('qSupported:multiprocess+;swbreak+;fork-events+;vfork-events+;exec-events+;no-resumed+')
})

test('the target is told which forks gdb knows of', () => {
  expect([...target.forks]).toEqual(['fork', 'vfork'])
  const features = gdb.ask('qSupported:multiprocess+;fork-events+')
  expect([...target.forks]).toEqual(['fork'])
  for (const feature of ['multiprocess+', 'fork-events+', 'vfork-events+', 'exec-events+', 'QCatchSyscalls+'])
    expect(features!.split(';')).toContain(feature)
})

test.each([
  [{what: 'fork', thread: 3, child: 9}, /^T05.*;thread:p2\.3;fork:p9\.9;$/],
  [{what: 'vfork', thread: 2, child: 9}, /^T05.*;thread:p2\.2;vfork:p9\.9;$/],
  [{what: 'vforkdone', thread: 2}, /^T05.*;thread:p2\.2;vforkdone:;$/],
  [{what: 'syscall_entry', thread: 3, call: 39}, /^T05.*;thread:p2\.3;syscall_entry:27;$/],
  [{what: 'syscall_return', thread: 3, call: 231}, /^T05.*;thread:p2\.3;syscall_return:e7;$/],
  [{what: 'thread-created', thread: 3}, /^T05.*;thread:p2\.3;create:;$/],
  [{what: 'thread-exited', gone: 4, process: 2, code: 7}, /^w07;p2\.4$/],
  [{what: 'exited', code: 5, process: 9}, /^W05;process:9$/],
  [{what: 'killed', signal: 9, process: 2}, /^X09;process:2$/],
] as const)('a stop that is $0.what', (stop, reply) => {
  gdb.ask('vCont;c')
  target.stop(stop)
  expect(gdb.heard.at(-1)).toMatch(reply)
})

test.each([
  ['vCont;c:p9.-1', [{thread: undefined, process: 9, kind: 'go', signal: 0}]],
  [
    'vCont;s:p2.3;c:p2.-1',
    [
      {thread: 3, process: 2, kind: 'step', signal: 0},
      {process: 2, kind: 'go', signal: 0},
    ],
  ],
  ['vCont;c:p-1.-1', [{kind: 'go', signal: 0}]],
])('%s resumes threads of that process alone', (packet, resumptions) => {
  expect(gdb.ask(packet)).toBeUndefined()
  expect(target.resumed).toEqual([resumptions])
})

describe('threads', () => {
  test('have their processes’ numbers', () => {
    expect(gdb.ask('qfThreadInfo')).toBe('mp2.2,p2.3,p9.9')
    expect(gdb.ask('Tp2.3')).toBe('OK')
    expect(gdb.ask('Tp5.5')).toBe('E01')
  })

  test('are told of as they begin and end, if gdb says so', () => {
    expect(gdb.ask('QThreadEvents:1')).toBe('OK')
    expect(target.tellsThreads).toBe(true)
    expect(gdb.ask('QThreadEvents:0')).toBe('OK')
    expect(target.tellsThreads).toBe(false)
    expect(gdb.ask('QThreadEvents:2')).toBe('E01')
  })

  test('any one of a process is one of that process', () => {
    expect(gdb.ask('Hgp9.0')).toBe('OK')
    expect(gdb.ask('qC')).toBe('QCp9.9')
    expect(gdb.ask('Hgp0.0')).toBe('OK')
    expect(gdb.ask('qC')).toBe('QCp9.9')
    expect(gdb.ask('Hgp5.0')).toBe('E01')
  })
})

describe('a process', () => {
  test('is detached alone, and the last one ends the session', () => {
    gdb.ask('Hgp9.9')
    expect(gdb.ask('D;9')).toBe('OK')
    expect(gdb.ask('qC')).toBe('QCp2.2')
    expect(gdb.ask('D;9')).toBe('E01')
    expect(gdb.isClosed).toBe(false)
    expect(gdb.ask('D;2')).toBe('OK')
    expect(target.events.slice(1)).toEqual(['detach 9', 'detach undefined'])
    expect(gdb.isClosed).toBe(true)
  })

  test('is killed alone, and the session goes on', () => {
    expect(gdb.ask('vKill;2')).toBe('OK')
    expect(gdb.ask('qC')).toBe('QCp9.9')
    expect(target.events.slice(1)).toEqual(['kill 2'])
  })

  test('that has ended is told of, though no thread is left', () => {
    target.tids = []
    target.hasUntold = true
    expect(gdb.ask('vCont;c')).toBeUndefined()
    expect(target.resumed).toHaveLength(1)
  })
})

test.each([
  ['QCatchSyscalls:1', 'all'],
  ['QCatchSyscalls:0', 'none'],
  ['QCatchSyscalls:1;27;e7', new Set([39, 231])],
] as const)('%s', (packet, calls) => {
  gdb.ask('Hgp9.9')
  expect(gdb.ask(packet)).toBe('OK')
  expect(target.calls).toEqual([calls, 9])
})

test.each([
  'QCatchSyscalls',
  'QCatchSyscalls:2',
  'QCatchSyscalls:1;x',
  `QCatchSyscalls:1${';1'.repeat(2000)}`,
])('nonsense is refused: %s', (packet) => {
  expect(gdb.ask(packet)).toBe('E01')
  expect(target.calls).toBeUndefined()
})
