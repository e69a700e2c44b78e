// Every guest program in the SVM bed: under hv it says and ends there as it does natively here.

import {execFile} from 'node:child_process'
import {existsSync, readdirSync} from 'node:fs'
import {constants} from 'node:os'
import {afterAll, beforeAll, describe, expect, test} from 'vitest'
import {type Bed, bootBed} from '../../ci/bed/boot.mjs'
import {guests, hv, root} from '../../ci/paths.mjs'

const COMMAND_TIMEOUT_MS = 60_000

const isBuilt = existsSync(hv)
const inBed = (path: string): string => path.replace(root, '/hv')
const names = existsSync(guests) ? readdirSync(guests).filter((name) => !/^(bare|\.)|\.new$/.test(name)) : []

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

async function inside(argv: string[]): Promise<Outcome> {
  const result = await bed.run({argv, timeoutMs: COMMAND_TIMEOUT_MS})
  if (result.timedOut) throw new Error(`${argv.join(' ')} did not end: ${result.stderr}`)
  return outcome(result.status, result.signal, result.stdout, result.stderr)
}

function natively(file: string, args: string[] = []): Promise<Outcome> {
  return new Promise((resolve) => {
    const child = execFile(
      file,
      args,
      {timeout: COMMAND_TIMEOUT_MS, killSignal: 'SIGKILL'},
      (_, stdout, stderr) => {
        resolve(outcome(child.exitCode, child.signalCode, stdout, stderr))
      },
    )
    child.stdin?.end()
  })
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

const underHv = (...argv: string[]): string[] => ['node', inBed(hv), 'run', ...argv]

test('the bed offers SVM, nested paging and what the guests of the sentry are kept out with', async () => {
  const {stdout} = await inside(['grep', '-m1', '^flags', '/proc/cpuinfo'])
  for (const flag of ['svm', 'npt', 'smep', 'smap', 'umip']) expect(stdout.split(' ')).toContain(flag)
})

test('there are guests to run', () => {
  expect(names.length).toBeGreaterThan(20)
})

describe.skipIf(!isBuilt)('hv in the bed', () => {
  test('hv check says that the host is usable', async () => {
    const {status, stdout, stderr} = await inside(['node', inBed(hv), 'check'])
    expect(stderr).toBe('')
    expect(stdout).toContain('usable')
    expect(status).toBe(0)
  })

  test.for(names)('%s does as it does natively', async (name) => {
    const native = await natively(`${guests}/${name}`)
    expect(await inside(underHv(inBed(`${guests}/${name}`)))).toEqual(native)
  })

  // The bed's own files differ from the ones here, so its own kernel says what is right.
  test.for(applets)('busybox %s does as it does natively', async (argv) => {
    const native = await inside(['/usr/bin/busybox', ...argv])
    expect(native.status).toBe(0)
    expect(await inside(underHv('--root', '/', '/usr/bin/busybox', ...argv))).toEqual(native)
  })
})
