// Storms of processes and threads, and random calls of both: when they have ended, a sandbox holds as much as before, and so does the host.
//
// HV_LONG=1 (`npm run test:long`): more of them.

import {existsSync, readdirSync, readFileSync} from 'node:fs'
import {join} from 'node:path'
import {afterEach, beforeEach, describe, expect, test} from 'vitest'
import {guests} from '../../ci/paths.mjs'
import {O_WRONLY} from '../../src/abi/open-flags.ts'
import {Sentry} from '../../src/sentry/outside/sentry.ts'
import {openHostStream} from '../../src/vfs/host-terminal.ts'
import {platforms} from '../helpers/platforms.ts'
import {runToEnd} from '../helpers/run-to-end.ts'

const TIMEOUT_MS = 300_000
const isLong = process.env.HV_LONG === '1'
const STORMS = isLong ? ['1000', '500', '200'] : ['300', '150', '100']
const FUZZED = ['20261126', isLong ? '4' : '2']

describe.each(platforms)('on $name', ({isHere, open}) => {
  let sentry: Sentry
  beforeEach(() => {
    if (isHere) sentry = new Sentry(open(2 ** 28), {root: guests, volumes: []})
  })
  afterEach(() => {
    if (!isHere) return
    sentry.dispose()
    sentry.kernel.platform[Symbol.dispose]()
  })

  test.for([
    ['storms', STORMS],
    ['pending-ends', ['20']],
    ['unnamed-files', []],
    ['hostile-fuzz-processes', FUZZED],
  ] as const)('%s leave nothing behind', {timeout: TIMEOUT_MS}, async ([program, args], {skip}) => {
    skip(!isHere || !existsSync(join(guests, program)))
    const run = async (its: readonly string[]) => {
      // The program reports failures on this process's standard error.
      const streams = [undefined, undefined, openHostStream(sentry.kernel.vfs, 2, O_WRONLY)]
      const options = {program: `/${program}`, args: its, env: {}, streams}
      return (await runToEnd(sentry, options, {})).exitCode
    }
    // Some things are made once and stay: stubs, directories that were looked at.
    expect(await run(args)).toBe(0)
    const {hostThreads: before, ...others} = held(sentry)
    expect(await run(args)).toBe(0)
    const {hostThreads, ...othersAfter} = held(sentry)
    expect(othersAfter).toEqual(others)
    // One thread for each CPU, and one for deadlines, start when something waits for them, and stay.
    expect(hostThreads - before).toBeLessThanOrEqual(sentry.kernel.platform.cpus + 1)
  })
})

/** What the guest made the sentry and the host hold. */
function held({kernel}: Sentry): Record<string, number> {
  return {
    budget: kernel.budget.used,
    // Pages of files that were read stay until memory runs short, and each run reads different ones.
    guestBytes: kernel.platform.memory.inUseBytes,
    processes: kernel.processes.size,
    tasks: kernel.tasks.size,
    hostDescriptors: readdirSync('/proc/self/fd').length,
    hostThreads: readdirSync('/proc/self/task').length,
    hostProcesses: childrenOf(process.pid),
  }
}

function childrenOf(pid: number): number {
  const tasks = readdirSync(`/proc/${pid}/task`)
  const lists = tasks.map((tid) => readFileSync(`/proc/${pid}/task/${tid}/children`, 'latin1'))
  return lists
    .join(' ')
    .split(' ')
    .filter((word) => word !== '').length
}
