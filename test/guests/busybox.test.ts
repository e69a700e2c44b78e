// Debian's busybox, applet by applet: the same output and status under hv as natively, byte for byte.

import {createHash} from 'node:crypto'
import {existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterAll, describe, expect, test} from 'vitest'
import {root} from '../../ci/paths.mjs'
import {contentOf, type FixtureEntry, makeFixture} from './fixture.ts'
import {natively, type Outcome, type RunSettings, underHv} from './run.ts'

interface Case {
  name: string
  steps: string[][]
  stdin?: string
  stdinFixture?: string
  mounts?: string[]
  sort?: boolean
  statusOnly?: boolean
}

const BUSYBOX = '/bin/busybox'
const env = {PATH: '/usr/bin:/bin', TZ: 'UTC0', HOME: '/'}
const {fixture, cases}: {fixture: FixtureEntry[]; cases: Case[]} = JSON.parse(
  readFileSync(`${root}/guests/real/busybox-cases.json`, 'utf8'),
)
const scratch = mkdtempSync(join(tmpdir(), 'hv-busybox-'))
afterAll(() => rmSync(scratch, {recursive: true, force: true}))

/** Only what a case names is made: the 100 MB file is not made for each. */
function neededBy({steps, stdinFixture}: Case): FixtureEntry[] {
  const words = [...steps.flat(), stdinFixture ?? ''].join(' ')
  return fixture.filter(({path}) => path !== 'big' || words.split(/[ =]/).includes('big'))
}

function runSteps(
  each: Case,
  where: string,
  run: (args: string[], settings: RunSettings) => Outcome,
): string[] {
  const directory = join(scratch, where)
  rmSync(directory, {recursive: true, force: true})
  mkdirSync(directory)
  makeFixture(directory, neededBy(each))
  const stdin = stdinOf(each)
  const lines = each.steps.map((args) => describeOutcome(each, run(args, {cwd: directory, env, stdin})))
  rmSync(directory, {recursive: true})
  return lines
}

function stdinOf({stdin, stdinFixture}: Case): Uint8Array {
  if (stdinFixture !== undefined) return contentOf(fixture.find(({path}) => path === stdinFixture)!)
  return Buffer.from(stdin ?? '')
}

function describeOutcome({sort, statusOnly}: Case, {status, stdout, stderr}: Outcome): string {
  const noise = status > 128 ? ` ${stderr}` : ''
  if (statusOnly) return `status ${status}${noise}`
  let text = stdout.toString('latin1')
  if (sort) text = text.split('\n').sort().join('\n')
  const shown =
    text.length < 4096 ? text : `${text.slice(0, 512)}… ${createHash('sha256').update(text).digest('hex')}`
  return `status ${status}${noise}\n${shown}`
}

describe.skipIf(!existsSync(BUSYBOX))('busybox', () => {
  test.each(cases)('$name', (each) => {
    // tar and ls name the owners.
    const shared = ['/etc/passwd', '/etc/group', ...(each.mounts ?? [])]
    const volumes = shared.flatMap((path) => ['--volume', `${path}:${path}`])
    const variables = Object.entries(env).flatMap(([name, value]) => ['--env', `${name}=${value}`])
    const native = runSteps(each, 'work', (args, settings) => natively(BUSYBOX, args, settings))
    const guest = runSteps(each, 'work', (args, settings) => {
      const flags = [
        '--volume',
        `${settings.cwd}:${settings.cwd}:rw`,
        '--cwd',
        settings.cwd!,
        ...volumes,
        ...variables,
      ]
      return underHv(flags, BUSYBOX, args, {...settings, env: undefined})
    })
    expect(guest).toEqual(native)
  })
})
