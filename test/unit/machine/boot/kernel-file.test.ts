// KernelFile: a file's bytes on their way into memory, and what a file may do meanwhile.

import {mkdtempSync, rmSync, truncateSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterEach, beforeEach, expect, test} from 'vitest'
import {KernelFile} from '../../../../src/machine/boot/kernel-file.ts'
import {bytesOf} from '../../../../src/machine/boot/source.ts'

let folder: string
let path: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hv-kernel-'))
  path = join(folder, 'vmlinuz')
  writeFileSync(path, 'a kernel')
})
afterEach(() => rmSync(folder, {recursive: true}))

test('is read at any place, any number of times', () => {
  using file = new KernelFile(path, 'kernel')
  expect(file.length).toBe(8)
  expect([bytesOf(file, 2, 6), bytesOf(file, 0, 1), bytesOf(file, 6, 100)].map(String)).toEqual([
    'kernel',
    'a',
    'el',
  ])
  for (const offset of [8, 2 ** 40]) expect(bytesOf(file, offset, 1)).toHaveLength(0)
})

test('that becomes shorter while it is read is refused, and nothing waits', () => {
  using file = new KernelFile(path, 'kernel')
  truncateSync(path, 4)
  expect(() => bytesOf(file, 0, 8)).toThrow('vmlinuz has become shorter')
})
