// Random descriptor graphs, deep trees and huge counts: no call holds the sentry up, it stays small, and it does not fail.
//
// HV_LONG=1 (`npm run test:long`): five minutes on each platform, with another seed each time. HV_SEED: this seed.

import {readFileSync} from 'node:fs'
import {describe, expect, test} from 'vitest'
import {guests} from '../../ci/paths.mjs'
import {O_WRONLY} from '../../src/abi/open-flags.ts'
import type {Syscall} from '../../src/sentry/core/syscall.ts'
import type {Task} from '../../src/sentry/core/task.ts'
import {Sentry} from '../../src/sentry/outside/sentry.ts'
import {openHostStream} from '../../src/vfs/host-terminal.ts'
import {type PlatformUnderTest, platforms} from '../helpers/platforms.ts'
import {runToEnd} from '../helpers/run-to-end.ts'

const isLong = process.env.HV_LONG === '1'
const SECONDS = isLong ? 300 : 2
const SEED = Number(process.env.HV_SEED ?? (isLong ? Date.now() : 20261128))
const TIMEOUT_MS = (SECONDS + 300) * 1000
/** The most for one seed. */
const MOST_SECONDS = 30
const MEMORY_BYTES = 1 << 26
const MAX_TASKS = 16
/** The most that a guest of 64 MB may make the sentry hold: guests/linux/hostile-bombs has the same bound. */
const MOST_GROWTH_MB = 64 + 150
/** The thread's own time in one call. It may include a garbage collection of V8's, and a busy machine is slower. */
const MOST_MS = 250
const LOOK_EVERY_CALLS = 1024
const WAITED_EVERY_CALLS = 32

const field = (file: string, name: RegExp): number =>
  Number(name.exec(readFileSync(`/proc/self/${file}`, 'latin1'))![1])
const privateMb = (): number => field('status', /^RssAnon:\s*(\d+)/m) / 1024
/** Time spent waiting for a processor; Linux: Documentation/scheduler/sched-stats. */
const waitedMs = (): number => field('schedstat', /^\d+ (\d+)/) / 1e6

/** Measures how long calls take, and what the process holds meanwhile. */
class Watch {
  calls = 0
  readonly slow: Record<string, number> = {}
  growthMb = 0
  readonly #before = privateMb()
  #waited = waitedMs()

  timed(name: string, run: Syscall): Syscall {
    return (task, args) => {
      const start = performance.now()
      try {
        return run(task, args)
      } finally {
        this.#took(name, performance.now() - start)
      }
    }
  }

  #took(name: string, ms: number): void {
    if (ms > MOST_MS / 10) {
      const waited = waitedMs()
      const ownMs = Math.round(ms - (waited - this.#waited))
      this.#waited = waited
      this.slow[name] = Math.max(this.slow[name] ?? 0, ownMs)
    }
    if (++this.calls % WAITED_EVERY_CALLS === 0) this.#waited = waitedMs()
    if (this.calls % LOOK_EVERY_CALLS !== 0) return
    this.growthMb = Math.max(this.growthMb, Math.round(privateMb() - this.#before))
  }
}

async function fuzz(platform: PlatformUnderTest): Promise<Watch> {
  const watch = new Watch()
  const end = performance.now() + SECONDS * 1000
  for (let seed = SEED; performance.now() < end; seed++) {
    const seconds = Math.ceil(Math.min(MOST_SECONDS, (end - performance.now()) / 1000))
    await fuzzOnce(platform, seed, seconds, watch)
  }
  return watch
}

/** Each seed gets its own sandbox: the files that a guest leaves fill the memory of later ones. */
async function fuzzOnce({open}: PlatformUnderTest, seed: number, seconds: number, watch: Watch) {
  const platform = open(MEMORY_BYTES)
  const sentry = new Sentry(platform, {root: guests, volumes: [], maxTasks: MAX_TASKS})
  const env: Record<string, string> = process.env.FUZZ_VERBOSE === undefined ? {} : {FUZZ_VERBOSE: '1'}
  const program = {
    program: '/hostile-stateful',
    args: [`${seed}`, `${seconds}`],
    env,
    streams: [undefined, undefined, openHostStream(sentry.kernel.vfs, 2, O_WRONLY)],
    restrict: ({process: own}: Task) => {
      own.syscalls = own.syscalls.change(({name}, run) => watch.timed(name, run))
    },
  }
  try {
    const result = await runToEnd(sentry, program, {timeoutMs: (seconds + 120) * 1000})
    // The guest itself may be killed for lack of memory.
    if (!result.outOfMemory) expect({seed, ...result}).toMatchObject({exitCode: 0, timedOut: false})
  } finally {
    sentry.dispose()
    platform[Symbol.dispose]()
  }
}

describe.each(platforms)('on $name', (platform) => {
  test(`calls of a guest by seed ${SEED} end soon, and hv stays small`, {timeout: TIMEOUT_MS}, async ({
    skip,
  }) => {
    skip(!platform.isHere)
    const {calls, slow, growthMb} = await fuzz(platform)
    if (isLong) console.log(platform.name, {SEED, calls, slow, growthMb})
    expect(calls).toBeGreaterThan(1000)
    expect(Object.entries(slow).filter(([, ms]) => ms > MOST_MS)).toEqual([])
    expect(growthMb).toBeLessThan(MOST_GROWTH_MB)
  })
})
