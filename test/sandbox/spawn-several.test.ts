// Several programs at once in one sandbox: what they share, what each has to itself, and that none ends another.

import {once} from 'node:events'
import {text} from 'node:stream/consumers'
import {afterAll, beforeAll, describe, expect, test} from 'vitest'
import {Sandbox, type SandboxProcess, type TraceEvent} from '../../dist/index.js'
import {BUSYBOX, places, SPIN, sh} from './guests.ts'

const MIB = 1 << 20
/** Writes a line when it runs, and ends when a line or the end of its input comes. */
const UNTIL_TOLD = sh('echo ready; read line; echo $line')

async function whenReady(child: SandboxProcess): Promise<SandboxProcess> {
  await once(child.stdout, 'data')
  return child
}

describe.each(places)('on $platform, in a $isolation', ({platform, isolation}) => {
  let sandbox: Sandbox
  let other: SandboxProcess
  beforeAll(async () => {
    sandbox = await Sandbox.create({platform, isolation})
    // Runs beside all tests below.
    other = await whenReady(sandbox.spawn(...UNTIL_TOLD))
  })
  afterAll(async () => {
    other.stdin.end('done\n')
    expect(await text(other.stdout)).toBe('done\n')
    expect(await other.wait()).toMatchObject({exitCode: 0, stats: {processes: 1}})
    await sandbox.dispose()
  })

  const shell = (script: string) => sandbox.run(...sh(script))
  /** Commands of the processes that `ps` sees. */
  const processes = async () => (await shell('ps -o args')).stdout

  test('two talk through a FIFO', async () => {
    await shell('mkfifo /tmp/fifo')
    const reader = shell('read line < /tmp/fifo; echo "got $line"')
    const writer = shell('echo word > /tmp/fifo')
    expect((await reader).stdout).toBe('got word\n')
    expect((await writer).exitCode).toBe(0)
  })

  test('two talk through a UNIX socket', async () => {
    const daemon = sandbox.spawn(...sh('exec syslogd -n -O /tmp/log'))
    const client = shell(
      'until [ -S /dev/log ]; do sleep 0.01; done; logger word; until grep -o word /tmp/log; do sleep 0.01; done',
    )
    expect((await client).stdout).toBe('word\n')
    daemon.kill()
    await daemon.wait()
  })

  test('each has its pid, sees the others, and may send them signals', async () => {
    const target = await whenReady(
      sandbox.spawn(...sh('trap "echo caught; exit 5" USR1; echo ready; while :; do sleep 0.01; done')),
    )
    expect(target.pid).not.toBe(other.pid)
    const rest = text(target.stdout)
    expect((await shell(`grep -c . /proc/${other.pid}/stat; kill -USR1 ${target.pid}`)).stdout).toBe('1\n')
    expect(await rest).toBe('caught\n')
    expect((await target.wait()).exitCode).toBe(5)
  })

  test('one is killed by another, times out, is aborted: others go on', async () => {
    const killed = await whenReady(sandbox.spawn(...UNTIL_TOLD))
    const late = sandbox.run(BUSYBOX, SPIN, {timeoutMs: 200})
    const aborted = expect(
      sandbox.run(BUSYBOX, SPIN, {signal: AbortSignal.timeout(200)}),
    ).rejects.toMatchObject({name: 'AbortError'})
    const going = shell('for i in 1 2 3 4 5; do sleep 0.1; done; echo gone')
    await shell(`kill -9 ${killed.pid}`)
    expect(await killed.wait()).toMatchObject({signal: 'SIGKILL', timedOut: false})
    expect(await late).toMatchObject({timedOut: true, exitCode: null})
    await aborted
    expect(await going).toMatchObject({stdout: 'gone\n', exitCode: 0})
  })

  test('a daemon dies with the program that left it, and with no other', async () => {
    const holder = await whenReady(sandbox.spawn(...sh('(setsid sleep 7001 &); echo ready; read line')))
    await shell('(setsid sleep 7002 &); sleep 0.05')
    const listed = await processes()
    expect(listed).toContain('sleep 7001')
    expect(listed).not.toContain('sleep 7002')
    holder.stdin.end()
    await holder.wait()
    expect(await processes()).not.toContain('sleep 700')
  })

  test('twenty at once have each its output, its errors and its end', async () => {
    const runs = Array.from({length: 20}, (_, index) =>
      shell(`sleep 0.0${index % 5}; echo out ${index}; echo err ${index} >&2; exit ${index}`),
    )
    const ends = (await Promise.all(runs)).map(({stdout, stderr, exitCode}) => [stdout, stderr, exitCode])
    expect(ends).toEqual(runs.map((_, index) => [`out ${index}\n`, `err ${index}\n`, index]))
  })

  test('counters and bounds of output are of each alone', async () => {
    const [loud, quiet] = await Promise.all([
      sandbox.run(...sh('for i in 1 2 3; do true | true; done; yes'), {maxOutputBytes: 100}),
      shell('echo short'),
    ])
    expect(loud).toMatchObject({outputTruncated: true, stats: {processes: 7}})
    expect(loud.stdout).toHaveLength(100)
    expect(quiet).toMatchObject({stdout: 'short\n', outputTruncated: false, stats: {processes: 1}})
    expect(quiet.stats.syscalls).toBeLessThan(loud.stats.syscalls)
  })

  test('one that cannot be started is an error of its own', async () => {
    const missing = sandbox.run('/no/such/program')
    const there = shell('echo there')
    await expect(missing).rejects.toMatchObject({code: 'NOT_FOUND'})
    expect((await there).stdout).toBe('there\n')
  })

  test('who was given the output of one that has ended writes to nobody', async () => {
    const giver = await whenReady(sandbox.spawn(...sh('echo ready; read line')))
    const taker = shell(
      `exec 3> /proc/${giver.pid}/fd/1; echo held > /tmp/held; while [ -d /proc/${giver.pid} ]; do sleep 0.01; done; sleep 0.1; trap "" PIPE; echo late >&3; echo $?`,
    )
    await shell('until [ -e /tmp/held ]; do sleep 0.01; done')
    giver.stdin.end()
    expect((await giver.wait()).exitCode).toBe(1)
    expect(await taker).toMatchObject({stdout: '1\n', stderr: expect.stringContaining('Broken pipe')})
  })

  test('a trace tells of all of them, by their pids', async () => {
    const events: TraceEvent[] = []
    await sandbox.startTrace((event) => events.push(event), {calls: 'none'})
    const children = [1, 2].map((code) => sandbox.spawn(...sh(`exit ${code}`)))
    await Promise.all(children.map((child) => child.wait()))
    await sandbox.stopTrace()
    const exits = events.map((event) => event.type === 'exit' && [event.pid, event.code])
    expect(exits).toHaveLength(2)
    expect(exits).toEqual(expect.arrayContaining(children.map(({pid, exitCode}) => [pid, exitCode])))
  })
})

