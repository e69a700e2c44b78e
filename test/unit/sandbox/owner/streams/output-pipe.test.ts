// OutputPipe: the owner's end, against an attacker in the process that writes.

import {closeSync, writeSync} from 'node:fs'
import {setTimeout as sleep} from 'node:timers/promises'
import {afterEach, expect, test, vi} from 'vitest'
import {OutputPipe} from '../../../../../src/sandbox/owner/streams/output-pipe.ts'
import {WINDOW_BYTES} from '../../../../../src/sandbox/protocol/messages.ts'

const PIECE = new Uint8Array(32 << 10)
let taken = 0
let pipes: Record<1 | 2, OutputPipe>

function open(): OutputPipe {
  taken = 0
  pipes = OutputPipe.open((_fd, bytes) => {
    taken += bytes.length
  })!
  return pipes[1]
}

/** Writes in pieces, with a turn of the event loop after each. */
async function writeAll(fd: number, total: number): Promise<void> {
  for (let done = 0; done < total; done += PIECE.length) {
    writeSync(fd, PIECE)
    await sleep(0)
  }
}

afterEach(() => {
  vi.useRealTimers()
  for (const pipe of Object.values(pipes)) pipe.shut()
})

test('takes its window, and what the pipe has at the end', async () => {
  const pipe = open()
  await writeAll(pipe.writer, WINDOW_BYTES + 2 * PIECE.length)
  await sleep(20)
  expect(taken).toBeLessThanOrEqual(WINDOW_BYTES + 2 * PIECE.length)
  pipe.passed()
  pipes[2].passed()
  expect(await pipe.drain()).toBe(true)
  expect(taken).toBe(WINDOW_BYTES + 2 * PIECE.length)
  expect(await pipes[2].drain()).toBe(true)
})

test('whoever holds its end open has ten seconds', async () => {
  vi.useFakeTimers({toFake: ['setTimeout', 'clearTimeout']})
  const pipe = open()
  const drained = pipe.drain()
  await vi.advanceTimersByTimeAsync(10_000)
  expect(await drained).toBe(false)
  closeSync(pipe.writer)
})

test('whoever goes on writing is cut off after a window', async () => {
  const pipe = open()
  let hasEnded: boolean | undefined
  const drained = pipe.drain().then((ended) => {
    hasEnded = ended
  })
  while (hasEnded === undefined && taken < 8 * WINDOW_BYTES) await writeAll(pipe.writer, PIECE.length)
  await drained
  expect(hasEnded).toBe(false)
  expect(taken).toBeLessThanOrEqual(3 * WINDOW_BYTES + 4 * PIECE.length)
  closeSync(pipe.writer)
})
