// The copy-up of a large file: in parts, so that its caller can do other things in between.

import {afterEach, beforeEach, expect, test} from 'vitest'
import {O_CREAT, O_RDONLY, O_RDWR, O_TRUNC} from '../../../../src/abi/open-flags.ts'
import type {MemoryFile} from '../../../../src/platform/memory-file.ts'
import type {FileDescription} from '../../../../src/vfs/file.ts'
import {Overlay} from '../../../../src/vfs/fs/overlay.ts'
import {Tmpfs} from '../../../../src/vfs/fs/tmpfs.ts'
import {UnfinishedError} from '../../../../src/vfs/unfinished.ts'
import {memoryFile} from '../../../helpers/memory-file.ts'
import {errorOf, TestVfs} from '../../../helpers/vfs.ts'

const MIB = 1 << 20
const FILE_BYTES = 10 * MIB
let memory: MemoryFile
let vfs: TestVfs

beforeEach(() => {
  memory = memoryFile(64 * MIB)
  const lower = new TestVfs(new Tmpfs(memory))
  const file = lower.open('/large', O_CREAT | O_RDWR)
  for (let at = 0; at < FILE_BYTES; at += MIB) file.write(new Uint8Array(MIB).fill(1 + at / MIB))
  file.close()
  vfs = new TestVfs(new Overlay(lower.root.mount.fs, memory, {maxBytes: 16 * MIB}))
})

afterEach(() => {
  vfs.dispose()
  expect(memory.allocatedBytes).toBe(0)
})

/** Calls again after each part. @returns the result, and how often it called */
function insist<T>(call: () => T): [result: T, calls: number] {
  for (let calls = 1; ; calls++) {
    try {
      return [call(), calls]
    } catch (error) {
      if (!(error instanceof UnfinishedError)) throw error
    }
  }
}

test('goes on where it was, and ends with the whole content', () => {
  const [file, calls] = insist(() => vfs.open('/large', O_RDWR))
  expect(calls).toBe(3)
  const content = new Uint8Array(FILE_BYTES)
  expect(file.read(content, 0)).toBe(FILE_BYTES)
  expect(content.every((byte, at) => byte === 1 + Math.floor(at / MIB))).toBe(true)
  file.close()
})

test('shows the lower file until it is done, by any change of attributes', () => {
  const change = () => vfs.locate('/large').inode.setAttributes({mode: 0o600})
  expect(change).toThrow(UnfinishedError)
  expect(vfs.stat('/large').mode & 0o777).toBe(0o644)
  expect(insist(change)[1]).toBe(2)
  expect(vfs.stat('/large').mode & 0o777).toBe(0o600)
})

test.each([
  ['O_TRUNC', () => vfs.open('/large', O_RDWR | O_TRUNC)],
  ['the loss of its name', () => vfs.unlink('/large')],
] as [string, () => FileDescription | undefined][])(
  'is given up by %s, and its memory is free',
  (_name, end) => {
    const before = memory.allocatedBytes
    const reader = vfs.open('/large', O_RDONLY)
    expect(() => vfs.open('/large', O_RDWR)).toThrow(UnfinishedError)
    end()?.close()
    reader.close()
    expect(memory.allocatedBytes).toBe(before)
  },
)

test('of what never fits is refused at once', () => {
  vfs.write('/other', '')
  const [other] = insist(() => vfs.open('/other', O_RDWR))
  other.allocate(0, 0, 7 * MIB)
  other.close()
  const before = memory.allocatedBytes
  expect(errorOf(() => vfs.open('/large', O_RDWR))).toBe('ENOSPC')
  expect(memory.allocatedBytes).toBe(before)
})
