// The last lines of `hv run`: they name what a program asked for in vain only where it failed and may have needed it.

import {expect, test} from 'vitest'
import {closingLines} from '../../../src/cli/closing-lines.ts'
import type {RunOptions, RunResult} from '../../../src/launch/options.ts'

const lines = (exitCode: number, refused: Record<string, number>) =>
  closingLines({program: 'p'} as RunOptions, {exitCode, signal: null, refused} as unknown as RunResult, false)

test('a program that fails for what hv lacks is told so, one that succeeds is not', () => {
  expect(lines(1, {io_uring_setup: 2})).toEqual([
    'it asked for io_uring (io_uring_setup), which hv does not have',
  ])
  expect(lines(1, {ptrace: 1})).toEqual([
    'it asked for a part of ptrace that hv does not have: `hv trace` and `--gdb` work from outside',
  ])
  expect(lines(1, {socket: 3})).toEqual(['the program asked for a network, and hv gives it none'])
  expect(lines(0, {io_uring_setup: 2, ptrace: 1, socket: 1})).toEqual([])
})

test('a call that programs do without is not named', () => {
  expect(lines(1, {quotactl: 1})).toEqual([])
})
