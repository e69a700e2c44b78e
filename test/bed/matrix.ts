// One bed's part of the matrix guest × architecture × platform × bed: hv does in the bed what Linux does there.

import {existsSync} from 'node:fs'
import {constants} from 'node:os'
import {isDeepStrictEqual} from 'node:util'
import {afterAll, beforeAll, describe, expect, test} from 'vitest'
import {bedNamed} from '../../ci/bed/beds.mjs'
import {type Bed, bootBed} from '../../ci/bed/boot.mjs'
import {stepMs} from '../../ci/budgets.mjs'
import {expectationOf, type Guest, guestsOf, outcomesIn} from '../../ci/guests.mjs'
import {hv, root} from '../../ci/paths.mjs'
import {type Platform, platforms} from '../guests/run.ts'

/** `npm run test:beds`. */
export const isAll = process.env.HV_BEDS === 'all'
const inBed = (path: string): string => path.replace(root, '/hv')
const underHv = (platform: Platform, ...argv: string[]): string[] => {
  return ['node', inBed(hv), 'run', '--platform', platform, ...argv]
}

/** Applets that run one after another, in one start of hv. */
const APPLETS = `
sha256sum /usr/bin/busybox
sort -r /etc/passwd
awk 'BEGIN { for (i = 0; i < 5; i++) printf "%d %s\\n", i * i, i % 2 }'
sed s/root/guest/g /etc/passwd
`

export interface Outcome {
  status: number
  stdout: string
  stderr: string
}

/** Runs a command to its end in the bed. */
export type Inside = (argv: string[], options?: {env?: object; timeoutMs?: number}) => Promise<Outcome>

/** Makes the bed's unix socket `inside` reachable at `here`. */
export type Forward = (here: string, inside: string) => Promise<void>

/**
 * Boots the bed once for all tests that `describeTests` declares.
 * @param options of bootBed
 */
export function describeBed(
  name: string,
  describeTests: (inside: Inside, forward: Forward) => void,
  options: Parameters<typeof bootBed>[1] = {},
): void {
  describe(name, () => {
    let bed: Bed
    beforeAll(async () => {
      bed = await bootBed(name, options)
    })
    afterAll(() => bed?.stop())

    const inside: Inside = async (argv, {env, timeoutMs = stepMs('bedCommand')} = {}) => {
      const {timedOut, status, signal, stdout, stderr} = await bed.run({argv, env, timeoutMs})
      if (timedOut) throw new Error(`${argv.join(' ')} did not end: ${stdout}${stderr}`)
      // A signal becomes a status as in hv and the shell.
      const number = signal ? 128 + constants.signals[signal as NodeJS.Signals] : (status ?? Number.NaN)
      return {status: number, stdout: stdout.toString(), stderr: stderr.toString()}
    }
    describeTests(inside, (here, there) => bed.forward(here, there))
  })
}

/** Runs again what an emulated processor may spoil: at most `tries` times, as long as the outcome `isSpoilt`. */
export async function tried(
  run: () => Promise<Outcome>,
  tries: number,
  isSpoilt: (outcome: Outcome) => boolean,
): Promise<Outcome> {
  let outcome = await run()
  for (let left = tries - 1; left > 0 && isSpoilt(outcome); left--) outcome = await run()
  return outcome
}

/** The platforms on which a bed's host can run guests, best first. */
export function platformsOf(name: string): readonly Platform[] {
  const {mode, kernel} = bedNamed(name)!
  if (mode === 'el1' || mode === 'disabled') return ['ptrace']
  return kernel === '16k-arm64' ? ['kvm'] : platforms
}

/**
 * Tests what must hold in a bed, on each of `platforms`.
 * @param unable guests that fail even on Linux there, as the emulated processor lacks some faults; hv does as Linux does
 * @param without guests that are left out, as the emulated processor does to hv what it does not do to Linux
 */
export function testHv(
  name: string,
  inside: Inside,
  platforms: readonly Platform[] = platformsOf(name),
  unable: readonly string[] = [],
  share: Share = ALL,
  without: readonly string[] = [],
): void {
  const built = builtFor(name, share).filter((guest) => !without.includes(guest.name))
  const {architecture, mode} = bedNamed(name)!

  test(`hv check says that the host is usable, and by what, and knows its mode, ${mode}`, async () => {
    const {status, stdout, stderr} = await inside(['node', inBed(hv), 'check', '--json'])
    expect(stderr).toBe('')
    expect(JSON.parse(stdout)).toMatchObject({usable: true, platform: platformsOf(name)[0], machine: {mode}})
    expect(status).toBe(0)
  })

  test('hv run takes the best platform', async () => {
    const outcome = await inside([
      'node',
      inBed(hv),
      'run',
      '--stats',
      `/hv/.cache/guests/${architecture}/hello`,
    ])
    expect(outcome).toMatchObject({status: 0, stdout: 'Hello from guest user mode\n'})
    expect(outcome.stderr).toMatch(new RegExp(`^platform +${platformsOf(name)[0]} `))
  })

  if (platforms.includes('kvm')) testBareMetal(architecture, inside)
  testNatively(built, share, inside, unable)
  for (const platform of platforms) testGuests(built, platform, inside, unable)

  test.each(platforms)('on %s a time-out ends a guest whose traps nobody sees', async (platform) => {
    const program = `/hv/.cache/guests/${architecture}/endless-traps`
    const {status, stderr} = await inside(underHv(platform, '--timeout', '1', program, 'forever'))
    expect({status, stderr}).toEqual({
      status: 124,
      stderr: `hv: ${program} was stopped after 1 s: raise --timeout\n`,
    })
  })

  // The bed's files differ from the ones here, so its own kernel says what is right.
  test.each(platforms)('on %s busybox does as it does natively', async (platform) => {
    const argv = ['/usr/bin/busybox', 'sh', '-ec', APPLETS]
    const native = await inside(argv)
    expect(native.status, native.stderr).toBe(0)
    // A sum, the only user, five squares, the user again.
    expect(native.stdout.trimEnd().split('\n')).toHaveLength(8)
    expect(await inside(underHv(platform, '--root', '/', ...argv))).toEqual(native)
  })
}

