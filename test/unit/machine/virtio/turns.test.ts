// Turns: how much work is done at once, and when it goes on.

import {setImmediate as nextTurn} from 'node:timers/promises'
import {expect, test} from 'vitest'
import {Turns} from '../../../../src/machine/virtio/turns.ts'

/** @returns the turns, and how many of the `work` steps, each of `bytes`, they have done */
function makeTurns(work: number, bytes = 0) {
  const done = {steps: 0}
  const turns = new Turns(() => {
    if (done.steps === work) return undefined
    done.steps++
    return bytes
  })
  return {turns, done}
}

test('what is small is done at once', () => {
  const {turns, done} = makeTurns(256)
  turns.wake()
  expect(done.steps).toBe(256)
})

test.each([
  ['many steps', 1000, 0, [256, 512, 768, 1000]],
  ['many bytes', 40, 1 << 17, [8, 16, 24, 32, 40]],
])('%s go in turns of the event loop', async (_, work, bytes, expected) => {
  const {turns, done} = makeTurns(work, bytes)
  const seen: number[] = []
  for (const _turn of expected) {
    // Waking it more often changes nothing.
    turns.wake()
    turns.wake()
    seen.push(done.steps)
    await nextTurn()
  }
  expect(seen).toEqual(expected)
})

test('who is woken later begins in the next turn, and not after a stop', async () => {
  const [first, second] = [makeTurns(5), makeTurns(5)]
  for (const {turns} of [first, second]) turns.wakeLater()
  second.turns.stop()
  expect(first.done.steps).toBe(0)
  await nextTurn()
  expect([first.done.steps, second.done.steps]).toEqual([5, 0])
})

test('a step that wakes its own turns is followed by another one', () => {
  let steps = 0
  const turns: Turns = new Turns(() => {
    steps++
    if (steps < 3) turns.wake()
    return undefined
  })
  turns.wake()
  expect(steps).toBe(3)
})
