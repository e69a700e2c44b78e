// Machines under hv run --gdb with clients that are no gdb: nonsense, second clients, early leavers, stops at any moment.

import {type ChildProcess, spawn} from 'node:child_process'
import {once} from 'node:events'
import {afterAll, afterEach, expect, test} from 'vitest'
import {arch, cache} from '../../../ci/paths.mjs'
import {seededRandom} from '../../helpers/mutate.ts'
import {bareGuest, describeKvm} from '../../helpers/vm.ts'
import {HV} from '../hv.ts'
import {Client, INTERRUPT} from './client.ts'
import {GdbBench} from './gdb.ts'

const kernel = `${cache}/guests/${arch}/bare-kernel-echo.bin`
/** Where the kernel's code begins in memory. */
const ENTRY = arch === 'arm64' ? 0x4000_0000 : 0x100_0200
const LONG_MS = 60_000
const LETTERS = 'gGpPmMXZzHTqQvcs?'
const WORDS = '0123456789abcdef,:;=-'
/** CPUs 2 and 3 are off. */
const RESUMPTIONS = [
  'vCont;c',
  'vCont;s:2;c',
  'vCont;s:2',
  'vCont;s:1',
  'vCont;s:1;c',
  'vCont;s',
  'vCont;t:1;c:2',
  'vCont;c:3',
]

const bench = new GdbBench()
afterAll(() => bench[Symbol.dispose]())

describeKvm('a machine that is debugged by who is no gdb', () => {
  let hv: ChildProcess | undefined
  afterEach(() => hv?.kill('SIGKILL'))

  interface Waiting {
    path: string
    ended: Promise<unknown[]>
    told: () => string
  }

  async function waiting(...words: string[]): Promise<Waiting> {
    const path = bench.socket
    hv = spawn(process.execPath, [HV, 'run', '--gdb', `unix:${path}`, ...words])
    const ended = once(hv, 'close')
    let told = ''
    await new Promise<void>((resolve) => {
      hv!.stderr!.on('data', (text) => {
        told += text
        if (told.includes('waiting for gdb')) resolve()
      })
    })
    return {path, ended, told: () => told}
  }

  async function detachLast(path: string): Promise<void> {
    let last = new Client(path)
    while ((await last.ask('?')) === 'closed') last = new Client(path)
    expect(await last.ask('D')).toBe('OK')
  }

  test('a second one is sent away while the first is there', async () => {
    const {path, ended} = await waiting(bareGuest('hello'))
    const first = new Client(path)
    expect(await first.ask('?')).toMatch(/^T00/)
    const second = new Client(path)
    expect(await second.hear(LONG_MS)).toBe('closed')
    expect(await first.ask('qfThreadInfo')).toBe('m1')
    first.send('c')
    expect(await first.hear(LONG_MS)).toBe('W00')
    expect(await ended).toEqual([0, null])
  })

  test('nonsense changes nothing, and whoever leaves in the middle of a run leaves it running', async () => {
    const {path, ended, told} = await waiting('--kernel', kernel, '--cpus', '2')
    const random = seededRandom(7)
    for (let i = 0; i < 20; i++) {
      const client = new Client(path)
      await client.ask('?')
      for (let n = 0; n < 40; n++)
        client.send(LETTERS[random(LETTERS.length)] + WORDS.slice(random(WORDS.length)))
      // No byte that begins a packet.
      const bytes = Array.from({length: 200}, () => random(256)).filter((byte) => byte !== 0x24)
      client.sendBytes(String.fromCharCode(...bytes))
      client.send(INTERRUPT)
      await client.hear(100)
      client.leave()
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    await detachLast(path)
    hv!.stdin!.write('q')
    expect(await ended, told()).toEqual([0, null])
  })

  test('stops and steps at any moment change nothing of what it does', async () => {
    const {path, ended} = await waiting('--kernel', kernel, '--cpus', '2')
    const random = seededRandom(3)
    let out = ''
    hv!.stdout!.on('data', (text) => {
      out += text
    })
    const client = new Client(path)
    await client.ask('QStartNoAckMode')
    await client.ask('?')
    for (let i = 0; i < 150; i++) {
      if (i % 10 === 0) hv!.stdin!.write(`line ${i}\n`)
      const registers = await client.ask('g')
      expect(await client.ask(`G${registers}`)).toBe('OK')
      const steps = random(3) === 0
      client.send(steps ? 'vCont;s:1;c' : 'vCont;c')
      if (!steps) {
        await new Promise((resolve) => setTimeout(resolve, random(8)))
        client.send(INTERRUPT)
      }
      expect(await client.hear(LONG_MS)).toMatch(/^T0[25]/)
    }
    await client.ask('D')
    hv!.stdin!.write('q')
    expect(await ended).toEqual([0, null])
    const lines = Array.from({length: 15}, (_, i) => `line ${10 * i}\n`).join('')
    expect(out.slice(out.indexOf('\n') + 1)).toBe(lines)
  })

  test('who comes and goes at any moment, whatever was running, leaves the machine to the next', async () => {
    const {path, ended, told} = await waiting('--kernel', kernel, '--cpus', '3')
    const random = seededRandom(5)
    let served = 0
    while (served < 50) {
      const client = new Client(path)
      const stop = await client.ask('?')
      // The last client has not gone yet.
      if (stop === 'closed') continue
      served++
      expect(stop, told()).toMatch(/^T/)
      if (random(3) === 0) client.send(`Z0,${(ENTRY + random(0x18) * 4).toString(16)},1`)
      client.send(RESUMPTIONS[random(RESUMPTIONS.length)])
      if (random(2) === 0) await client.hear(random(20))
      if (random(2) === 0) client.send(INTERRUPT)
      if (random(2) === 0) await client.hear(random(20))
      client.leave()
    }
    await detachLast(path)
    hv!.stdin!.write('q')
    expect(await ended, told()).toEqual([0, null])
  })
})
