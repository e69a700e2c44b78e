// Every guest program in the SVM bed: under hv it says and ends as it does natively on the bed's own kernel.

import {existsSync, readdirSync} from 'node:fs'
import {afterAll, beforeAll, describe, expect, test} from 'vitest'
import {type Bed, bootBed} from '../../ci/bed/boot.mjs'
import {guests, hv, root} from '../../ci/paths.mjs'

const COMMAND_TIMEOUT_MS = 90_000

/** Natively they end by a signal, which hv tells as a shell does. */
const SIGNALS: Record<string, number> = {SIGILL: 4, SIGTRAP: 5, SIGABRT: 6, SIGBUS: 7, SIGFPE: 8, SIGKILL: 9}
Object.assign(SIGNALS, {SIGSEGV: 11, SIGPIPE: 13, SIGALRM: 14, SIGTERM: 15, SIGSYS: 31})

const isBuilt = existsSync(hv)
const inBed = (path: string): string => path.replace(root, '/hv')
const names = existsSync(guests)
  ? readdirSync(guests).filter((name) => !name.startsWith('bare') && !name.endsWith('.new'))
  : []

const applets: string[][] = [
  ['sha256sum', '/usr/bin/busybox'],
  ['sort', '-r', '/etc/passwd'],
  ['awk', 'BEGIN { for (i = 0; i < 5; i++) printf "%d %s\\n", i * i, i % 2 }'],
  ['sed', 's/root/guest/g', '/etc/passwd'],
]

let bed: Bed

beforeAll(async () => {
  bed = await bootBed()
})
afterAll(() => bed?.stop())

interface Outcome {
  status: number
  stdout: string
  stderr: string
}

async function outcome(argv: string[]): Promise<Outcome> {
  const result = await bed.run({argv, timeoutMs: COMMAND_TIMEOUT_MS})
  if (result.timedOut) throw new Error(`${argv.join(' ')} did not end: ${result.stderr}`)
  const status = result.signal ? 128 + (SIGNALS[result.signal] ?? Number.NaN) : result.status
  return {status: status ?? Number.NaN, stdout: result.stdout.toString(), stderr: result.stderr.toString()}
}

const underHv = (...argv: string[]): string[] => ['node', inBed(hv), 'run', ...argv]

test('the bed offers SVM, nested paging and what the guests of the sentry are kept out with', async () => {
  const {stdout} = await outcome(['grep', '-m1', '^flags', '/proc/cpuinfo'])
  for (const flag of ['svm', 'npt', 'smep', 'smap', 'umip']) expect(stdout.split(' ')).toContain(flag)
})

test('there are guests to run', () => {
  expect(names.length).toBeGreaterThan(20)
})

describe.skipIf(!isBuilt)('hv in the bed', () => {
  test('hv check says that the host is usable', async () => {
    const {status, stdout, stderr} = await outcome(['node', inBed(hv), 'check'])
    expect(stderr).toBe('')
    expect(stdout).toContain('usable')
    expect(status).toBe(0)
  })

  test.concurrent.for(names)('%s does as it does natively', async (name, {expect}) => {
    const guest = inBed(`${guests}/${name}`)
    const native = await outcome([guest])
    expect(await outcome(underHv(guest))).toEqual(native)
  })

  test.concurrent.for(applets)('busybox %s does as it does natively', async (argv, {expect}) => {
    const native = await outcome(['/usr/bin/busybox', ...argv])
    expect(native.status).toBe(0)
    expect(await outcome(underHv('--root', '/', '/usr/bin/busybox', ...argv))).toEqual(native)
  })
})