describe.each(places)('alone on $platform, in a $isolation', ({platform, isolation}) => {
  test('one that takes all tasks leaves room when it has ended', async () => {
    await using sandbox = await Sandbox.create({platform, isolation, maxTasks: 20})
    const other = await whenReady(sandbox.spawn(...UNTIL_TOLD))
    const bomb = sandbox.spawn(...sh('bomb() { bomb | bomb & }; bomb & while :; do :; done'))
    await once(sandbox as never, 'limit')
    other.stdin.end('on\n')
    expect(await text(other.stdout)).toBe('on\n')
    bomb.kill('SIGKILL')
    expect(await bomb.wait()).toMatchObject({signal: 'SIGKILL'})
    expect((await sandbox.run(...sh('set -- /proc/[0-9]*; echo $#'))).stdout).toBe('2\n')
  })

  test('one that holds most of the memory dies of it, and not one beside it that needs little', async () => {
    await using sandbox = await Sandbox.create({platform, isolation, memoryBytes: 64 * MIB})
    const mib = 'm=x; for i in $(seq 20); do m=$m$m; done'
    const hungry = await whenReady(
      sandbox.spawn(...sh(`${mib}; for i in $(seq 36); do eval "h$i=\\$m"; done; echo ready; read line`)),
    )
    const until = `[ -d /proc/${hungry.pid} ]`
    const modest = await sandbox.run(
      ...sh(`${mib}; i=0; while ${until}; do eval "m$i=\\$m"; i=$((i+1)); done`),
    )
    expect(modest).toMatchObject({exitCode: 0, outOfMemory: false})
    expect(await hungry.wait()).toMatchObject({outOfMemory: true, signal: 'SIGKILL'})
  })

  test('a handler knows who asks, and what it throws ends that one alone', async () => {
    const asked: number[] = []
    const onSyscall = {
      mkdir: ({pid, paths}: {pid: number; paths: readonly (string | undefined)[]}) => {
        asked.push(pid)
        if (paths[0] === '/tmp/bad') throw new Error('not that')
      },
    }
    await using sandbox = await Sandbox.create({platform, isolation, onSyscall})
    const good = sandbox.spawn(BUSYBOX, ['mkdir', '/tmp/good'])
    const bad = sandbox.spawn(BUSYBOX, ['mkdir', '/tmp/bad'])
    await expect(bad.wait()).rejects.toThrow('not that')
    expect((await good.wait()).exitCode).toBe(0)
    expect(asked.sort()).toEqual([good.pid, bad.pid].sort())
  })

  test('all end with their sandbox', async () => {
    const sandbox = await Sandbox.create({platform, isolation})
    const children = await Promise.all([1, 2, 3].map(() => whenReady(sandbox.spawn(...UNTIL_TOLD))))
    const late = sandbox.run(BUSYBOX, SPIN)
    const ends = Promise.allSettled([...children.map((child) => child.wait()), late])
    await sandbox.dispose()
    expect((await ends).map((end) => end.status === 'rejected' && end.reason.code)).toEqual(
      Array(4).fill('DISPOSED'),
    )
  })
})

test('there may be 64 at once, or as many as there may be tasks', async () => {
  await using sandbox = await Sandbox.create()
  const children = Array.from({length: 64}, () => sandbox.spawn(BUSYBOX, ['sleep', '1000']))
  await expect(sandbox.run(BUSYBOX, ['true'])).rejects.toMatchObject({code: 'SANDBOX_FULL'})
  children[7].kill()
  await children[7].wait()
  expect((await sandbox.run(BUSYBOX, ['true'])).exitCode).toBe(0)
  await using small = await Sandbox.create({maxTasks: 1})
  const only = small.spawn(...sh('read line'))
  await expect(small.run(BUSYBOX, ['true'])).rejects.toMatchObject({code: 'SANDBOX_FULL'})
  only.stdin.end()
  expect((await only.wait()).exitCode).toBe(1)
  expect((await small.run(BUSYBOX, ['true'])).exitCode).toBe(0)
})
