// hv run with a sentry that is stuck, through a bug of ours or in a call: --timeout still ends the process.

import {spawn} from 'node:child_process'
import {once} from 'node:events'
import {readFileSync, rmSync} from 'node:fs'
import {join} from 'node:path'
import {afterAll, beforeAll, expect, test} from 'vitest'
import {platforms} from '../guests/run.ts'
import {copyWithBug, STUCK} from '../helpers/copy-with-bug.ts'
import {BUSYBOX, SPIN} from '../sandbox/guests.ts'
import {HV} from './hv.ts'

let copy: string
beforeAll(() => {
  copy = copyWithBug(...STUCK)
})
afterAll(() => rmSync(copy, {recursive: true}))

const start = (hv: string, platform: string, args: string[]) =>
  spawn(process.execPath, [hv, 'run', '--platform', platform, ...args], {stdio: ['ignore', 'ignore', 'pipe']})

test.each(platforms)(
  'a sentry on %s that does not come back is ended, and its guest with it',
  async (platform) => {
    const hv = start(join(copy, 'dist/bin/hv.cjs'), platform, ['--timeout', '0.5', BUSYBOX, ...SPIN])
    const chunks: Buffer[] = []
    let stubs = ''
    hv.stderr.on('data', (chunk) => chunks.push(chunk))
    setTimeout(() => {
      stubs = readFileSync(`/proc/${hv.pid}/task/${hv.pid}/children`, 'utf8')
    }, 1000)
    expect(await once(hv, 'close')).toEqual([124, null])
    expect(Buffer.concat(chunks).toString()).toBe(`hv: ${BUSYBOX} was stopped after 0.5 s: raise --timeout\n`)
    // The kernel kills them after their tracer's end.
    for (const pid of stubs.match(/\d+/g) ?? [])
      await expect.poll(() => isAlive(Number(pid)), {timeout: 30_000}).toBe(false)
  },
)

test.each(platforms)(
  'a trace that nobody reads does not hold a guest on %s beyond its time',
  async (platform) => {
    const hv = start(HV, platform, ['--timeout', '1', '--trace', BUSYBOX, 'yes'])
    // The pipe is full before the time is up; else the guest would be stopped as always.
    hv.stderr.pause()
    expect(await once(hv, 'exit')).toEqual([124, null])
    hv.stderr.destroy()
  },
)

test.each(platforms)(
  'a guest on %s that stops itself, and hv with it, is ended at its time',
  async (platform) => {
    const hv = start(HV, platform, ['--timeout', '1', BUSYBOX, 'sh', '-c', 'while :; do kill -STOP $$; done'])
    expect(await once(hv, 'exit')).toEqual([124, null])
  },
)

function isAlive(pid: number): boolean {
  try {
    return !/^State:\t[ZX]/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
  } catch {
    return false
  }
}
