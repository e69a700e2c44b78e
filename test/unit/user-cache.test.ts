// writeWhole: a reader finds a whole file, whatever other writers do, and whichever was killed before.

import {mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterEach, beforeEach, expect, test} from 'vitest'
import {writeWhole} from '../../src/user-cache.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hv-cache-'))
})
afterEach(() => rmSync(folder, {recursive: true}))

test('a file takes the place of the one before, and nothing else stays', () => {
  const path = join(folder, 'kept')
  writeWhole(path, 'one')
  writeWhole(path, 'two', false)
  expect(readFileSync(path, 'utf8')).toBe('two')
  expect(readdirSync(folder)).toEqual(['kept'])
})

test('what another process of the same pid, in its PID namespace, is writing is left alone', () => {
  const path = join(folder, 'kept')
  writeFileSync(`${path}.${process.pid}`, 'half of')
  writeWhole(path, 'all')
  expect(readFileSync(path, 'utf8')).toBe('all')
  expect(readFileSync(`${path}.${process.pid}`, 'utf8')).toBe('half of')
})

test('where nothing can be written, nothing is kept, and nothing thrown', () => {
  writeWhole(join(folder, 'no/such/folder'), 'all')
  expect(readdirSync(folder)).toEqual([])
})
