// The program that hv warms up with: Linux runs it to its end, and so does hv.

import {spawnSync} from 'node:child_process'
import {closeSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterAll, expect, test} from 'vitest'
import {programFile, storePrograms, warmUp} from '../../../../src/sentry/outside/warm-up.ts'

const scratch = mkdtempSync(join(tmpdir(), 'hv-warm-up-'))
afterAll(() => rmSync(scratch, {recursive: true, force: true}))

test('Linux runs it to its end', () => {
  const path = join(scratch, 'program')
  writeFileSync(path, programFile(), {mode: 0o700})
  expect(spawnSync(path, {stdio: ['ignore', 'ignore', 'ignore']})).toMatchObject({status: 0, signal: null})
})

test('it leaves no file, and nothing of it is an error', async () => {
  const before = readdirSync(scratch)
  await warmUp('auto', scratch)
  await warmUp('auto', '/no/such/directory')
  expect(readdirSync(scratch)).toEqual(before)
})

test("what a killed process of the same pid has left is in nobody's way", () => {
  const left = `warm-up.${process.pid}`
  const directory = mkdtempSync(join(scratch, 'left-'))
  writeFileSync(join(directory, left), '')
  const programs = [...storePrograms(directory, 2), ...storePrograms(directory, 1)]
  expect(programs.map(({fd}) => readFileSync(fd).equals(programFile()))).toEqual([true, true, true])
  for (const {fd} of programs) closeSync(fd)
  expect(readdirSync(directory)).toEqual([left])
})
