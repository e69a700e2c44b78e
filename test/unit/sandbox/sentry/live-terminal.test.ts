// LiveTerminal: the sentry's end of a live run's terminal, and what is left of it.

import {expect, test} from 'vitest'
import {type LiveReply, WINDOW_BYTES, type WithoutRun} from '../../../../src/sandbox/protocol/messages.ts'
import {LiveTerminal} from '../../../../src/sandbox/sentry/live-terminal.ts'
import type {Sentry} from '../../../../src/sentry/outside/sentry.ts'
import {TimerQueue} from '../../../../src/sentry/time/timers.ts'
import {Terminals} from '../../../../src/sentry/tty/terminals.ts'
import {Budget} from '../../../../src/vfs/budget.ts'
import {ROOT} from '../../../../src/vfs/fs/tmpfs.ts'
import {nativeHost} from '../../../../src/vfs/native-host.ts'
import {FakeJobs} from '../../sentry/tty/fake-jobs.ts'
import {bytesOf, textOf} from '../../sentry/tty/typing.ts'

function open(budget = new Budget()) {
  const jobs = new FakeJobs()
  const kernel = Object.assign(jobs, {timers: new TimerQueue(nativeHost.clock)})
  const terminals = new Terminals(jobs.vfs, budget, () => kernel as never, ROOT, undefined)
  const said: WithoutRun<LiveReply>[] = []
  const sentry = {kernel, terminals, credentials: {uid: 1000}} as unknown as Sentry
  const live = new LiveTerminal((reply) => said.push(reply), sentry, {columns: 80, rows: 24})
  const shown = (): string =>
    said.flatMap((reply) => (reply.kind === 'output' ? textOf(reply.bytes) : [])).join('')
  const took = (): number => said.reduce((sum, reply) => sum + (reply.kind === 'took' ? reply.bytes : 0), 0)
  return {budget, live, shown, took, terminals}
}

const input = (bytes: Uint8Array<ArrayBuffer>, isEnd = false) =>
  ({kind: 'input', run: 1, bytes, isEnd}) as const

test('a program that has ended leaves what it wrote, and no terminal', () => {
  const {budget, live, shown, terminals} = open()
  live.files[1].write(bytesOf('a\n'))
  live.files[0].close()
  live.finish()
  expect(shown()).toBe('a\r\n')
  expect([budget.used, terminals.fs.terminalCount]).toEqual([0, 0])
})

test('neither does one that could not be loaded, whatever was typed', () => {
  const {budget, live, terminals} = open()
  live.take(input(new Uint8Array(100_000), true))
  live.abandon()
  live.finish()
  expect([budget.used, terminals.fs.terminalCount]).toEqual([0, 0])
})

test('where there is no room for a terminal, it says so', () => {
  expect(() => open(new Budget(1))).toThrow('no room for a terminal')
})

test('what nobody reads is taken as far as there is room for it, and all of it once the owner looks away', () => {
  const {live, took, terminals} = open()
  const {line} = live.terminal
  live.terminal.setModes({...line.modes, input: 0, local: 0})
  live.take(input(new Uint8Array(100_000).fill(0x61)))
  expect(took()).toBeLessThan(16_384)
  live.take({kind: 'shut', run: 1, fd: 1})
  expect(took()).toBe(100_000)
  expect(terminals.fs.terminalCount).toBe(0)
  live.take(input(new Uint8Array(5), true))
  expect(took()).toBe(100_005)
})

test('a program is told of no room beyond the window', () => {
  const {live, shown} = open()
  const text = bytesOf('x'.repeat(4096)) as Uint8Array<ArrayBuffer>
  const write = (): number => {
    try {
      return live.files[1].write(text)
    } catch {
      return 0
    }
  }
  while (write() > 0);
  expect(shown().length).toBe(WINDOW_BYTES)
  live.take({kind: 'room', run: 1, fd: 1, bytes: 100})
  expect(shown().length).toBe(WINDOW_BYTES + 100)
})

test('what was shut of a standard error that there is not shuts nothing', () => {
  const {live, shown} = open()
  live.take({kind: 'shut', run: 1, fd: 2})
  live.take({kind: 'resize', run: 1, columns: 65_535, rows: 1})
  live.files[1].write(bytesOf('y'))
  live.finish()
  expect([shown(), [...live.terminal.size]]).toEqual(['y', [1, 0, 255, 255, 0, 0, 0, 0]])
})
