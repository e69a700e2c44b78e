// What a terminal shows while something is unpacked: nothing of what is short, and no trace afterwards.

import {afterEach, beforeEach, expect, test, vi} from 'vitest'
import {ProgressBar} from '../../../src/cli/progress-bar.ts'

beforeEach(() => {
  vi.useFakeTimers({toFake: ['hrtime']})
})
afterEach(() => {
  vi.useRealTimers()
})

/** What the bar writes when it is told so at these times. */
function written(isTerminal: boolean, ...toldMs: number[]): string[] {
  const texts: string[] = []
  const bar = new ProgressBar(
    () => isTerminal,
    (text) => texts.push(text),
  )
  for (const ms of toldMs) {
    vi.advanceTimersByTime(ms)
    bar.show({layer: 2, layers: 5, part: 0.5})
  }
  bar.clear()
  bar.clear()
  return texts
}

test('what takes long has a line, which is made anew now and then, and goes at the end', () => {
  const line = `\r\x1b[Khv: unpacking layer 2 of 5 [${'='.repeat(15)}${' '.repeat(15)}] 50 %`
  expect(written(true, 100, 250, 10, 10, 100)).toEqual([line, line, '\r\x1b[K'])
})

test('what is short has none, nor has what is no terminal', () => {
  expect(written(true, 100, 100)).toEqual([])
  expect(written(false, 100, 1000)).toEqual([])
})