function testBareMetal(architecture: string, inside: Inside): void {
  test('hv run runs a bare-metal guest, on the machine of this architecture', async () => {
    const outcome = await inside(underHv('kvm', `/hv/.cache/guests/${architecture}/bare-hello`, 'one', 'two'))
    expect(outcome).toEqual({status: 2, stdout: 'Hello from bare metal\none\ntwo\n', stderr: ''})
  })

  test('hv run gives a bare-metal guest that asks for it an interrupt controller and timers', async () => {
    const {stdout, ...end} = await inside(underHv('kvm', `/hv/.cache/guests/${architecture}/bare-ticks`))
    expect(end).toEqual({status: 0, stderr: ''})
    expect(stdout).toBe(`${'second timer\n'.repeat(3)}${'first timer\n'.repeat(3)}`)
  })
}

/** Runs guests from one process in the bed, as node takes seconds to start there. @returns outcomes by the program's path in the bed */
async function outcomesOf(
  inside: Inside,
  how: Platform | 'natively',
  guests: readonly Guest[],
): Promise<Map<string, Outcome>> {
  const programs = guests.map(({binary}) => inBed(binary))
  // Forced polling takes a processor: where three beds share two, all of them are late.
  const patchCalls = isAll ? 'always' : 'auto'
  // A process takes long to start there.
  const argv = ['node', '/hv/ci/bed/run-guests.mjs', how, patchCalls, 'thread', ...programs]
  const {stdout} = await inside(argv, {timeoutMs: stepMs('bedGuests')})
  return outcomesIn(stdout)
}

/** Which of a list's guests a bed runs: one in `of`, by their places in the list. */
export type Share = readonly [part: number, of: number]

const ALL: Share = [0, 1]
/** There are more guests than this in all. */
const LEAST_GUESTS = 90

/** Leaves out what is slow in beds, and gives each bed its share; with HV_BEDS=all (`npm run test:beds`) only in Bochs' beds. */
function builtFor(name: string, [part, of]: Share): readonly Guest[] {
  const {architecture, emulator} = bedNamed(name)!
  const all = guestsOf(architecture).filter(({binary}) => existsSync(binary))
  if (isAll && emulator !== 'bochs') return all
  const quick = all.filter(({source}) => !source.includes("// not in CI's beds"))
  return quick.filter((_, index) => index % of === part)
}

function testNatively(
  built: readonly Guest[],
  [, of]: Share,
  inside: Inside,
  unable: readonly string[],
): void {
  test('there are guests to run', () => {
    expect(built.length).toBeGreaterThan(LEAST_GUESTS / of)
  })

  test('Linux passes every guest that the processor can', async () => {
    const first = await failedNatively(inside, built.filter(isToldNatively))
    // Two beds share this machine: a guest that fails again, alone, fails because of the processor.
    const again = await failedNatively(inside, [...first.keys()])
    const names = [...again.keys()].map(({name}) => name).sort()
    const expected = unable.filter((name) => built.some((guest) => guest.name === name))
    expect(names, [...first.values(), ...again.values()].join('')).toEqual(expected)
  })
}

/** @returns the standard error of those that failed */
async function failedNatively(inside: Inside, run: readonly Guest[]): Promise<Map<Guest, string>> {
  if (run.length === 0) return new Map()
  const outcomes = await outcomesOf(inside, 'natively', run)
  const outcomeOf = (guest: Guest): Outcome | undefined => outcomes.get(inBed(guest.binary))
  const failed = run.filter((guest) => !isDeepStrictEqual(outcomeOf(guest), expectationOf(guest)))
  return new Map(failed.map((guest) => [guest, outcomeOf(guest)?.stderr ?? '']))
}

function testGuests(
  built: readonly Guest[],
  platform: Platform,
  inside: Inside,
  unable: readonly string[],
): void {
  describe(`the guests on ${platform}`, () => {
    let outcomes: Map<string, Outcome>
    beforeAll(async () => {
      outcomes = await outcomesOf(inside, platform, built)
    })

    test.for(built)('$name does as it does natively', async (guest) => {
      const ended = outcomes.get(inBed(guest.binary))
      if (!unable.includes(guest.name)) return expect(ended, ended?.stderr).toEqual(expectationOf(guest))
      const native = await inside([inBed(guest.binary)])
      expect({...ended, stderr: ''}).toEqual({...native, stderr: ''})
      expect(failedChecks(native)).toEqual(expect.arrayContaining(failedChecks(ended!)))
    })
  })
}

/** Node names no signal beyond 31, so it does not tell which one killed a program. */
function isToldNatively(guest: Guest): boolean {
  return expectationOf(guest).status <= 128 + 31 && !guest.source.includes('// only under hv')
}

/** Which checks failed: file, line, check. When a fault does not come, the value that it should have left is random. */
function failedChecks({stderr}: Outcome): string[] {
  return stderr
    .trimEnd()
    .split('\n')
    .map((line) => line.replace(/: got .*/, ''))
}
