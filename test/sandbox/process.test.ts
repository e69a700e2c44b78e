// Sandboxes in processes of their own: one's end affects no others, and they end with the process that made them.

import {spawn} from 'node:child_process'
import {once} from 'node:events'
import {existsSync, readFileSync} from 'node:fs'
import {describe, expect, test} from 'vitest'
import {Sandbox} from '../../dist/index.js'
import {platforms} from '../guests/run.ts'
import {BUSYBOX, livingBelow, SPIN} from './guests.ts'

const library = new URL('../../dist/index.js', import.meta.url).href
const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
const pids = (): number[] => livingBelow('self').map(({pid}) => pid)

/** A new sandbox, and its process. */
async function create(platform: 'kvm' | 'ptrace'): Promise<{sandbox: Sandbox; pid: number}> {
  const before = new Set(pids())
  const sandbox = await Sandbox.create({platform})
  const pid = pids().find((each) => !before.has(each) && /^hv-sandbox/.test(commandOf(each)))!
  return {sandbox, pid}
}

const commandOf = (pid: number): string => readFileSync(`/proc/${pid}/cmdline`, 'latin1')
const hasEnded = (pid: number): boolean =>
  !existsSync(`/proc/${pid}`) || readFileSync(`/proc/${pid}/stat`, 'latin1').includes(') Z')

async function untilAllHaveEnded(those: number[]): Promise<void> {
  for (let i = 0; i < 3000 && !those.every(hasEnded); i++) await sleep(20)
  expect(those.filter((pid) => !hasEnded(pid))).toEqual([])
}

describe.each(platforms)('on %s', (platform) => {
  test.each([
    ['while its guest runs', SPIN],
    ['while its guest sleeps', ['sleep', '100']],
  ])('one that is killed %s is an error of its own sandbox', async (_, args) => {
    const {sandbox, pid} = await create(platform)
    await using other = await Sandbox.create({platform})
    const run = expect(sandbox.run(BUSYBOX, args)).rejects.toMatchObject({
      code: 'SANDBOX_DIED',
      message: "the sandbox's process was killed by SIGKILL",
    })
    await sleep(300)
    process.kill(pid, 'SIGKILL')
    await run
    await expect(sandbox.run(BUSYBOX, ['true'])).rejects.toMatchObject({code: 'SANDBOX_DIED'})
    await sandbox.dispose()
    expect((await other.run(BUSYBOX, ['echo', 'alive'])).stdout).toBe('alive\n')
    await using next = await Sandbox.create({platform})
    expect((await next.run(BUSYBOX, ['echo', 'next'])).stdout).toBe('next\n')
  })

  test('one that is killed while it is idle fails the next run', async () => {
    const {sandbox, pid} = await create(platform)
    process.kill(pid, 'SIGKILL')
    await expect(sandbox.run(BUSYBOX, ['true'])).rejects.toMatchObject({code: 'SANDBOX_DIED'})
    await sandbox.dispose()
  })

  test('one that is stopped does not obey in time, and is killed', async () => {
    const {sandbox, pid} = await create(platform)
    process.kill(pid, 'SIGSTOP')
    const run = sandbox.run(BUSYBOX, ['true'], {timeoutMs: 100})
    await expect(run).rejects.toMatchObject({code: 'SANDBOX_FAILED'})
    await sandbox.dispose()
    await untilAllHaveEnded([pid])
  })

  test('ends with its owner, and so do its guests, when that is killed', async () => {
    const script = `
      import {Sandbox} from '${library}'
      const [idle, ...busy] = await Promise.all([1, 2, 3].map(() => Sandbox.create({platform: '${platform}'})))
      busy[0].run('${BUSYBOX}', ${JSON.stringify(SPIN)})
      busy[1].run('${BUSYBOX}', ['sleep', '100'])
      setTimeout(() => console.log('ready'), 300)`
    const owner = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    await once(owner.stdout, 'data')
    const all = livingBelow(owner.pid!).map(({pid}) => pid)
    expect(all.length).toBeGreaterThanOrEqual(3)
    owner.kill('SIGKILL')
    await untilAllHaveEnded(all)
  })

  test('has no part in the signals of its owner’s terminal', async () => {
    const {sandbox, pid} = await create(platform)
    const [, , , , group, session] = readFileSync(`/proc/${pid}/stat`, 'latin1').split(' ')
    expect([group, session]).toEqual([`${pid}`, `${pid}`])
    await sandbox.dispose()
  })
})
