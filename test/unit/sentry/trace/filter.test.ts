// strace's -e expressions: which calls, signals and outcomes they match, and which words are refused.

import {existsSync, readFileSync} from 'node:fs'
import {describe, expect, it, test} from 'vitest'
import {SIGINT, SIGTERM, SIGUSR1} from '../../../../src/abi/signal.ts'
import {arch} from '../../../../src/arch/index.ts'
import {table} from '../../../../src/sentry/syscalls/table.ts'
import {TraceFilter} from '../../../../src/sentry/trace/filter.ts'
import {kindOf} from '../../../../src/sentry/trace/kinds/index.ts'
import type {TraceFilters} from '../../../../src/sentry/trace/options.ts'
import {unanswered} from '../../../../src/sentry/trace/unanswered.ts'

const rows = [...table, ...unanswered]
const taken = (calls: string) => {
  const filter = new TraceFilter({calls})
  return rows.filter((row) => filter.takesCall(row)).map(({name}) => name)
}

describe('a set of calls', () => {
  it('is of names, classes, regular expressions and numbers', () => {
    expect(taken('read,write')).toEqual(['read', 'write'])
    expect(taken('/^sched_get_')).toEqual(['sched_get_priority_max', 'sched_get_priority_min'])
    expect(taken(String(table.find(({name}) => name === 'openat')![arch.name]))).toEqual(['openat'])
    expect(taken('%lstat,close')).toEqual(arch.name === 'x86_64' ? ['close', 'lstat'] : expect.anything())
  })

  it('is everything, nothing, or all that is not named', () => {
    expect(taken('all')).toHaveLength(rows.length)
    expect(taken('none')).toEqual([])
    expect(taken('!none')).toHaveLength(rows.length)
    expect(taken('!%file')).not.toContain('openat')
    expect(taken('!%file').length + taken('%file').length).toBe(rows.length)
    expect(taken('!!read')).toEqual(['read'])
  })

  it('has a call that nobody knows only when it is not a choice', () => {
    expect(new TraceFilter({}).takesCall(undefined)).toBe(true)
    expect(new TraceFilter({calls: '!read'}).takesCall(undefined)).toBe(true)
    expect(new TraceFilter({calls: 'read,%desc'}).takesCall(undefined)).toBe(false)
  })

  it('takes a name that is not there behind a question mark', () => {
    expect(taken('?no_such_call,read')).toEqual(['read'])
  })
})

describe('a class', () => {
  const word = (kind: string) => (name: string) =>
    rows
      .find((row) => row.name === name)!
      .args.split(' ')
      .includes(kind)

  it('of files has every call with a path, and getcwd', () => {
    expect(taken('%file')).toEqual(
      expect.arrayContaining(['openat', 'getcwd', 'execve', 'symlinkat', 'mount']),
    )
    expect(taken('!file').filter(word('path'))).toEqual([])
  })

  it('of descriptors has every call that takes or gives one, but for sockets', () => {
    expect(taken('desc')).toEqual(
      expect.arrayContaining([
        'read',
        'openat',
        'open',
        'mmap',
        'poll',
        'select',
        'pipe2',
        'eventfd2',
        'memfd_create',
      ]),
    )
    expect(taken('%network')).toEqual(expect.arrayContaining(['socket', 'sendfile']))
    expect(taken('!%desc,%network').filter(word('fd'))).toEqual([])
  })

  it('is named without % only where strace always had it', () => {
    expect(taken('memory')).toContain('mmap')
    expect(() => taken('clock')).toThrow(/no system call or class "clock"/)
    expect(taken('%clock')).toContain('clock_gettime')
    expect(taken('%%stat')).toEqual(expect.arrayContaining(['newfstatat', 'statx']))
  })
})

test('signals are known by name, short name and number', () => {
  const filter = new TraceFilter({signals: 'SIGINT,term'})
  expect([SIGINT, SIGTERM, SIGUSR1].map((signal) => filter.takesSignal(signal))).toEqual([true, true, false])
  expect(new TraceFilter({signals: '!10'}).takesSignal(10)).toBe(false)
})

test('a status is what became of the call', () => {
  const filter = new TraceFilter({statuses: 'failed'})
  expect(filter.takesOutcome('error')).toBe(true)
  expect(filter.takesOutcome('interrupted')).toBe(true)
  expect(filter.takesOutcome('result')).toBe(false)
  expect([filter.waitsForOutcome, new TraceFilter({}).waitsForOutcome]).toEqual([true, false])
})

test.each<[TraceFilters, RegExp]>([
  [{calls: 'opne'}, /no system call or class "opne"/],
  [{calls: '%nonsense'}, /no system call or class "%nonsense"/],
  [{calls: '%constructor'}, /no system call or class/],
  [{calls: '/('}, /is no regular expression/],
  [{calls: '/nothing_is_called_so'}, /no system call/],
  [{calls: '99999'}, /no system call/],
  [{calls: ''}, /is empty/],
  [{calls: '!'}, /is empty/],
  [{signals: 'SIGNONE'}, /no signal "SIGNONE"/],
  [{signals: '65'}, /no signal/],
  [{statuses: 'great'}, /no status "great"/],
])('%j is refused', (filters, message) => {
  expect(() => new TraceFilter(filters)).toThrow(
    expect.objectContaining({code: 'BAD_ARGUMENT', message: expect.stringMatching(message)}),
  )
})

describe('calls that are not answered', () => {
  const headers = {
    x86_64: '/usr/include/x86_64-linux-gnu/asm/unistd_64.h',
    arm64: '/usr/include/asm-generic/unistd.h',
  }

  for (const name of ['x86_64', 'arm64'] as const) {
    const only = name === 'x86_64' ? ' (only x86_64)' : ''
    it.skipIf(!existsSync(headers[name]))(`have the kernel’s numbers of ${name}${only}`, () => {
      const text = readFileSync(headers[name], 'latin1')
      const numbers = new Map(
        [...text.matchAll(/^#define __NR(?:3264)?_(\w+)\s+(\d+)/gm)].map(([, call, number]) => [
          call,
          Number(number),
        ]),
      )
      expect(numbers.size).toBeGreaterThan(200)
      const wrong = unanswered.filter((row) => numbers.has(row.name) && numbers.get(row.name) !== row[name])
      expect(wrong.map((row) => [row.name, row[name], numbers.get(row.name)])).toEqual([])
    })
  }

  it('are not in the table, and have kinds', () => {
    const known = new Set(table.map(({name}) => name))
    expect(unanswered.filter(({name}) => known.has(name))).toEqual([])
    const words = unanswered.flatMap(({args}) => args.split(' '))
    expect(words.filter((kind) => kindOf(kind) === undefined)).toEqual([])
  })
})
