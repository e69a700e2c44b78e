// kill -9 of each party at any moment, with connections in the guest and through the broker: no process is left, no connection, no port, and the next run works.
//
// HV_LONG=1 (`npm run test:long`): 200 times, with another seed each time. HV_SEED: this seed.

import {type ChildProcess, spawn} from 'node:child_process'
import {once} from 'node:events'
import {readdirSync} from 'node:fs'
import {type AddressInfo, connect, createServer, type Server, type Socket} from 'node:net'
import {text} from 'node:stream/consumers'
import {setTimeout as sleep} from 'node:timers/promises'
import {afterAll, beforeAll, describe, expect, test} from 'vitest'
import {guests} from '../../ci/paths.mjs'
import {HV, hv} from '../cli/hv.ts'
import {platforms} from '../guests/run.ts'
import {seededRandom} from '../helpers/mutate.ts'
import {pick} from '../helpers/mutate-text.ts'
import {BUSYBOX, isLong, livingBelow, textOf} from './guests.ts'

const SEED = Number(process.env.HV_SEED ?? (isLong ? Date.now() % 1e9 : 20261201))
const TIMEOUT_MS = isLong ? 3_600_000 : 120_000
/** From the start of hv, which takes about a third of it. */
const LAST_MOMENT_MS = 900
/** Of a start on a busy machine. */
const SOON = {timeout: 30_000, interval: 10}
/** The host's loopback, as the guest names it. */
const HOST = '192.0.0.2'
const OWNER = new URL('holding-up/owner.mjs', import.meta.url).pathname

const VICTIMS = ['hv', 'hv-broker', 'server', 'client', 'outside', 'sentry', 'owner'] as const
type Victim = (typeof VICTIMS)[number]

/** Peers that read nothing: connections stay, and whoever writes waits. */
let host: Server
let port: number
const connections = new Set<Socket>()
let connected = 0
beforeAll(async () => {
  host = createServer((socket) => {
    connected++
    connections.add(socket.pause().on('error', () => {}))
    socket.on('close', () => connections.delete(socket))
    // A paused socket hears of its end when it is written to.
    const timer = setInterval(() => socket.write('x'), 20)
    socket.on('close', () => clearInterval(timer))
  }).listen(0, '127.0.0.1')
  await once(host, 'listening')
  port = (host.address() as AddressInfo).port
})
afterAll(() => host.close())

/** Talks until its standard input ends. A victim in the guest is killed by the guest. */
const script = (victim: Victim, ms: number): string => `
  /g/echo-server deaf 7000 & server=$!
  /g/echo-server flood ${HOST} ${port} & outside=$!
  ${BUSYBOX} sleep 0.05
  /g/echo-server flood 127.0.0.1 7000 & client=$!
  echo begun
  ${['server', 'client', 'outside'].includes(victim) ? `${BUSYBOX} sleep ${ms / 3000}; kill -9 $${victim}` : ''}
  read line
  kill -9 $server $outside $client 2>/dev/null
  wait
  echo ended`

/** @param name in the command lines of all that hv starts */
function start(
  victim: Victim,
  platform: string,
  name: string,
  ms: number,
  publishedPort: number,
): ChildProcess {
  const rules = `host.internal:${port},${name}.example`
  const published = `${publishedPort}:7000`
  const program = ['sh', '-c', script(victim, ms)]
  const flags = ['--platform', platform, `--allow-net=${rules}`, '-p', published, '--volume', `${guests}:/g`]
  const ofOwner = [OWNER, platform, rules, guests, program[2], published]
  const argv =
    victim === 'owner' || victim === 'sentry' ? ofOwner : [HV, 'run', ...flags, BUSYBOX, ...program]
  return spawn(process.execPath, argv, {stdio: 'pipe'})
}

function all(name: string): number[] {
  return readdirSync('/proc')
    .filter((pid) => /^\d+$/.test(pid) && textOf(`/proc/${pid}/cmdline`).includes(name))
    .map(Number)
}

