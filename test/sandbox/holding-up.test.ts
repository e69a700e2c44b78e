// Sandboxes by the hundred, and guests that do their worst: nothing is left behind, and the owner's event loop turns.
//
// HV_LONG=1 (`npm run test:long`): a thousand one after another, fifty at once, and bombs for longer.

import {execFile} from 'node:child_process'
import {mkdtempSync, rmSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {promisify} from 'node:util'
import {describe, expect, test} from 'vitest'
import {Sandbox} from '../../dist/index.js'
import {platforms} from '../guests/run.ts'
import {BUSYBOX, guest, isLong, livingBelow} from './guests.ts'

const CYCLES = isLong ? 1000 : 20
const AT_ONCE = isLong ? 50 : 20
const FLOOD_MS = isLong ? 1500 : 100
const ROUNDS = isLong ? 3 : 2
const TIMEOUT_MS = isLong ? 3_600_000 : 120_000
/** V8's compiled code and caches grow a little, however many sandboxes there are. */
const MOST_HEAP_MB = 3
const MOST_RSS_MB = 30
/**
 * On a quiet machine nothing may take more than 20 ms. On a busy one the thread takes longer for the same: its caches are cold, and
 * it shares its processor.
 */
const MOST_DELAY_MS = isLong ? 20 : 100

interface Held {
  things: Record<string, number>
  heapMb: number
  rssMb: number
}

/** Runs a script of holding-up/ in a process of its own. @returns what it prints */
async function own<T>(script: string, ...args: (string | number)[]): Promise<T> {
  const path = new URL(`holding-up/${script}`, import.meta.url).pathname
  // A folder without other processes' files.
  const folder = mkdtempSync(join(tmpdir(), 'hv-holding-up-'))
  try {
    const env = {...process.env, TMPDIR: folder}
    const {stdout, stderr} = await promisify(execFile)(
      process.execPath,
      ['--expose-gc', path, ...args.map(String)],
      {env},
    )
    expect(stderr).toBe('')
    if (isLong) console.log(script, ...args, stdout)
    return JSON.parse(stdout)
  } finally {
    rmSync(folder, {recursive: true})
  }
}

describe.each(platforms)('on %s', (platform) => {
  test('one after another, they leave nothing', {timeout: TIMEOUT_MS}, async () => {
    const {before, after} = await own<{before: Held; after: Held}>('cycles.mjs', platform, CYCLES)
    expect(after.things).toEqual(before.things)
    expect(after.heapMb - before.heapMb).toBeLessThan(MOST_HEAP_MB)
    expect(after.rssMb - before.rssMb).toBeLessThan(MOST_RSS_MB)
  })

  test(`${AT_ONCE} are there at once, and each runs its program`, {timeout: TIMEOUT_MS}, async () => {
    const before = livingBelow('self').length
    const numbers = Array.from({length: AT_ONCE}, (_, index) => index)
    const all = await Promise.all(numbers.map(() => Sandbox.create({platform, memoryBytes: 1 << 26})))
    const script = 'i=0; while [ $i -lt 200 ]; do i=$((i+1)); done; read n; exit $n'
    const runs = all.map((sandbox, n) => sandbox.run(BUSYBOX, ['sh', '-c', script], {stdin: `${n}\n`}))
    expect((await Promise.all(runs)).map(({exitCode}) => exitCode)).toEqual(numbers)
    await Promise.all(all.map((sandbox) => sandbox.dispose()))
    expect(livingBelow('self').length).toBe(before)
  })
})

// An owner hears the same from both platforms.
describe.each(isLong ? platforms : ['ptrace'])('on %s', (platform) => {
  test('nothing that a guest does holds up the event loop', {timeout: TIMEOUT_MS}, async () => {
    const delays = await own<Record<string, [ownMs: number, histogramMs: number]>>(
      'loop-delay.mjs',
      platform,
      guest('hostile-bombs'),
      FLOOD_MS,
      ROUNDS,
    )
    expect(Object.keys(delays).length).toBeGreaterThan(10)
    expect(Object.entries(delays).filter(([, [ownMs]]) => ownMs > MOST_DELAY_MS)).toEqual([])
  })
})
