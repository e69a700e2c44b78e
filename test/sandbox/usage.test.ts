// Sandbox.stats and Sandbox.processes: what a sandbox uses, and which processes it has, while programs run and afterwards.

import {afterAll, beforeAll, describe, expect, test} from 'vitest'
import {Sandbox} from '../../src/index.ts'
import {platforms} from '../guests/run.ts'

const BUSYBOX = '/bin/busybox'
const MIB = 1 << 20

describe.each(
  platforms.flatMap((platform) => ['process', 'thread'].map((place) => [platform, place] as const)),
)('on %s, in a %s', (platform, isolation) => {
  let sandbox: Sandbox
  beforeAll(async () => {
    const isolated = {platform, isolation: isolation as 'process' | 'thread'}
    sandbox = await Sandbox.create({...isolated, memoryBytes: 64 * MIB, diskBytes: 8 * MIB, maxTasks: 50})
  })
  afterAll(() => sandbox.dispose())

  /** Starts a shell script that says `ready` when it waits for its input. */
  async function waiting(script: string) {
    const child = sandbox.spawn(BUSYBOX, ['sh', '-c', `${script}\necho ready; read line; exit 0`])
    for await (const line of child) if (line === 'ready') break
    return child
  }

  test('before anything has run, nothing is in use', async () => {
    const stats = await sandbox.stats()
    expect(stats).toMatchObject({programs: 0, processes: 0, tasks: 0, startedPrograms: 0, syscalls: 0})
    expect(stats).toMatchObject({maxTasks: 50, maxMemoryBytes: 64 * MIB, maxDiskBytes: 8 * MIB})
    expect(await sandbox.processes()).toEqual([])
  })

  test('a running program and its children are told of, by pid', async () => {
    const child = await waiting(`${BUSYBOX} sleep 1000 &`)
    const shell = {pid: child.pid, parentPid: 1, programPid: child.pid, threads: 1, uid: 0}
    const sleep = {parentPid: child.pid, programPid: child.pid, command: `${BUSYBOX} sleep 1000`}
    await expect
      .poll(() => sandbox.processes(), {timeout: 60_000})
      .toMatchObject([
        {...shell, name: 'busybox', command: expect.stringMatching(/^\/bin\/busybox sh -c /)},
        {...sleep, name: 'busybox', state: 'S', memoryBytes: expect.any(Number)},
      ])
    expect(await sandbox.stats()).toMatchObject({programs: 1, processes: 2, tasks: 2})
    child.kill('SIGKILL')
    await child.wait()
    expect(await sandbox.stats()).toMatchObject({programs: 0, processes: 0, tasks: 0})
  })

  test('what counts since the start never falls, and files in memory count', async () => {
    const before = await sandbox.stats()
    await sandbox.run(BUSYBOX, ['dd', 'if=/dev/zero', 'of=/tmp/file', 'bs=1M', 'count=2'])
    const after = await sandbox.stats()
    expect(after.startedPrograms).toBe(before.startedPrograms + 1)
    expect(after.syscalls).toBeGreaterThan(before.syscalls)
    expect(after.cpuMs).toBeGreaterThan(before.cpuMs)
    expect(after.diskBytes - before.diskBytes).toBeGreaterThanOrEqual(2 * MIB)
  })

  test('a program that computes without a rest is seen to run', async () => {
    const child = sandbox.spawn(BUSYBOX, ['sh', '-c', 'echo ready; while :; do :; done'])
    for await (const line of child) if (line === 'ready') break
    expect(await sandbox.processes()).toMatchObject([{state: 'R', pid: child.pid}])
    child.kill('SIGKILL')
    await child.wait()
  })

  test('a long or strange command line is cut, and shown without control characters', async () => {
    const child = sandbox.spawn(BUSYBOX, [
      'sh',
      '-c',
      'echo ready; read line',
      `\u001b[2J${'x'.repeat(10_000)}`,
    ])
    for await (const line of child) if (line === 'ready') break
    const [{command}] = await sandbox.processes()
    expect(command).toMatch(/^\/bin\/busybox sh -c echo ready; read line \\x1b\[2Jx+$/)
    expect(command.length).toBeLessThan(300)
    child.kill('SIGKILL')
    await child.wait()
  })
})

test('a disposed sandbox says so', async () => {
  const sandbox = await Sandbox.create()
  await sandbox.dispose()
  await expect(sandbox.stats()).rejects.toMatchObject({code: 'DISPOSED'})
  await expect(sandbox.processes()).rejects.toMatchObject({code: 'DISPOSED'})
})
