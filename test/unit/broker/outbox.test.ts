// Answers that a sentry does not take at once.

import {once} from 'node:events'
import {type AddressInfo, createServer} from 'node:net'
import {expect, onTestFinished, test} from 'vitest'
import {addon} from '../../../src/addon.ts'
import {HOST_ADDRESS} from '../../../src/broker/net-policy.ts'
import {MOST_QUESTIONS} from '../../../src/broker/protocol.ts'
import {MOST_DATA, MOST_RECORDS} from '../../../src/broker/records.ts'
import {answerOf, NO_NAMES, served} from './served.ts'

const ENOENT = 2
const EAGAIN = 11

/** More than a socket takes. */
const LONG_TEXTS = Array<string[]>(MOST_RECORDS).fill(Array<string>(3).fill('x'.repeat(MOST_DATA / 5)))

test('a sentry that is busy takes its answers later, and one whose name is the strangest is answered, too', async () => {
  const {link, hasEnded} = served('long.example', {}, {...NO_NAMES, resolve: async () => LONG_TEXTS})
  for (let id = 0; id < MOST_QUESTIONS; id++) {
    const strange = {name: '\0'.repeat(253), type: 'A'} as const
    link.ask({kind: 'resolve', id, ...(id % 2 > 0 ? strange : {name: 'long.example', type: 'TXT'})})
    // A question for which there is no room would wait, and keep the broker in this process from making some.
    if (id % 16 === 0) await new Promise((resolve) => setTimeout(resolve, 5))
  }
  await new Promise((resolve) => setTimeout(resolve, 50))
  const answered = new Map<number, number>()
  while (answered.size < MOST_QUESTIONS) {
    const taken = await answerOf(link)
    if (typeof taken === 'string' || !('id' in taken.answer))
      throw new Error(`broken after ${answered.size} answers`)
    answered.set(taken.answer.id, taken.answer.errno)
  }
  expect([answered.get(0), answered.get(1)]).toEqual([0, ENOENT])
  link[Symbol.dispose]()
  await hasEnded
})

test('a socket for which there is no room is refused, and not held', async () => {
  const server = createServer().listen(0, '127.0.0.1')
  onTestFinished(() => void server.close())
  await once(server, 'listening')
  const {port} = server.address() as AddressInfo
  let isFull = true
  const sends: typeof addon.sendMessage = (...message) => {
    if (isFull) setTimeout(() => (isFull = false))
    if (isFull) throw Object.assign(new Error('full'), {errno: EAGAIN})
    addon.sendMessage(...message)
  }
  const {link, hasEnded} = served(`host.internal:${port}`, {maxConnections: 1}, NO_NAMES, sends)
  const connect = (id: number) => link.ask({kind: 'connect', id, isStream: true, ip: HOST_ADDRESS, port})
  connect(1)
  expect(await answerOf(link)).toEqual({answer: {id: 1, errno: EAGAIN}, fd: -1})
  connect(2)
  expect(await answerOf(link)).toMatchObject({answer: {id: 2, errno: 0, isHeld: true}})
  link[Symbol.dispose]()
  await hasEnded
})

test('a sentry that takes no answers is none', async () => {
  const {link, hasEnded} = served('')
  onTestFinished(() => link[Symbol.dispose]())
  let isOver = false
  void hasEnded.then(() => (isOver = true))
  for (let id = 0; !isOver; id++) {
    if (id > 10_000) throw new Error('it still takes questions')
    link.ask({kind: 'connect', id, isStream: true, ip: '10.0.0.1', port: 1})
    if (id % 16 === 0) await new Promise((resolve) => setTimeout(resolve, 1))
  }
})
