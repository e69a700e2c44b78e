// Every guest program in the SVM bed: under hv it says and ends there as it does natively here.

import {existsSync} from 'node:fs'
import {constants} from 'node:os'
import {isDeepStrictEqual} from 'node:util'
import {afterAll, beforeAll, describe, expect, test} from 'vitest'
import {type Bed, bootBed} from '../../ci/bed/boot.mjs'
import {guests, hv, root} from '../../ci/paths.mjs'
import {allGuests, expectationOf} from '../guests/expectations.ts'

const COMMAND_TIMEOUT_MS = 60_000
const ALL_GUESTS_TIMEOUT_MS = 500_000

const isBuilt = existsSync(hv)
const inBed = (path: string): string => path.replace(root, '/hv')
const built = allGuests.filter(({binary}) => existsSync(binary))

const applets: string[][] = [
  ['sha256sum', '/usr/bin/busybox'],
  ['sort', '-r', '/etc/passwd'],
  ['awk', 'BEGIN { for (i = 0; i < 5; i++) printf "%d %s\\n", i * i, i % 2 }'],
  ['sed', 's/root/guest/g', '/etc/passwd'],
]

let bed: Bed

beforeAll(async () => {
  bed = await bootBed('svm')
})
afterAll(() => bed?.stop())

interface Outcome {
  status: number
  stdout: string
  stderr: string
}

async function inside(argv: string[]): Promise<Outcome> {
  const result = await bed.run({argv, timeoutMs: COMMAND_TIMEOUT_MS})
  if (result.timedOut) throw new Error(`${argv.join(' ')} did not end: ${result.stderr}`)
  return outcome(result.status, result.signal, result.stdout, result.stderr)
}

/** A signal is told as hv and the shell do. */
function outcome(
  status: number | null,
  signal: string | null,
  stdout: string | Buffer,
  stderr: string | Buffer,
): Outcome {
  const number = signal ? 128 + constants.signals[signal as NodeJS.Signals] : (status ?? Number.NaN)
  return {status: number, stdout: stdout.toString(), stderr: stderr.toString()}
}

/** Which checks failed: file, line, check. The value that a fault that did not come left behind is chance. */
function failedChecks({stderr}: Outcome): string[] {
  return stderr
    .trimEnd()
    .split('\n')
    .map((line) => line.replace(/: got .*/, ''))
}

const underHv = (...argv: string[]): string[] => ['node', inBed(hv), 'run', ...argv]

test('the bed offers SVM, nested paging and what the guests of the sentry are kept out with', async () => {
  const {stdout} = await inside(['grep', '-m1', '^flags', '/proc/cpuinfo'])
  for (const flag of ['svm', 'npt', 'smep', 'smap', 'umip']) expect(stdout.split(' ')).toContain(flag)
})

test('there are guests to run', () => {
  expect(built.length).toBeGreaterThan(100)
})

describe.skipIf(!isBuilt)('hv in the bed', () => {
  test('hv check says that the host is usable', async () => {
    const {status, stdout, stderr} = await inside(['node', inBed(hv), 'check'])
    expect(stderr).toBe('')
    expect(stdout).toContain('hv can run guests here, by kvm.')
    expect(status).toBe(0)
  })

  test('hv run runs a program', async () => {
    const outcome = await inside(underHv(inBed(`${guests}/hello`)))
    expect(outcome).toEqual({status: 0, stdout: 'Hello from guest user mode\n', stderr: ''})
  })

  // All in one process: node takes seconds to start in there.
  describe('the guests', () => {
    const outcomes = new Map<string, Outcome>()
    beforeAll(async () => {
      const programs = built.map(({binary}) => inBed(binary))
      const argv = ['node', inBed(`${root}/ci/bed/run-guests.mjs`), ...programs]
      const {stdout} = await bed.run({argv, timeoutMs: ALL_GUESTS_TIMEOUT_MS})
      for (const line of String(stdout).trim().split('\n')) {
        const {program, ...outcome} = JSON.parse(line)
        outcomes.set(program, outcome)
      }
    })

    test.for(built)('$name does as it does natively', async (guest) => {
      const ended = outcomes.get(inBed(guest.binary))
      const expected = expectationOf(guest)
      if (isDeepStrictEqual(ended, expected)) return
      // The emulated processor lacks some faults (SIMD exceptions, wbinvd in ring 3): then the bed's own Linux is the oracle.
      const native = await inside([inBed(guest.binary)])
      expect({...ended, stderr: ''}).toEqual({...native, stderr: ''})
      expect(failedChecks(native)).toEqual(expect.arrayContaining(failedChecks(ended!)))
    })
  })

  // The bed's own files differ from the ones here, so its own kernel says what is right.
  test.for(applets)('busybox %s does as it does natively', async (argv) => {
    const native = await inside(['/usr/bin/busybox', ...argv])
    expect(native.status).toBe(0)
    expect(await inside(underHv('--root', '/', '/usr/bin/busybox', ...argv))).toEqual(native)
  })
})
