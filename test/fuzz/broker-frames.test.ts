// Mutated questions to a broker and mutated answers to a sentry, over the sockets between them: each question has one answer or the link ends, and nothing stays open.
//
// HV_LONG=1 (`npm run test:long`): a minute each, with another seed each time. HV_SEED: from this seed on.

import {closeSync, openSync, readdirSync, writeSync} from 'node:fs'
import {afterAll, beforeAll, expect, test} from 'vitest'
import {Errno} from '../../src/abi/errno.ts'
import {addon} from '../../src/addon.ts'
import {Broker} from '../../src/broker/broker.ts'
import {SocketLink} from '../../src/broker/link.ts'
import {parseNetRules} from '../../src/broker/net-rules.ts'
import {
  type BrokerLoss,
  MOST_QUESTION_BYTES,
  MOST_QUESTIONS,
  toAnswer,
  toQuestion,
} from '../../src/broker/protocol.ts'
import {serveQuestions} from '../../src/broker/serve.ts'
import type {Observer} from '../../src/sentry/core/observer.ts'
import {HostWatch} from '../../src/sentry/fd/host-watch.ts'
import {encodeAnswer, parseQuestion} from '../../src/sentry/net/inet/dns-message.ts'
import {HostConnections} from '../../src/sentry/net/inet/host/connections.ts'
import {TimerQueue} from '../../src/sentry/time/timers.ts'
import {nativeHost} from '../../src/vfs/native-host.ts'
import {type Random, seededRandom} from '../helpers/mutate.ts'
import {mutatedText, NUMBERS, pick} from '../helpers/mutate-text.ts'

const isLong = process.env.HV_LONG === '1'
const SECONDS = isLong ? 60 : 0.5
const SEED = Number(process.env.HV_SEED ?? (isLong ? Date.now() % 1e9 : 20261201))
const TIMEOUT_MS = (SECONDS + 60) * 1000
/** The heap may grow by so much: garbage that was not collected yet. */
const MOST_HEAP_MB = 150

const NAMES = [
  'a.example',
  'host.internal',
  'b.test',
  '',
  '.',
  'x'.repeat(300),
  'é.example',
  '*.example',
  'a b',
]
const IPS = [
  '10.0.0.1',
  '127.0.0.1',
  '192.0.0.2',
  '::1',
  '::ffff:10.0.0.1',
  '64:ff9b::1',
  '1',
  '',
  '10.0.0.1\0',
]
const TYPES = ['A', 'AAAA', 'TXT', 'MX', 'SRV', 'PTR', 'CNAME', 'ANY', '__proto__']

/** A question, mostly one that a sentry asks. */
function question(id: number, random: Random): object {
  const kind = pick(['connect', 'connect', 'resolve', 'resolve', 'closed', 'bind'], random)
  if (kind === 'resolve') return {kind, id, name: pick(NAMES, random), type: pick(TYPES, random)}
  if (kind === 'closed') return {kind, id: random(id + 1)}
  return {kind, id, isStream: random(2) > 0, ip: pick(IPS, random), port: pick([80, 443, 0, 65_536], random)}
}

/** An answer, mostly one that a broker gives. */
function answer(id: number, random: Random): object {
  const data = pick(['CgAAAQ==', '', '=', 'x'.repeat(1024), 'x'.repeat(1025)], random)
  const record = {ttl: pick([60, 0, 0x7fff_ffff, 2 ** 31], random), data}
  return {
    id: random(8) > 0 ? id : pick(NUMBERS, random),
    errno: pick([0, 0, 0, 2, 13, 512, 4095, 4096], random),
    ...(random(4) === 0 && {needs: 'x'.repeat(pick([1, 300, 301], random))}),
    ...(random(2) === 0 && {records: Array(pick([0, 1, 40, 41], random)).fill(record)}),
    ...(random(3) === 0 && {isHeld: random(8) > 0 ? true : pick([1, false, null], random)}),
  }
}

