// DiskQuota: what files in memory hold, in several trees together.

import {beforeEach, expect, test} from 'vitest'
import {DiskQuota} from '../../../src/vfs/disk-quota.ts'
import {Overlay} from '../../../src/vfs/fs/overlay.ts'
import {ROOT, Tmpfs} from '../../../src/vfs/fs/tmpfs.ts'
import {memoryFile} from '../../helpers/memory-file.ts'

const PAGE = 4096
const O_RDWR = 2
const ENOSPC = expect.objectContaining({code: 28})

let disk: DiskQuota
let refusals: number
const memory = memoryFile(4 << 20)

beforeEach(() => {
  disk = new DiskQuota(8 * PAGE)
  refusals = 0
  disk.onFull = () => refusals++
})

function write({root}: Tmpfs | Overlay, name: string, pages: number) {
  const file = root.create(name, 0o644, ROOT).open(O_RDWR)
  return {file, written: file.write(new Uint8Array(pages * PAGE), 0)}
}

test('two trees share it, and a write that does not fit is short, then ENOSPC', () => {
  const [one, other] = [new Tmpfs(memory, {disk}), new Tmpfs(memory, {disk})]
  expect(write(one, 'a', 5).written).toBe(5 * PAGE)
  const {file, written} = write(other, 'b', 5)
  expect(written).toBe(3 * PAGE)
  expect(() => file.write(new Uint8Array(1), written)).toThrow(ENOSPC)
  expect(refusals).toBeGreaterThan(0)
  // Within the pages that it has.
  expect(file.write(new Uint8Array(10), 0)).toBe(10)
})

test('what is removed comes back when nobody has it open any more, and what is cut off at once', () => {
  const fs = new Tmpfs(memory, {disk})
  const {file} = write(fs, 'a', 8)
  fs.root.unlink('a')
  expect(disk.freePages).toBe(0)
  file.close()
  expect(disk.freePages).toBe(8)
  write(fs, 'b', 8).file.truncate(PAGE + 1)
  expect(disk.freePages).toBe(6)
})

test('the changes of an overlay count, copies of what lies below and fallocate too', () => {
  const lower = new Tmpfs(memory)
  write(lower, 'small', 2)
  write(lower, 'large', 9)
  const overlay = new Overlay(lower, memory, {disk})
  expect(disk.freePages).toBe(8)
  overlay.root.lookup('small').open(O_RDWR).close()
  expect(disk.freePages).toBe(6)
  expect(() => overlay.root.lookup('large').open(O_RDWR)).toThrow(ENOSPC)
  expect(() => write(overlay, 'new', 0).file.allocate(0, 0, 7 * PAGE)).toThrow(ENOSPC)
  expect(disk.freePages).toBe(6)
})

test('statfs(2) shows what is left of it, in each tree', () => {
  const [one, other] = [new Tmpfs(memory, {disk}), new Overlay(new Tmpfs(memory), memory, {disk})]
  write(one, 'a', 3)
  for (const fs of [one, other])
    expect(fs.statfs()).toMatchObject({blocks: 8, bfree: 5, bavail: 5, files: 1024})
  expect(one.statfs().ffree).toBe(other.statfs().ffree)
})

test('names and empty files are bounded, and removing one makes room', () => {
  const fs = new Tmpfs(memory, {disk})
  for (let i = 0; i < 1023; i++) fs.root.create(`${i}`, 0o644, ROOT)
  expect(() => fs.root.mkdir('more', 0o755, ROOT)).toThrow(ENOSPC)
  expect(() => fs.root.link('link', fs.root.lookup('0'))).toThrow(ENOSPC)
  expect(fs.statfs().ffree).toBe(0)
  fs.root.unlink('0')
  fs.root.link('link', fs.root.lookup('1'))
  fs.root.unlink('link')
  fs.root.symlink('s', 'x', ROOT)
})

test('without a size nothing is bounded', () => {
  const fs = new Tmpfs(memory, {disk: new DiskQuota(undefined)})
  expect(fs.statfs()).toEqual(new Tmpfs(memory).statfs())
})
