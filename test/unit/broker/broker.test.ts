// The broker: what it connects for a sentry, which may have been broken into.

import {once} from 'node:events'
import {writeSync} from 'node:fs'
import {type AddressInfo, createServer, type Server, Socket} from 'node:net'
import {afterEach, beforeEach, expect, onTestFinished, test} from 'vitest'
import {addon} from '../../../src/addon.ts'
import {type AnswerWithFd, Broker} from '../../../src/broker/broker.ts'
import {SocketLink} from '../../../src/broker/link.ts'
import {HOST_ADDRESS} from '../../../src/broker/net-policy.ts'
import {parseNetRules} from '../../../src/broker/net-rules.ts'
import {type NetAnswer, toAnswer, toQuestion} from '../../../src/broker/protocol.ts'
import {serveQuestions} from '../../../src/broker/serve.ts'

const EACCES = 13
const EINVAL = 22
const ECONNREFUSED = 111

const NO_NAMES = {resolve4: async () => [], resolve6: async () => [], resolve: async () => []}

/** @param connect what the host answers @returns the broker, and what it has asked the host to connect to */
function brokerOf(allow: string, connect = 7) {
  const opened: string[] = []
  const broker = new Broker(parseNetRules(allow), [], {
    openConnection: (ip, port) => {
      opened.push(`${ip} ${port}`)
      return connect
    },
    nowMs: () => 0,
    addresses: () => ['203.0.113.5', '8.8.8.8'],
    dns: NO_NAMES,
  })
  const ask = (ip: string, port: number) =>
    broker.answer({kind: 'connect', id: 1, isStream: true, ip, port}) as AnswerWithFd
  return {ask, opened}
}

test('what a rule allows is connected', () => {
  const {ask, opened} = brokerOf('10.0.0.0/8:5432')
  expect(ask('10.1.2.3', 5432)).toEqual({answer: {id: 1, errno: 0}, fd: 7})
  expect(opened).toEqual(['10.1.2.3 5432'])
})

test('what none allows is not, and the answer says which would', () => {
  const {ask, opened} = brokerOf('10.0.0.0/8:5432')
  expect(ask('10.1.2.3', 80)).toEqual({answer: {id: 1, errno: EACCES, needs: '10.1.2.3:80'}, fd: -1})
  expect(opened).toEqual([])
})

test('host.internal is the host’s loopback', () => {
  const {ask, opened} = brokerOf('host.internal:80')
  expect(ask(HOST_ADDRESS, 80).fd).toBe(7)
  expect(opened).toEqual(['127.0.0.1 80'])
})

test('the host’s own addresses are not public ones', () => {
  expect(brokerOf('').ask('8.8.8.8', 80).answer.errno).toBe(EACCES)
  expect(brokerOf('').ask('8.8.4.4', 80).answer.errno).toBe(0)
})

test.each([
  ['localhost', 80],
  ['1.1.1.1 ', 80],
  ['1.1.1.1', 0],
  ['1.1.1.1', 65_536],
])('%s, port %d, is no place to connect to', (ip, port) => {
  const {ask, opened} = brokerOf('')
  expect(ask(ip, port).answer.errno).toBe(EINVAL)
  expect(opened).toEqual([])
})

test('an error of the host is the answer', () => {
  expect(brokerOf('', -ECONNREFUSED).ask('1.1.1.1', 80)).toEqual({
    answer: {id: 1, errno: ECONNREFUSED},
    fd: -1,
  })
})

test.each([
  ...['', '{}', '[]', 'null', '{"kind":"connect","id":-1,"isStream":true,"ip":"1.1.1.1","port":1}'],
  ...['{"kind":"connect","id":1,"isStream":1,"ip":"1.1.1.1","port":1}', '{"kind":"bind","id":1}'],
])('%s is no question', (line) => {
  expect(toQuestion(line)).toBeUndefined()
})

test.each(['', '{"id":1}', '{"id":1,"errno":5000}', `{"id":1,"errno":13,"needs":"${'x'.repeat(301)}"}`])(
  '%s is no answer',
  (line) => {
    expect(toAnswer(line)).toBeUndefined()
  },
)

let server: Server
beforeEach(async () => {
  server = createServer((socket) => socket.end('hello')).listen(0, '127.0.0.1')
  await once(server, 'listening')
})
afterEach(() => server.close())

/** A broker of this host, and a sentry's end of it. */
function served(allow: string) {
  const [questions, itsQuestions] = addon.brokerPair(true)
  const [answers, itsAnswers] = addon.brokerPair(false)
  const host = {openConnection: addon.openConnection, nowMs: () => 0, addresses: () => [], dns: NO_NAMES}
  const broker = new Broker(parseNetRules(allow), [], host)
  const hasEnded = new Promise<void>((resolve) => {
    serveQuestions(broker, {questions: itsQuestions, answers: itsAnswers}, addon, resolve)
  })
  return {link: new SocketLink(questions, answers), questions, hasEnded}
}

async function answerOf(link: SocketLink): Promise<{answer: NetAnswer; fd: number} | 'gone'> {
  for (;;) {
    const taken = link.take()
    if (taken !== undefined) return taken
    await new Promise((resolve) => setTimeout(resolve, 1))
  }
}

test('a connected socket comes with its answer', async () => {
  const {port} = server.address() as AddressInfo
  const {link, hasEnded} = served(`host.internal:${port}`)
  link.ask({kind: 'connect', id: 3, isStream: true, ip: HOST_ADDRESS, port})
  const taken = await answerOf(link)
  if (taken === 'gone') throw new Error('the broker is gone')
  expect(taken.answer).toEqual({id: 3, errno: 0})
  const [bytes] = await once(new Socket({fd: taken.fd}), 'data')
  expect(String(bytes)).toBe('hello')
  link[Symbol.dispose]()
  await hasEnded
})

test.each(['{"kind":"bind"}\n', 'x'.repeat(2000)])(
  'who asks %j is no sentry, and asks no more',
  async (text) => {
    const {link, questions, hasEnded} = served('')
    onTestFinished(() => link[Symbol.dispose]())
    writeSync(questions, text)
    await hasEnded
    expect(await answerOf(link)).toBe('gone')
  },
)