const descriptors = (): number => readdirSync('/proc/self/fd').length
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** What a hostile name server says. */
const dns = (random: Random) => ({
  resolve4: async () => [{address: pick(IPS, random), ttl: pick(NUMBERS, random)}],
  resolve6: async () => [{address: pick(IPS, random), ttl: pick(NUMBERS, random)}],
  resolve: async () => {
    if (random(3) === 0)
      throw Object.assign(new Error('none'), {code: pick(['ENOTFOUND', 'ENODATA', 'EOF'], random)})
    return pick<unknown>([[['text']], [], 'a.example', [{priority: 1, exchange: 'a'}], null], random)
  },
})

/** Plays games, each with a seed of its own, until the time is over; nothing may stay open. */
async function play(game: (random: Random) => Promise<string>): Promise<Record<string, number>> {
  const outcomes: Record<string, number> = {}
  const end = performance.now() + SECONDS * 1000
  await game(seededRandom(SEED))
  const [before, heap] = [descriptors(), process.memoryUsage().heapUsed]
  for (let seed = SEED; performance.now() < end || seed < SEED + 20; seed++) {
    const outcome = await game(seededRandom(seed)).catch((error) => {
      throw new Error(`seed ${seed}`, {cause: error})
    })
    outcomes[outcome] = (outcomes[outcome] ?? 0) + 1
    expect(descriptors(), `seed ${seed}`).toBe(before)
  }
  expect((process.memoryUsage().heapUsed - heap) / 2 ** 20).toBeLessThan(MOST_HEAP_MB)
  return outcomes
}

test(`a broker answers or ends the link, whatever it is asked (seed ${SEED})`, {
  timeout: TIMEOUT_MS,
}, async () => {
  const outcomes = await play(async (random) => {
    const [questions, itsQuestions] = addon.brokerPair(true)
    const [answers, itsAnswers] = addon.brokerPair(false)
    const held = random(2) === 0 ? {maxConnections: 1 + random(3)} : {}
    const host = {
      ...addon,
      openConnection: () => (random(4) === 0 ? -111 : addon.hostAdopt(openSync('/dev/null', 'r'))),
      ...{nowMs: () => 0, addresses: () => [], dns: dns(random)},
    }
    const broker = new Broker(parseNetRules('10.0.0.0/8,*.example,host.internal'), [], host, held)
    let isOver = false
    const hasEnded = new Promise<void>((resolve) => {
      serveQuestions(broker, {questions: itsQuestions, answers: itsAnswers}, addon, () => {
        isOver = true
        resolve()
      })
    })
    const link = new SocketLink(questions, answers)
    const mutates = random(3) > 0
    const takes = random(4) > 0
    const count = 1 + random(40)
    let [asked, expected, answered] = [0, 0, 0]
    const take = (): void => {
      for (let taken = link.take(); taken !== undefined; taken = link.take()) {
        if (taken === 'gone') return
        if (taken === 'wrong') throw new Error('a broker gave no answer')
        answered++
        if (taken.fd >= 0) addon.hostClose(taken.fd)
      }
    }
    for (let id = 0; id < count && !isOver; id++) {
      const line = JSON.stringify(question(id, random))
      const asSentry = toQuestion(line)
      if (!mutates && asSentry === undefined) continue
      if (asSentry?.kind !== 'closed') expected++
      const bytes = Buffer.from(
        `${mutates && random(6) === 0 ? mutatedText(line, random) : line}\n`,
        'latin1',
      )
      asked += bytes.filter((byte) => byte === 10).length
      const cut = random(4) === 0 ? random(bytes.length) : bytes.length
      try {
        writeSync(questions, bytes.subarray(0, cut))
        if (cut < bytes.length) await turn()
        writeSync(questions, bytes.subarray(cut))
      } catch (error) {
        expect(error).toMatchObject({code: expect.stringMatching(/^E(PIPE|CONNRESET)$/)})
        break
      }
      if (random(3) === 0) await turn()
      if (takes) take()
    }
    if (random(4) === 0) writeSyncUnlessEnded(questions, 'x'.repeat(MOST_QUESTION_BYTES + 1))
    for (let i = 0; i < 3; i++) await turn()
    if (takes) take()
    const endsItself = isOver
    expect(answered).toBeLessThanOrEqual(asked)
    if (!mutates && takes && !endsItself) expect(answered).toBe(expected)
    link[Symbol.dispose]()
    await hasEnded
    return endsItself ? 'ended' : 'served'
  })
  // Both of them happen.
  expect(Object.keys(outcomes).sort()).toEqual(['ended', 'served'])
})

