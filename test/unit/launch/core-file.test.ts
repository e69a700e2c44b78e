// The file for a core: what was written before a core is complete, and what a machine's core replaces.

import {mkdtempSync, readFileSync, rmSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterAll, beforeEach, expect, test, vi} from 'vitest'
import {CoreFile} from '../../../src/launch/core-file.ts'

const PAGE_BYTES = 4096
const folder = mkdtempSync(join(tmpdir(), 'hv-core-file-'))
const path = join(folder, 'core')
const part = Buffer.from('a part of a core')
let file: CoreFile

vi.mock('../../../src/launch/tell.ts', () => ({tell: () => {}}))
beforeEach(() => {
  file?.close()
  file = new CoreFile(path)
  file.sink.write(part, PAGE_BYTES)
})
afterAll(() => {
  file.close()
  rmSync(folder, {recursive: true})
})

test('keeps what was written of a core that is taken', () => {
  file.take('a process', (sink) => sink.setLength(2 * PAGE_BYTES))
  const core = readFileSync(path)
  expect(core).toHaveLength(2 * PAGE_BYTES)
  expect(core.subarray(PAGE_BYTES, PAGE_BYTES + part.length)).toEqual(part)
})

test("keeps nothing of what a machine's core replaces", () => {
  const pieces = [{address: 0, bytes: 4 * PAGE_BYTES}]
  file.replace({vcpus: [], memory: {view: (_, length) => new Uint8Array(length)}, pieces, signal: 0})
  const core = readFileSync(path)
  expect(core.subarray(0, 4)).toEqual(Buffer.from('\x7fELF'))
  expect(core.length).toBeGreaterThan(4 * PAGE_BYTES)
  expect(core.includes(part)).toBe(false)
})
