// Connections on which nothing happens cost the sentry nothing: neither time of a processor nor a wake-up, however many there are.

import {spawn} from 'node:child_process'
import {once} from 'node:events'
import {readdirSync} from 'node:fs'
import {type AddressInfo, createServer, type Server, type Socket} from 'node:net'
import {setTimeout as sleep} from 'node:timers/promises'
import {afterAll, beforeAll, expect, test} from 'vitest'
import {stepMs} from '../../ci/budgets.mjs'
import {HV} from '../cli/hv.ts'
import {platforms} from '../guests/run.ts'
import {guest, textOf} from './guests.ts'

const LOOPBACK = 1000
const OUTSIDE = 50
const WATCHED_MS = 1000
/** A loop that looks once in 10 ms, or once in a second at each connection outside, would have more of them. */
const MOST_WAKE_UPS = 30
/** Of 10 ms each. */
const MOST_TICKS = 10
const HOST = '192.0.0.2'

let server: Server
const sockets: Socket[] = []
beforeAll(async () => {
  server = createServer((socket) => sockets.push(socket.on('error', () => {}))).listen(0, '127.0.0.1')
  await once(server, 'listening')
})
afterAll(() => {
  for (const socket of sockets) socket.destroy()
  server.close()
})

interface Work {
  wakeUps: number
  ticks: number
}

/** What all threads of the process have done until now. */
function done(pid: number): Work {
  const tasks = readdirSync(`/proc/${pid}/task`).map((tid) => `/proc/${pid}/task/${tid}`)
  const sum = (numbers: number[]): number => numbers.reduce((total, each) => total + each, 0)
  const wakeUps = tasks.map((task) =>
    Number(/^voluntary_ctxt_switches:\s*(\d+)/m.exec(textOf(`${task}/status`))?.[1]),
  )
  const ticks = tasks.map((task) => {
    const [, rest] = textOf(`${task}/stat`).split(') ')
    const [user, system] = rest.split(' ').slice(11, 13).map(Number)
    return user + system
  })
  return {wakeUps: sum(wakeUps), ticks: sum(ticks)}
}

/** What they do while they are watched. */
async function spentBy(pid: number): Promise<Work> {
  const before = done(pid)
  await sleep(WATCHED_MS)
  const after = done(pid)
  return {wakeUps: after.wakeUps - before.wakeUps, ticks: after.ticks - before.ticks}
}

test('a loop that looks every 10 ms would be seen', async () => {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 10)'])
  await once(child, 'spawn')
  await expect
    .poll(async () => (await spentBy(child.pid!)).wakeUps, {timeout: stepMs('command') / 2, interval: 0})
    .toBeGreaterThan(MOST_WAKE_UPS)
  child.kill()
})

test.each(platforms)('idle connections wake nobody on %s', {timeout: stepMs('command')}, async (platform) => {
  const {port} = server.address() as AddressInfo
  const flags = ['--platform', platform, `--allow-net=host.internal:${port}`]
  const argv = [HV, 'run', ...flags, guest('idle-connections'), `${LOOPBACK}`, HOST, `${port}`, `${OUTSIDE}`]
  const child = spawn(process.execPath, argv, {stdio: ['pipe', 'pipe', 'inherit']})
  const [said] = await Promise.race([once(child.stdout, 'data'), once(child, 'close')])
  expect(`${said}`).toBe('ready\n')
  // V8's own threads come to rest first, sooner or later.
  await expect
    .poll(() => spentBy(child.pid!), {timeout: stepMs('command') / 2, interval: 0})
    .toSatisfy(({wakeUps, ticks}: Work) => wakeUps < MOST_WAKE_UPS && ticks < MOST_TICKS)
  child.stdin.end('\n')
  await once(child, 'close')
  expect(child.exitCode).toBe(0)
})
