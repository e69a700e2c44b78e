// LiveStreams: the sentry's ends of a live run's streams, and what is left of them.

import {expect, test} from 'vitest'
import type {LiveReply, WithoutRun} from '../../../../src/sandbox/protocol/messages.ts'
import {LiveStreams} from '../../../../src/sandbox/sentry/live-streams.ts'
import {TimerQueue} from '../../../../src/sentry/time/timers.ts'
import {Budget} from '../../../../src/vfs/budget.ts'
import {nativeHost} from '../../../../src/vfs/native-host.ts'
import {VirtualFileSystem} from '../../../../src/vfs/virtual-file-system.ts'

function open() {
  const budget = new Budget()
  const said: WithoutRun<LiveReply>[] = []
  const streams = new LiveStreams((reply) => said.push(reply), {
    vfs: new VirtualFileSystem(nativeHost),
    budget,
    timers: new TimerQueue(nativeHost.clock),
  })
  return {budget, said, streams}
}

test('a program that has ended leaves what it wrote, and no pipe', () => {
  const {budget, said, streams} = open()
  streams.files[1].write(Uint8Array.of(1, 2, 3))
  for (const file of streams.files) file.close()
  streams.finish()
  expect(said).toEqual([{kind: 'output', fd: 1, bytes: Uint8Array.of(1, 2, 3)}])
  expect([budget.pipePages, budget.used]).toEqual([0, 0])
})

test('neither does one that could not be loaded, whatever it was to read', () => {
  const {budget, said, streams} = open()
  streams.take({kind: 'input', run: 1, bytes: new Uint8Array(100_000), isEnd: false})
  expect(budget.pipePages).toBeGreaterThan(0)
  streams.abandon()
  streams.finish()
  expect(said.filter(({kind}) => kind !== 'took')).toEqual([])
  expect([budget.pipePages, budget.used]).toEqual([0, 0])
})
