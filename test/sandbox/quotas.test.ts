// How much of the host programs may use: CPU time, and files in memory.

import {afterEach, describe, expect, test} from 'vitest'
import {stepMs} from '../../ci/budgets.mjs'
import {Sandbox, type SandboxLimitEvent, type SandboxOptions} from '../../dist/index.js'
import {BUSYBOX, places, SPIN, sh} from './guests.ts'

const MIB = 1 << 20

/** The first run whose own work fits the time. A busy host makes a program's start cost more of it. */
async function enough<Exit extends {timedOut: boolean}>(run: (ms: number) => Promise<Exit>): Promise<Exit> {
  for (let ms = 1500; ; ms *= 2) {
    const exit = await run(ms)
    if (!exit.timedOut || ms > 10_000) return exit
  }
}
const FOUR_SPIN = sh('for i in 1 2 3 4; do (while :; do :; done) & done; wait')

describe.each(places)('on $platform, in a $isolation', ({platform, isolation}) => {
  let sandbox: Sandbox | undefined
  afterEach(() => sandbox?.dispose())

  async function create(options: SandboxOptions = {}): Promise<[Sandbox, SandboxLimitEvent[]]> {
    const events: SandboxLimitEvent[] = []
    sandbox = await Sandbox.create({platform, isolation, ...options})
    sandbox.on('limit', (event) => events.push(event))
    return [sandbox, events]
  }

  test.each([
    ['one that spins', 1, [BUSYBOX, SPIN]],
    ['children that spin, on one CPU', 1, FOUR_SPIN],
    ['children that spin, on several', 4, FOUR_SPIN],
  ] as const)('cpuTimeoutMs ends %s', async (_, cpus, program) => {
    const [each, events] = await create({cpus})
    const [path, args] = program
    const exit = await each.run(path, [...args], {cpuTimeoutMs: 300, timeoutMs: stepMs('command')})
    expect(exit).toMatchObject({exitCode: null, signal: null, timedOut: true, timedOutBy: 'cpu-time'})
    expect(exit.stats.cpuNs).toBeGreaterThanOrEqual(300e6)
    // CPU time, not wall time: several CPUs use it up sooner.
    expect(exit.stats.cpuNs).toBeLessThan(3e9)
    expect(events).toEqual([{program: BUSYBOX, programPid: 2, limit: 'cpu-time', count: 1}])
  })

  test('maxOpenFiles bounds the descriptors of each process, and root raises it no further', async () => {
    const [each] = await create({maxOpenFiles: 20})
    const script =
      'ulimit -n; ulimit -Hn; (ulimit -n 21) 2>/dev/null || echo no; exec 19</dev/null 20</dev/null'
    const {stdout, exitCode} = await each.run(...sh(script))
    expect(stdout).toBe('20\n20\nno\n')
    expect(exitCode).not.toBe(0)
  })

  test('who sleeps uses no CPU time', async () => {
    const [each] = await create()
    const exit = await enough((ms) =>
      each.run(...sh(`sleep ${ms / 1000}; echo up`), {cpuTimeoutMs: ms - 100}),
    )
    expect(exit).toMatchObject({stdout: 'up\n', timedOut: false})
    expect(exit).not.toHaveProperty('timedOutBy')
  })

  test('each of two programs has its own CPU time', async () => {
    const [each, events] = await create()
    const frugal = await enough(async (ms) => {
      events.splice(0)
      const first = each.run(...sh('sleep 2; echo up'), {cpuTimeoutMs: ms - 100})
      const lavish = await each.run(BUSYBOX, SPIN, {cpuTimeoutMs: ms, timeoutMs: stepMs('command')})
      expect(lavish.timedOutBy).toBe('cpu-time')
      return first
    })
    expect(frugal).toMatchObject({stdout: 'up\n', timedOut: false})
    expect(events).toHaveLength(1)
  })

  test('cpuQuotaPercent holds the programs to a share of one CPU, and ends those that are held', async () => {
    const [each] = await create({cpuQuotaPercent: 10, cpus: 2})
    const {stats} = await each.run(...FOUR_SPIN, {timeoutMs: 1500})
    // Without the quota it would be 2, and on a busy host more than the quota. There the sentry acts late, and makes up for it later.
    expect(stats.cpuNs / stats.runNs).toBeGreaterThan(0.025)
    expect(stats.cpuNs / stats.runNs).toBeLessThan(0.6)
    expect(stats.heldNs).toBeGreaterThan(0.2 * stats.runNs)
    const started = Date.now()
    await expect(each.run(...FOUR_SPIN, {signal: AbortSignal.timeout(200)})).rejects.toThrow('aborted')
    expect(Date.now() - started).toBeLessThan(stepMs('command') / 3)
  })

  test('diskBytes bounds what all trees in memory hold together, and who removes files can write again', async () => {
    const [each, events] = await create({diskBytes: 4 * MIB, platform, isolation})
    const fill = 'dd if=/dev/zero bs=64k count=99 2>/dev/null of='
    const result = await each.run(
      ...sh(`${fill}/tmp/a; ${fill}/dev/shm/b; ${fill}/c; for i in /tmp/a /dev/shm/b /c; do wc -c < $i; done
        df -k /tmp | awk 'END {print $2, $4}'
        echo more > /c || rm /tmp/a; echo more > /c && wc -c /c`),
    )
    expect(result.stdout.split('\n')).toEqual([`${4 * MIB}`, '0', '0', '4096 0', '5 /c', ''])
    expect(events[0]).toEqual({program: BUSYBOX, programPid: 2, limit: 'disk', count: 1})
  })

  test('diskBytes bounds the owner’s files and the number of files, too', async () => {
    const [each, events] = await create({diskBytes: 64 << 10})
    await each.files.write('/tmp/fits', new Uint8Array(60 << 10))
    await expect(each.files.write('/tmp/more', new Uint8Array(60 << 10))).rejects.toMatchObject({
      errno: 'ENOSPC',
    })
    const {stdout} = await each.run(
      ...sh('for i in $(seq 2000); do true > /tmp/$i || break; done 2>/dev/null; echo $i'),
    )
    expect(Number(stdout)).toBeGreaterThan(900)
    expect(Number(stdout)).toBeLessThan(1024)
    expect(events[0]).toMatchObject({limit: 'disk'})
  })

  test('of both times the one that is up first ends the program', async () => {
    const [each] = await create()
    const sleeper = await each.run(BUSYBOX, ['sleep', '100'], {cpuTimeoutMs: 5000, timeoutMs: 200})
    expect(sleeper).toMatchObject({timedOut: true, timedOutBy: 'time'})
  })
})