/** Until there is the process, or nothing of which it could be a part. */
async function found(victim: Victim, child: ChildProcess): Promise<number | undefined> {
  if (victim === 'hv' || victim === 'owner') return child.pid
  while (child.exitCode === null) {
    const below = livingBelow(child.pid!)
    const process_ =
      victim === 'sentry'
        ? below[0]
        : below.find(({pid}) => textOf(`/proc/${pid}/cmdline`).includes('broker/process'))
    if (process_ !== undefined) return process_.pid
    await sleep(5)
  }
  return undefined
}

/** @returns with which error a connection to a port of this host ends */
async function reach(at: number): Promise<string | undefined> {
  const socket = connect(at)
  let code: string | undefined
  socket
    .on('error', (error: NodeJS.ErrnoException) => (code = error.code))
    .on('connect', () => socket.destroy())
  await new Promise((resolve) => socket.once('close', resolve))
  return code
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const {port: free} = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return free
}

const isAlive = (pid: number): boolean => /\) [^ZX]/.test(textOf(`/proc/${pid}/stat`))

/** @returns what the command printed, and how it ended */
async function kill({victim, platform, isConnected}: Round, name: string, ms: number): Promise<string> {
  const publishedPort = await freePort()
  const child = start(victim, platform, name, ms, publishedPort)
  const output = Promise.all([text(child.stdout!), text(child.stderr!), once(child, 'close')])
  child.stdin!.on('error', () => {})
  const isInGuest = ['server', 'client', 'outside'].includes(victim)
  if (isConnected || isInGuest) await Promise.race([once(child.stdout!, 'data'), once(child, 'close')])
  const peers = isConnected
    ? [1, 2].map(() =>
        connect(publishedPort)
          .on('error', () => {})
          .resume(),
      )
    : []
  await sleep(isConnected || isInGuest ? ms / 2 : ms)
  const pid = isInGuest ? undefined : await found(victim, child)
  const below = livingBelow(child.pid!).map((each) => each.pid)
  if (pid !== undefined) process.kill(pid, 'SIGKILL')
  child.stdin!.end('\n')
  const [stdout, stderr] = await output
  await expect.poll(() => [...below.filter(isAlive), ...all(name)], SOON).toEqual([])
  await expect.poll(() => connections.size, SOON).toBe(0)
  await expect.poll(() => reach(publishedPort), SOON).toBe('ECONNREFUSED')
  for (const peer of peers) peer.destroy()
  return `${stdout}${stderr}status ${child.exitCode ?? child.signalCode}`
}

interface Round {
  victim: Victim
  platform: string
  /** Killed after the guest has begun to talk; otherwise at any moment from the start. */
  isConnected: boolean
}

const random = seededRandom(SEED)
const rounds: Round[] = isLong
  ? Array.from({length: 200}, (_, index) => ({
      ...{victim: pick(VICTIMS, random), platform: pick(platforms, random)},
      isConnected: index % 2 > 0,
    }))
  : VICTIMS.map((victim, index) => ({
      ...{victim, platform: platforms[index % platforms.length]},
      isConnected: index % 3 > 0,
    }))

describe(`from seed ${SEED}`, () => {
  test('whoever is killed, nothing is left', {timeout: TIMEOUT_MS}, async () => {
    const name = `kills-${process.pid}`
    for (const [index, round] of rounds.entries()) {
      const ms = random(LAST_MOMENT_MS)
      const printed = await kill(round, `${name}-${index}`, ms)
      const what = {index, ...round, ms, printed}
      if (isLong) console.log(JSON.stringify(what))
      expect(what).toEqual({...what, printed: expect.not.stringMatching(/bug|^ +at /m)})
      const survives = !['hv', 'sentry', 'owner'].includes(round.victim)
      if (survives) expect(what).toEqual({...what, printed: expect.stringMatching(/^ended$/m)})
    }
    expect(connected).toBeGreaterThan(0)
    expect(hv(['run', BUSYBOX, 'echo', 'works'])).toMatchObject({status: 0, stdout: 'works\n', stderr: ''})
  })
})
