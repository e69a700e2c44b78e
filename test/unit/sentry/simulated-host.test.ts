// A kernel has its time and its random bytes from the host that its maker passes in, and from nowhere else.

import {mkdtempSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterAll, expect, test} from 'vitest'
import {CLOCK_MONOTONIC, CLOCK_REALTIME} from '../../../src/abi/time.ts'
import {Sentry} from '../../../src/sentry/outside/sentry.ts'
import {Run} from '../../../src/sentry/task/run.ts'
import {nativeHost} from '../../../src/vfs/native-host.ts'
import {SimulatedHost} from '../../helpers/simulated-host.ts'
import {elfFile} from '../elf/elf-file.ts'
import {ScriptedPlatform, type Step} from './scripted-platform.ts'
import {call, program} from './scripted-program.ts'

const HOUR_S = 3600n
const PAGE = 0x10000
const AT_RANDOM = 25n
const folder = mkdtempSync(join(tmpdir(), 'hv-simulated-host-'))
writeFileSync(join(folder, 'program'), elfFile(), {mode: 0o755})
afterAll(() => rmSync(folder, {recursive: true}))

/** Runs a program that makes these calls, with `given` in its memory from PAGE on. @returns their results, and the memory after them */
function run(host: SimulatedHost, given: bigint[], ...calls: Step[]): {results: number[]; left: Buffer} {
  let left: Buffer | undefined
  function* script(): Iterable<Step> {
    // The next step is taken when a call begins: the last but one looks at what those before it left.
    yield* [...calls, call('getpid')]
    left = Buffer.from(made.process.space.user.readBytes(PAGE, 256))
    yield call('exit_group', 0)
  }
  const made = program(new ScriptedPlatform(1, host), script())
  const {kernel, process, context} = made
  process.space.map.map({address: PAGE, length: 4096, fixed: 'replace', protection: 3})
  process.space.user.writeBytes(PAGE, new Uint8Array(BigInt64Array.from(given).buffer))
  kernel.run(process)
  return {results: context.results.slice(0, calls.length), left: left!}
}

test('an hour passes at once: of nanosleep, of a timerfd, of the clocks', () => {
  const host = new SimulatedHost()
  const beganNs = host.clock.nowNs
  const [DURATION, SETTING, FROM, TO, REAL, COUNT] = [0, 16, 48, 64, 80, 96].map((at) => PAGE + at)
  const {results, left} = run(
    host,
    [HOUR_S, 0n, 0n, 0n, HOUR_S, 0n],
    call('clock_gettime', CLOCK_MONOTONIC, FROM),
    call('nanosleep', DURATION, 0),
    call('timerfd_create', CLOCK_MONOTONIC, 0),
    call('timerfd_settime', 0, 0, SETTING, 0),
    call('read', 0, COUNT, 8),
    call('clock_gettime', CLOCK_MONOTONIC, TO),
    call('clock_gettime', CLOCK_REALTIME, REAL),
  )
  expect(results).toEqual([0, 0, 0, 0, 8, 0, 0])
  const at = (address: number) => Number(left.readBigUInt64LE(address - PAGE))
  expect(at(COUNT)).toBe(1)
  expect(at(TO) - at(FROM)).toBe(2 * Number(HOUR_S))
  expect(host.clock.nowNs - beganNs).toBe(2e9 * Number(HOUR_S))
  expect(at(REAL)).toBe(Math.floor(host.clock.nowNs / 1e9))
})

test('getrandom(2) gives the host’s bytes', () => {
  const host = new SimulatedHost()
  const {left} = run(host, [], call('getrandom', PAGE, 16, 0))
  const [next] = host.random.fill(new Uint8Array(1))
  expect([...left.subarray(0, 16)]).toEqual(Array.from({length: 16}, (_, i) => next - 16 + i))
})

test('where a program begins, and its AT_RANDOM, are as random as the host', () => {
  const load = (host = nativeHost) => {
    const sentry = new Sentry(new ScriptedPlatform(1, host), {root: folder, volumes: [], host})
    const {space, program} = sentry.load({program: '/program', args: [], env: {}, streams: []}, new Run())
    const auxv = new BigUint64Array(program.auxv.slice().buffer)
    const at = Number(auxv[2 * [...auxv].filter((_, i) => i % 2 === 0).indexOf(AT_RANDOM) + 1])
    sentry.dispose()
    return {at, bytes: [...space.user.readBytes(at, 16)]}
  }
  const [first, second] = [load(new SimulatedHost()), load(new SimulatedHost())]
  expect(first).toEqual(second)
  expect(first.bytes[1] - first.bytes[0]).toBe(1)
  expect(load()).not.toEqual(load())
})
