// RemoteSentry over a process that this test plays: what comes through its socket, and through pipes beside it.

import {EventEmitter} from 'node:events'
import {closeSync, writeSync} from 'node:fs'
import {expect, test} from 'vitest'
import {addon} from '../../../../src/addon.ts'
import {RemoteSentry} from '../../../../src/sandbox/owner/remote-sentry.ts'
import type {SentryProcess} from '../../../../src/sandbox/owner/sentry-process.ts'
import type {LiveMessage} from '../../../../src/sandbox/owner/streams/live-run.ts'
import {encodeFrame} from '../../../../src/sandbox/protocol/frames.ts'
import type {RunRequest} from '../../../../src/sandbox/protocol/messages.ts'

const READY = {
  kind: 'ready',
  platform: {name: 'kvm', reason: '', costs: {trapNs: 1, lookNs: 1, pageNs: 1}},
  jail: [],
}
const RESULT = {exitCode: 0, signal: null, timedOut: false, stats: {}}
const FINISHED = {kind: 'finished', run: 1, finished: {pid: 2, result: RESULT, outputTruncated: false}}
const REQUEST: Omit<RunRequest, 'id'> = {
  ...{kind: 'run', program: 'p', args: [], env: {}, live: 'all'},
  ...{stdin: new Uint8Array(0), maxOutputBytes: 0},
}

/** A sentry's process as its owner sees it. It owns the descriptors that it is passed. */
class PlayedProcess {
  readonly socket = Object.assign(new EventEmitter(), {
    writable: true,
    write: (bytes: Uint8Array, done: () => void) => {
      this.heard.push(Buffer.from(bytes).toString('latin1'))
      queueMicrotask(done)
    },
  })
  /** What its owner said. */
  readonly heard: string[] = []
  readonly fds: number[] = []
  readonly isAlive = true
  isKilled = false

  pass(fd: number): void {
    const [owner, process] = addon.passingPair()
    addon.passDescriptor(owner, fd)
    this.fds.push(addon.takeDescriptor(process))
    addon.hostClose(owner)
    addon.hostClose(process)
  }

  say(message: {kind: string}): void {
    this.socket.emit('data', encodeFrame(message))
  }

  kill(): void {
    this.isKilled = true
  }

  ref(): void {}
  unref(): void {}
}

test('what a program writes may be heard before that it has started, and its process is not told that it was taken', async () => {
  const played = new PlayedProcess()
  const starting = RemoteSentry.start(played as unknown as SentryProcess, {} as never, {
    handlers: {},
    serviceHandlers: [],
  })
  played.say(READY)
  const sentry = await starting
  const heard: string[] = []
  let say!: (said: LiveMessage) => void
  const output = new Promise<void>((resolve) => {
    const live = {
      began: (tell: (said: LiveMessage) => void) => {
        say = tell
      },
      received: ({kind}: {kind: string}) => {
        heard.push(kind)
        if (kind === 'output') resolve()
      },
    }
    void sentry.run(REQUEST, {live, onLimit: () => {}}).then(() => heard.push('finished'))
  })
  writeSync(played.fds[0], 'early')
  await output
  // This would disturb the process, whose stream tells it of room.
  say({kind: 'room', fd: 1, bytes: 5})
  played.say({kind: 'started', run: 1, pid: 2} as {kind: string})
  for (const fd of played.fds) closeSync(fd)
  played.say(FINISHED)
  await expect.poll(() => heard).toEqual(['output', 'started', 'finished'])
  expect(played.isKilled).toBe(false)
  expect(played.heard.filter((said) => said.includes('room'))).toEqual([])
})
