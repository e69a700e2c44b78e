// Random calls of TCP, UDP and UNIX sockets: each of them returns what it does on this Linux.
//
// HV_LONG=1 (`npm run test:long`): five minutes on each platform, with other seeds each time. HV_SEED: from this seed on.
// An older Linux than hv's is not compared: it answers some sequences of calls differently.

import {spawnSync} from 'node:child_process'
import {closeSync, mkdtempSync, openSync, readFileSync, rmSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterAll, beforeAll, describe, expect, test} from 'vitest'
import {guests} from '../../ci/paths.mjs'
import {O_WRONLY} from '../../src/abi/open-flags.ts'
import {Sentry} from '../../src/sentry/outside/sentry.ts'
import {openHostStream} from '../../src/vfs/host-terminal.ts'
import {type PlatformUnderTest, platforms} from '../helpers/platforms.ts'
import {runToEnd} from '../helpers/run-to-end.ts'

const PROGRAM = 'fuzz-sockets'
const isLong = process.env.HV_LONG === '1'
/** It lets a socket that was a connection listen. */
const isOlder = spawnSync(join(guests, PROGRAM), ['older']).status !== 0
const CALLS = 400
const SEEDS = isLong ? Number.POSITIVE_INFINITY : 4
const SECONDS = isLong ? 300 : 60
const SEED = Number(process.env.HV_SEED ?? (isLong ? Date.now() : 20261201))
const TIMEOUT_MS = (SECONDS + 60) * 1000

let directory: string
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'fuzz-sockets-'))
})
afterAll(() => rmSync(directory, {recursive: true}))

/** What a run prints: a line for each call. */
type Lines = readonly string[]

function natively(seed: number): Lines {
  const {stdout} = spawnSync(join(guests, PROGRAM), [`${seed}`, `${CALLS}`], {encoding: 'utf8'})
  return stdout.split('\n')
}

async function underHv({open}: PlatformUnderTest, seed: number): Promise<Lines> {
  const file = join(directory, 'lines')
  const fd = openSync(file, 'w')
  const platform = open(2 ** 26)
  const sentry = new Sentry(platform, {root: guests, volumes: []})
  try {
    const [stdout, stderr] = [fd, 2].map((to) => openHostStream(sentry.kernel.vfs, to, O_WRONLY))
    const options = {
      program: `/${PROGRAM}`,
      args: [`${seed}`, `${CALLS}`],
      env: {},
      streams: [undefined, stdout, stderr],
    }
    await runToEnd(sentry, options, {timeoutMs: 60_000})
  } finally {
    sentry.dispose()
    platform[Symbol.dispose]()
    closeSync(fd)
  }
  return readFileSync(file, 'utf8').split('\n')
}

/** Ports are random: one that comes twice looks like a difference, which the next run does not have. */
async function differenceOf(
  platform: PlatformUnderTest,
  seed: number,
  expected: Lines,
): Promise<object | undefined> {
  const got = await underHv(platform, seed)
  expect(got.length).toBe(expected.length)
  const difference = isOlder ? undefined : firstDifference(seed, expected, got)
  return difference && firstDifference(seed, expected, await underHv(platform, seed))
}

/** The first call that returned something else, with those before it. */
function firstDifference(seed: number, expected: Lines, got: Lines): object | undefined {
  const at = expected.findIndex((line, i) => line !== got[i])
  if (at < 0) return undefined
  return {seed, before: expected.slice(Math.max(0, at - 5), at), expected: expected[at], got: got[at]}
}

describe.each(platforms)('on $name', (platform) => {
  test(`calls of sockets return, from seed ${SEED}`, {timeout: TIMEOUT_MS}, async ({skip}) => {
    skip(!platform.isHere)
    const end = performance.now() + SECONDS * 1000
    let compared = 0
    for (let seed = SEED; seed < SEED + SEEDS && performance.now() < end; seed++) {
      const expected = natively(seed)
      // A port of another program, or a busy machine: Linux itself is not sure.
      if (firstDifference(seed, expected, natively(seed)) !== undefined) continue
      expect(await differenceOf(platform, seed, expected)).toBe(undefined)
      compared++
    }
    expect(compared).toBeGreaterThan(0)
    if (isLong) console.log(platform.name, {SEED, compared})
  })
})
