// Frames: put together from any pieces; anything else is refused before it takes memory.

import {closeSync, mkdtempSync, openSync, rmSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {expect, test} from 'vitest'
import {encodeFrame, FrameReader, readFrame, writeFrame} from '../../../../src/sandbox/protocol/frames.ts'

const MESSAGES = [
  {message: {kind: 'taken'}, bytes: new Uint8Array(0)},
  {message: {kind: 'run', text: 'grüße \u{1f600}'}, bytes: Uint8Array.of(1, 2, 3)},
  {message: {kind: 'output', fd: 1}, bytes: new Uint8Array(100_000).fill(7)},
  {message: {kind: 'dispose'}, bytes: new Uint8Array(0)},
]
const STREAM = Buffer.concat(MESSAGES.map(({message, bytes}) => encodeFrame(message, bytes)))

function header(messageBytes: number, moreBytes: number): Buffer {
  const header = Buffer.alloc(8)
  header.writeUInt32LE(messageBytes, 0)
  header.writeUInt32LE(moreBytes, 4)
  return header
}

test.each([1, 2, 7, 8, 9, 1000, 65_536, STREAM.length])('come whole in pieces of %i bytes', (size) => {
  const reader = new FrameReader()
  const frames = []
  for (let at = 0; at < STREAM.length; at += size) frames.push(...reader.push(STREAM.subarray(at, at + size)))
  expect(frames).toEqual(MESSAGES)
})

test.each([
  ['a message too long', header(2 ** 22 + 1, 0)],
  ['too many bytes', header(2, 2 ** 20 + 1)],
  ['a message that is no JSON', Buffer.concat([header(3, 0), Buffer.from('{a}')])],
])('%s is none', (_, bytes) => {
  expect(() => new FrameReader().push(bytes)).toThrow('makes no sense')
})

test('go through a file descriptor, until its end', () => {
  const folder = mkdtempSync(join(tmpdir(), 'hv-frames-'))
  const path = join(folder, 'stream')
  try {
    const out = openSync(path, 'w')
    for (const {message, bytes} of MESSAGES) writeFrame(out, message, bytes)
    closeSync(out)
    const fd = openSync(path, 'r')
    for (const expected of MESSAGES) expect(readFrame(fd)).toEqual(expected)
    expect(readFrame(fd)).toBeUndefined()
    closeSync(fd)
  } finally {
    rmSync(folder, {recursive: true})
  }
})
