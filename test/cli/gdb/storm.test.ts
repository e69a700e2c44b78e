// A debugger that interrupts, steps and looks as fast as it can does not change what a program does: guests that check themselves.

import {type ChildProcess, spawn} from 'node:child_process'
import {once} from 'node:events'
import {afterEach, expect, test} from 'vitest'
import {guests} from '../../../ci/paths.mjs'
import {platforms} from '../../guests/run.ts'
import {type Random, seededRandom} from '../../helpers/mutate.ts'
import {HV} from '../hv.ts'
import {Client, INTERRUPT} from './client.ts'

const SIGTRAP = '05'
const SIGINT = '02'
/** How long each guest may run between two stops: from almost no time to enough to get on. */
const PAUSES_MS = [1, 5, 20, 60]
/** After so many stops it runs to its end. */
const MAX_STOPS = 120

let hv: ChildProcess | undefined
afterEach(() => hv?.kill('SIGKILL'))

/** Stops the program again and again until it ends. @returns how often it stopped */
async function harass(client: Client, random: Random, features = ''): Promise<number> {
  await client.ask('QStartNoAckMode')
  await client.ask(`qSupported:swbreak+;exec-events+;no-resumed+${features}`)
  let stop = await client.ask('?')
  let steps = 0
  let stops = 0
  let wasStep = false
  while (/^[TSN]|^[WX].*;process:(?!2$)/.test(stop)) {
    stops++
    const [, signal = '00', thread = '-1'] = /^T(..).*thread:([p0-9a-f.]+);/.exec(stop) ?? []
    // A trap without a step is the program's own.
    const isOwn =
      signal !== '00' &&
      signal !== SIGINT &&
      (signal !== SIGTRAP || (!wasStep && !/exec|fork|syscall/.test(stop)))
    if (random(10) < 3) {
      // This ends a call that sleeps, which is then restarted.
      const registers = await client.ask('g')
      await client.ask(`G${registers[0] === '0' ? '1' : '0'}${registers.slice(1)}`)
      await client.ask(`G${registers}`)
      await client.ask('qfThreadInfo')
      await client.ask('m400000,40')
    }
    if (steps === 0 && random(7) === 0) steps = 1 + random(15)
    wasStep = steps > 0
    if (steps > 0) steps--
    const [plain, passing] = wasStep ? ['s', 'S'] : ['c', 'C']
    client.send(`vCont;${isOwn ? `${passing}${signal}` : plain}:${thread};c`)
    const pauseMs = stops > MAX_STOPS ? 60_000 : PAUSES_MS[random(PAUSES_MS.length)]
    let next = await client.hear(pauseMs)
    if (next === undefined) {
      client.send(INTERRUPT)
      next = await client.hear(60_000)
      if (next?.startsWith(`T${SIGINT}`)) steps = 0
    }
    stop = next ?? 'nothing'
  }
  expect(stop).toMatch(/^W00/)
  return stops
}

const GUESTS = ['thread-signals', 'fork-snapshot', 'unix-processes', 'restart', 'exec']

interface Waiting {
  port: number
  said: () => string
  exited: Promise<unknown[]>
}

async function waiting(...words: string[]): Promise<Waiting> {
  hv = spawn(process.execPath, [HV, 'run', '--gdb', '0', ...words], {stdio: ['ignore', 'pipe', 'pipe']})
  let said = ''
  const exited = once(hv, 'close')
  hv.stdout!.on('data', (text) => {
    said += text
  })
  const port = await new Promise<number>((resolve) => {
    hv!.stderr!.on('data', (text) => {
      said += text
      const [, digits] = /remote 127\.0\.0\.1:(\d+)\n/.exec(said) ?? []
      if (digits !== undefined) resolve(Number(digits))
    })
  })
  return {port, said: () => said, exited}
}

test.each(platforms.flatMap((platform) => GUESTS.map((guest) => [platform, guest] as const)))(
  'on %s %s',
  async (platform, guest) => {
    const {port, said, exited} = await waiting('--platform', platform, `${guests}/${guest}`)
    const stops = await harass(new Client(port), seededRandom(guest.length))
    expect(await exited, said()).toEqual([0, null])
    expect(stops).toBeGreaterThan(1)
  },
)

test.each(platforms.flatMap((platform) => GUESTS.map((guest) => [platform, guest] as const)))(
  'on %s %s with all the processes that it makes',
  async (platform, guest) => {
    const {port, said, exited} = await waiting('--platform', platform, `${guests}/${guest}`)
    const client = new Client(port)
    const features = ';multiprocess+;fork-events+;vfork-events+'
    const stops = await harass(client, seededRandom(guest.length), features)
    expect(await exited, said()).toEqual([0, null])
    expect(stops).toBeGreaterThan(1)
  },
)

test.each(platforms)(
  'on %s whoever comes at once behind one that left a running program finds it standing',
  async (platform) => {
    const {port, exited} = await waiting('--platform', platform, `${guests}/die-alarm-spinning`)
    let served = 0
    // Its alarm may kill it meanwhile.
    while (served < 20 && hv?.exitCode === null) {
      const client = new Client(port)
      const stop = await client.ask('?')
      // The last client has not gone yet.
      if (stop === 'closed') continue
      expect(stop).toMatch(/^[TX]/)
      served++
      client.send('vCont;c')
      client.leave()
    }
    expect(served).toBeGreaterThan(1)
    hv?.kill('SIGKILL')
    await exited
  },
)
