// SandboxPool: sandboxes in processes that were started before, each in one of its own.

import {execFile} from 'node:child_process'
import {promisify} from 'node:util'
import {afterEach, describe, expect, test} from 'vitest'
import {type Sandbox, SandboxPool} from '../../dist/index.js'
import {platforms} from '../guests/run.ts'
import {BUSYBOX, livingBelow, textOf} from './guests.ts'

const library = new URL('../../dist/index.js', import.meta.url).href
const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/** Processes that are a sandbox or wait to become one. */
const waiting = (): number[] =>
  livingBelow('self').flatMap(({pid, name}) =>
    name !== 'hv-stub' && textOf(`/proc/${pid}/cmdline`).startsWith('hv-sandbox') ? [pid] : [],
  )

async function until(count: number): Promise<void> {
  for (let i = 0; i < 3000 && waiting().length !== count; i++) await sleep(20)
  expect(waiting()).toHaveLength(count)
}

// A disposed pool's processes end by themselves.
afterEach(() => until(0))

describe.each(platforms)('on %s', (platform) => {
  test('a sandbox takes a process that waits, another one takes its place, and none is used again', async () => {
    using pool = new SandboxPool({warm: 2})
    await until(2)
    const before = waiting()
    const sandbox = await pool.create({platform})
    expect((await sandbox.run(BUSYBOX, ['sh', '-c', 'echo here > /tmp/file'])).exitCode).toBe(0)
    await until(3)
    await sandbox.dispose()
    await until(2)
    expect(waiting().filter((pid) => before.includes(pid))).toHaveLength(1)
    await using next = await pool.create({platform})
    expect((await next.run(BUSYBOX, ['cat', '/tmp/file'])).exitCode).toBe(1)
  })

  test('more than wait at once are made all the same', async () => {
    using pool = new SandboxPool()
    const sandboxes = await Promise.all([1, 2, 3, 4].map(() => pool.create({platform})))
    const outputs = await Promise.all(sandboxes.map((sandbox) => sandbox.run(BUSYBOX, ['echo', 'hi'])))
    expect(outputs.map(({stdout}) => stdout)).toEqual(Array(4).fill('hi\n'))
    await Promise.all(sandboxes.map((sandbox) => sandbox.dispose()))
  })

  test('a sandbox outlives its pool', async () => {
    const pool = new SandboxPool()
    await using sandbox = await pool.create({platform})
    pool.dispose()
    await until(1)
    expect((await sandbox.run(BUSYBOX, ['echo', 'on'])).stdout).toBe('on\n')
    await expect(pool.create({platform})).rejects.toMatchObject({code: 'DISPOSED'})
  })
})

describe.each(platforms)('a pool of sandboxes on %s', (platform) => {
  test('gives one that waits, as it was told, in which nothing has run for its owner', async () => {
    using pool = new SandboxPool({
      warm: 1,
      sandbox: {platform, memoryBytes: 64 << 20, pledge: 'stdio rpath proc'},
    })
    await until(1)
    const before = waiting()
    const sandbox = await pool.create()
    const script = 'echo $$; ls / /bin /tmp; echo x > /tmp/x'
    const {stdout, stats} = await sandbox.run(BUSYBOX, ['sh', '-c', script])
    expect(stdout.split(/\s+/).join(' ')).toBe('2 /: bin dev proc sys tmp /bin: busybox /tmp: ')
    expect(stats).toMatchObject({processes: 2})
    await until(2)
    await sandbox.dispose()
    await until(1)
    expect(waiting().filter((pid) => before.includes(pid))).toEqual([])
  })
})

test('a pool gives sandboxes as they were prepared', async () => {
  using pool = new SandboxPool({
    sandbox: {memoryBytes: 64 << 20},
    prepare: async (sandbox) => {
      await sandbox.files.write('/tmp/there', 'before')
      await sandbox.run(BUSYBOX, ['cat', '/tmp/there'])
    },
  })
  for (let i = 0; i < 2; i++) {
    await using sandbox = await pool.create()
    const {stdout} = await sandbox.run(BUSYBOX, [
      'sh',
      '-c',
      'cat /tmp/there; echo " $$"; grep -c hostfs /proc/mounts',
    ])
    expect(stdout).toBe('before 3\n1\n')
  }
})

