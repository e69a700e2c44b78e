// hv's own reader of zstd files: what it decodes, frame by frame, and what it refuses before it costs memory.

import {closeSync, openSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import * as zlib from 'node:zlib'
import {afterAll, beforeAll, expect, onTestFinished, test} from 'vitest'
import {FileBytes} from '../../../src/image/file-bytes.ts'
import {zstdPieces} from '../../../src/image/zstd.ts'
import {hostDirectory} from '../../helpers/vfs-backends.ts'

/** Lines of `line N`, N from 0 to 96 and again: 60,000 of them, in five blocks, by `zstd -19`. */
const LINES =
  'KLUv/QRotAMAAkcRD8C3Abb8ZxbZ3TslKyrODcCK7k4mnhXdHUw8K7o7l3hWdHcs8azo7lTiWdHdocSzorvzxLOiu+PEs6K7' +
  'TTwrugsmiDJIYagQ6G4G4JVlDRJIcOnb////z//8AXk9SzC4rWn0xmuoBp1tTUVe8W1mcgF2ClQAAAABAP3/rf+5BgJEAAAA' +
  'AQD9/zkAAkUAAAABAM86OQACUVR6MA=='
const TEXT = Array.from({length: 60_000}, (_, i) => `line ${i % 97}\n`).join('')
/** A frame of no byte. */
const EMPTY = Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 0x20, 0, 1, 0, 0)
const SKIPPED = Uint8Array.of(0x5f, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3)

let folder: string
let remove: () => void
beforeAll(() => {
  ;({path: folder, remove} = hostDirectory())
})
afterAll(() => remove())

function decode(...parts: Uint8Array[]): {text: string; read: number} {
  const bytes = Buffer.concat(parts)
  const path = join(folder, 'packed.zst')
  writeFileSync(path, bytes)
  const fd = openSync(path, 'r')
  onTestFinished(() => closeSync(fd))
  let read = 0
  const packed = new FileBytes({fd, path, close: () => {}}, 0, bytes.length)
  const pieces = [...zstdPieces(packed, (count) => (read += count))]
  return {text: Buffer.concat(pieces).toString('latin1'), read}
}

const lines = Buffer.from(LINES, 'base64')

test('blocks that refer to earlier ones, with a checksum, are decoded', () => {
  expect(decode(lines)).toEqual({text: TEXT, read: lines.length})
})

test('frames follow one another, among those that are skipped and those that are empty', () => {
  expect(decode(SKIPPED, lines, EMPTY, SKIPPED, lines, SKIPPED).text).toBe(TEXT + TEXT)
  const many = Array.from({length: 50_000}, () => EMPTY)
  expect(decode(...many, lines).text).toBe(TEXT)
})

test('what Node packs is decoded, where it does', () => {
  const {zstdCompressSync: pack} = zlib as {zstdCompressSync?: (data: Uint8Array) => Buffer}
  const data = Buffer.from(Array.from({length: 500_000}, (_, i) => ((i * i) >> 7) % 251))
  if (pack !== undefined) expect(decode(pack(data)).text).toBe(data.toString('latin1'))
})

test.each<[string, Uint8Array[], RegExp]>([
  ['that is cut off', [lines.subarray(0, -5)], /as no zstd file does/],
  ['with bytes behind it', [lines, Uint8Array.of(1, 2, 3)], /as no zstd file does/],
  ['with text behind it', [lines, Buffer.from('some more text')], /as no zstd file does/],
  ['whose window is 2 GiB', [Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 0, 0xa8, 1, 0, 0)], /window is larger/],
  [
    'whose content is said to be 2^60 bytes',
    [Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 0xe0, 0, 0, 0, 0, 0, 0, 0, 0x10, 1, 0, 0)],
    /window is larger/,
  ],
  ['that needs a dictionary', [Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 0x21, 7, 0, 1, 0, 0)], /dictionary/],
  [
    'with a block of a type that there is not',
    [Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 0x20, 0, 7, 0, 0)],
    /./,
  ],
])('a file %s is refused', (_, parts, message) => {
  expect(() => decode(...parts)).toThrow(message)
})
