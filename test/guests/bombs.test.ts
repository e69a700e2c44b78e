// A guest that makes the sentry hold ever more: it gets an errno, or is killed with one line, and hv stays within its limit.

import {spawnSync} from 'node:child_process'
import {existsSync, mkdtempSync, readFileSync, rmSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterAll, describe, expect, test} from 'vitest'
import {guests, hv, root} from '../../ci/paths.mjs'
import {type Platform, platforms} from './run.ts'

const MEMORY_MB = 64
const MOST_MB = MEMORY_MB + 150
const TIMEOUT_MS = 300_000
/**
 * The most of each sort. The budget of 64 MB ends most of them earlier. On PVM hosts an exit may take a
 * millisecond, so kvm gets only the sorts with few calls and much to hold.
 */
const COUNT = '20000'
const FEW_CALLS = ['symlinks', 'pipes', 'deep-files', 'mappings', 'lists']
const sortsOn: Record<Platform, readonly string[]> = {kvm: FEW_CALLS, ptrace: []}

const bombs = join(guests, 'hostile-bombs')
const scratch = mkdtempSync(join(tmpdir(), 'hv-bombs-'))
afterAll(() => rmSync(scratch, {recursive: true, force: true}))

function bombard(platform: Platform, args: readonly string[], flags: readonly string[] = []) {
  const peakFile = join(scratch, `peak-${platform}`)
  const preload = ['--require', `${root}/test/helpers/peak-memory.cjs`]
  const run = ['run', '--platform', platform, '--memory', `${MEMORY_MB}M`, ...flags, bombs, ...args]
  const {status, stdout, stderr} = spawnSync(process.execPath, [...preload, hv, ...run], {
    env: {...process.env, HV_TEST_PEAK: peakFile},
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: TIMEOUT_MS,
    encoding: 'latin1',
  })
  return {status, output: stdout + stderr, peakMb: Number(readFileSync(peakFile, 'latin1')) / 1024}
}

describe.skipIf(!existsSync(bombs)).each(platforms)('a guest full of bombs on %s', (platform) => {
  test('ends by itself, with errnos of its own, and hv stays small', {timeout: TIMEOUT_MS}, () => {
    const {status, output, peakMb} = bombard(platform, [COUNT, ...sortsOn[platform]])
    expect({status, output}).toEqual({status: 0, output: ''})
    expect(peakMb).toBeLessThan(MOST_MB)
  })

  test('is killed with one line when it touches more than there are tables for', {
    timeout: TIMEOUT_MS,
  }, () => {
    const {status, output, peakMb} = bombard(platform, [COUNT, 'far-pages'])
    expect(status).toBe(137)
    expect(output).toMatch(/^hv: .* was killed: its memory is full: raise --memory\n$/)
    expect(peakMb).toBeLessThan(MOST_MB)
  })
})