function writeSyncUnlessEnded(fd: number, text: string): void {
  try {
    writeSync(fd, text)
  } catch (error) {
    expect(error).toMatchObject({code: expect.stringMatching(/^E(PIPE|CONNRESET)$/)})
  }
}

/** A question of a program, to which a broker's records become an answer. */
const DNS_QUESTION = parseQuestion(Buffer.from([1, 2, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1, 97, 0, 0, 1, 0, 1]))!

let socket: number
beforeAll(() => {
  socket = addon.openConnection('127.0.0.1', 9, false)
})
afterAll(() => addon.hostClose(socket))

test(`who waits for a broker hears once, whatever it answers (seed ${SEED})`, {
  timeout: TIMEOUT_MS,
}, async () => {
  const outcomes = await play(async (random) => {
    const [questions, itsQuestions] = addon.brokerPair(true)
    const [answers, itsAnswers] = addon.brokerPair(false)
    const link = new SocketLink(questions, answers)
    const observers: Observer[] = []
    const platform = {watch: () => {}}
    const losses: BrokerLoss[] = []
    const connections = new HostConnections(link, {
      ...{host: nativeHost, timers: new TimerQueue(nativeHost.clock)},
      ...{platform, hostWatch: new HostWatch(platform), observers},
      onBrokerLost: (how) => losses.push(how),
    })
    /** How often each applicant has heard. */
    const heard: number[] = []
    const open: number[] = []
    const apply = (): void => {
      const at = heard.push(0) - 1
      try {
        if (random(2) === 0)
          connections.resolve(
            {
              resolved: ({errno, records = []}) => {
                heard[at]++
                if (errno === 0)
                  expect(encodeAnswer(DNS_QUESTION, 0, records).length).toBeLessThanOrEqual(512)
              },
            },
            'a.example',
            'A',
          )
        else
          connections.connect(
            {
              opened: (fd) => {
                heard[at]++
                open.push(fd)
              },
              failed: () => heard[at]++,
            },
            {ip: 0x0a00_0001, port: 80},
            true,
          )
      } catch (error) {
        if (!(error instanceof Errno)) throw error
        heard[at]++
      }
    }
    const mutates = random(3) > 0
    for (let id = 1; id <= 20 && losses.length === 0; id++) {
      apply()
      let text = JSON.stringify(answer(id, random))
      while (!mutates && !isAnswerTo(id, text)) text = JSON.stringify(answer(id, random))
      const file = mutates && random(20) === 0 ? openSync('/dev/null', 'r') : -1
      const fd = file >= 0 ? file : random(3) > 0 ? socket : -1
      addon.sendMessage(itsAnswers, mutates && random(6) === 0 ? mutatedText(text, random) : text, fd)
      if (file >= 0) closeSync(file)
      for (const {ready} of observers) ready?.(link.fd)
      expect(losses.length).toBeLessThanOrEqual(1)
      if (open.length > 0 && random(2) === 0) connections.close(open.pop()!)
    }
    for (let i = random(4) === 0 ? MOST_QUESTIONS + 1 : 0; i > 0; i--) apply()
    const wrong = losses[0]
    addon.hostClose(itsAnswers)
    for (const {ready} of observers) ready?.(link.fd)
    expect(heard.filter((times) => times !== 1)).toEqual([])
    expect(losses).toEqual([wrong ?? 'gone'])
    for (const fd of open) connections.close(fd)
    link[Symbol.dispose]()
    addon.hostClose(itsQuestions)
    return losses[0]
  })
  expect(Object.keys(outcomes).sort()).toEqual(['gone', 'wrong'])
})

function isAnswerTo(id: number, text: string): boolean {
  const answer = toAnswer(text)
  return answer !== undefined && 'id' in answer && answer.id === id
}