test('what a preparation throws, create rejects with, and the next one is prepared anew', async () => {
  const fails = [true, true, false]
  const prepared: Sandbox[] = []
  using pool = new SandboxPool({
    sandbox: {memoryBytes: 64 << 20},
    prepare: async (sandbox) => {
      prepared.push(sandbox)
      if (fails.shift()) throw new Error('unprepared')
    },
  })
  await expect(pool.create()).rejects.toThrow('unprepared')
  await expect(prepared[0].run(BUSYBOX, ['true'])).rejects.toMatchObject({code: 'DISPOSED'})
  await expect(pool.create()).rejects.toThrow('unprepared')
  await using sandbox = await pool.create()
  expect((await sandbox.run(BUSYBOX, ['echo', 'on'])).stdout).toBe('on\n')
})

test('a disposed pool ends what is being prepared', async () => {
  const ended = new Promise((caught) => {
    const pool = new SandboxPool({
      sandbox: {},
      prepare: (sandbox) => {
        const run = sandbox.run(BUSYBOX, ['sleep', '1000'])
        setTimeout(() => pool.dispose(), 20)
        run.catch(caught)
        return run
      },
    })
  })
  expect(await ended).toMatchObject({code: 'DISPOSED'})
})

test('a sandbox that dies while it waits is not given to anybody', async () => {
  using pool = new SandboxPool({sandbox: {}})
  await until(1)
  const [pid] = waiting()
  process.kill(pid, 'SIGKILL')
  for (let i = 0; i < 3000 && waiting().includes(pid); i++) await sleep(20)
  await sleep(200)
  await using sandbox = await pool.create()
  expect((await sandbox.run(BUSYBOX, ['echo', 'on'])).stdout).toBe('on\n')
})

test('a pool of sandboxes takes no options later, and says what is wrong with its own', async () => {
  using pool = new SandboxPool({sandbox: {}})
  await expect(pool.create({memoryBytes: 64 << 20})).rejects.toMatchObject({code: 'BAD_ARGUMENT'})
  expect(() => new SandboxPool({sandbox: {cpus: 0}})).toThrow('cpus')
  expect(() => new SandboxPool({prepare: async () => {}})).toThrow('sandbox')
  expect(() => new SandboxPool({sandbox: {}, prepare: 'run' as never})).toThrow('prepare')
  expect(() => new SandboxPool({sandbox: {isolation: 'thread'} as never})).toThrow('processes')
  using missing = new SandboxPool({sandbox: {root: '/nowhere'}})
  await expect(missing.create()).rejects.toMatchObject({code: 'NOT_FOUND'})
})

test('a process that dies while it waits is not given to anybody', async () => {
  using pool = new SandboxPool({warm: 1})
  await until(1)
  process.kill(waiting()[0], 'SIGKILL')
  await until(0)
  await using sandbox = await pool.create()
  expect((await sandbox.run(BUSYBOX, ['true'])).exitCode).toBe(0)
})

test('nor is one that has just died', async () => {
  using pool = new SandboxPool({warm: 1})
  await until(1)
  process.kill(waiting()[0], 'SIGKILL')
  await using sandbox = await pool.create()
  expect((await sandbox.run(BUSYBOX, ['true'])).exitCode).toBe(0)
})

test('paths count from where the owner is, not from where the process began', async () => {
  const {stdout} = await promisify(execFile)(process.execPath, [
    ...['--input-type=module', '-e'],
    `
    import {SandboxPool} from '${library}'
    const pool = new SandboxPool()
    process.chdir('/bin')
    const sandbox = await pool.create({volumes: [{host: '.', guest: '/programs'}]})
    process.chdir('/')
    const runs = [await sandbox.run('bin/busybox', ['echo', 'a']), await sandbox.run('/bin/busybox', ['ls', '/programs/busybox'])]
    console.log(runs.map(({stdout}) => stdout).join(''))
    await sandbox.dispose()`,
  ])
  // The process ended, so a pool does not keep its owner alive.
  expect(stdout).toBe('a\n/programs/busybox\n\n')
})

test.each([
  [{warm: 0}, 'warm'],
  [{warm: 65}, 'warm'],
  [{hot: 1}, 'hot'],
])('%j is refused', (options, name) => {
  expect(() => new SandboxPool(options as {warm: number})).toThrow(name)
})

test('a port of this host can be one sandbox’s alone', () => {
  const publish = ['0:80', '127.0.0.1:8080:80']
  expect(() => new SandboxPool({sandbox: {net: {publish}}})).toThrow(
    'port 8080 of 127.0.0.1 cannot be that of each sandbox of a pool',
  )
})

test('one is never a thread', async () => {
  using pool = new SandboxPool()
  const refused = pool.create({isolation: 'thread'} as object)
  await expect(refused).rejects.toMatchObject({code: 'BAD_ARGUMENT'})
  await using sandbox: Sandbox = await pool.create({isolation: 'process'} as object)
  expect(sandbox.platform.name).toMatch(/kvm|ptrace/)
})
