// PipeOutput: to the program that writes, the stream is a pipe.

import {closeSync, readSync} from 'node:fs'
import {afterEach, beforeEach, expect, test} from 'vitest'
import {EAGAIN, EPIPE} from '../../../../src/abi/errno.ts'
import {POLLERR, POLLOUT} from '../../../../src/abi/open-flags.ts'
import {addon} from '../../../../src/addon.ts'
import {PipeOutput} from '../../../../src/sandbox/sentry/pipe-output.ts'
import {HostWatch} from '../../../../src/sentry/fd/host-watch.ts'

const PIECE = new Uint8Array(1 << 16)
let reader: number
let output: PipeOutput

beforeEach(() => {
  const [ours, theirs] = addon.outputPair()
  reader = ours
  output = new PipeOutput(theirs, new HostWatch({watch: () => {}}))
})
afterEach(() => output.close())

function fill(): number {
  let written = 0
  try {
    for (;;) written += output.append(PIECE)
  } catch (error) {
    expect(error).toMatchObject({code: EAGAIN})
  }
  return written
}

test('it takes what fits, says when it is full, and has room when much was read, not at once', () => {
  const written = fill()
  expect(written).toBeGreaterThan(PIECE.length)
  expect(output.readiness()).toBe(0)
  readSync(reader, new Uint8Array(4096))
  expect(output.readiness()).toBe(0)
  for (let left = written - 4096; left > 0; ) left -= readSync(reader, new Uint8Array(left))
  expect(output.readiness()).toBe(POLLOUT)
  expect(fill()).toBe(written)
  closeSync(reader)
})

test.each([
  ['empty', () => 0],
  ['full', fill],
])('when its reader is gone, who writes gets EPIPE: %s', (_what, prepare) => {
  prepare()
  closeSync(reader)
  expect(output.readiness()).toBe(POLLOUT | POLLERR)
  expect(() => output.append(PIECE)).toThrow(expect.objectContaining({code: EPIPE}))
  // As on Linux, nothing to write is no error.
  expect(output.append(PIECE.subarray(0, 0))).toBe(0)
})
