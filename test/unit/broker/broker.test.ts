// The broker: what it connects for a sentry, which may have been broken into.

import {spawnSync} from 'node:child_process'
import {once} from 'node:events'
import {readdirSync, writeSync} from 'node:fs'
import {type AddressInfo, createServer, type Server, Socket} from 'node:net'
import {afterEach, beforeEach, expect, onTestFinished, test} from 'vitest'
import {addon} from '../../../src/addon.ts'
import {type AnswerWithFd, Broker, type BrokerOptions} from '../../../src/broker/broker.ts'
import type {SandboxConnectRequest} from '../../../src/broker/decisions.ts'
import {HOST_ADDRESS} from '../../../src/broker/net-policy.ts'
import {parseNetRules} from '../../../src/broker/net-rules.ts'
import {toAnswer, toQuestion} from '../../../src/broker/protocol.ts'
import {answerOf, NO_NAMES, served} from './served.ts'

const EACCES = 13
const EINVAL = 22
const ENFILE = 23
const EPIPE = 32
const ECONNRESET = 104
const ECONNREFUSED = 111

const ADDRESSES = {'a.example': '1.1.1.1', 'b.example': '1.1.1.1', 'c.example': '1.0.0.1'}
const ownAddresses = () => ['203.0.113.5', '8.8.8.8']

/** @param connect what the host answers @returns the broker, and what it has asked the host to connect to */
function brokerOf(allow: string, connect = 7, options: BrokerOptions = {}, addresses = ownAddresses) {
  const opened: string[] = []
  const ended: string[] = []
  const note =
    (what: string) =>
    (fd: number): number =>
      ended.push(`${what} ${fd}`)
  const host = {
    openConnection: (ip: string, port: number) => {
      opened.push(`${ip} ${port}`)
      return connect
    },
    ...{resetConnection: note('reset'), hostShutDown: note('shut'), hostClose: note('close')},
    nowMs: () => 0,
    addresses,
    dns: {
      ...NO_NAMES,
      resolve4: async (name: string) => [{address: ADDRESSES[name as keyof typeof ADDRESSES], ttl: 1}],
    },
  }
  const broker = new Broker(parseNetRules(allow), [], host, options)
  const ask = (ip: string, port: number, id = 1) =>
    broker.answer({kind: 'connect', id, isStream: true, ip, port}) as AnswerWithFd
  return {broker, ask, opened, ended}
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

test('as long as the host does not say which addresses it has, all may be its own', () => {
  let known: string[] | undefined
  const {ask} = brokerOf('', 7, {}, () => known ?? expect.fail())
  expect(ask('8.8.4.4', 80).answer.errno).toBe(EACCES)
  known = ['8.8.8.8']
  expect(ask('8.8.4.4', 80).answer.errno).toBe(0)
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

const ALLOWED = {answer: {id: 1, errno: 0}, fd: 7}
const REFUSED = {answer: {id: 1, errno: EACCES}, fd: -1}

test.each([
  ['true', () => true, ALLOWED],
  ['a promise of true', async () => true, ALLOWED],
  ['false', () => false, REFUSED],
  ['what only seems true', () => 'true' as never, REFUSED],
  ['an error', () => expect.fail(), REFUSED],
  ['a rejection', async () => expect.fail(), REFUSED],
  ['silence', () => new Promise<boolean>(() => {}), REFUSED],
])('%s of the embedder decides on what the rules allow', async (_, onConnect, answer) => {
  const {ask, opened} = brokerOf('1.1.1.1', 7, {onConnect, longestDecisionMs: 1})
  expect(await ask('1.1.1.1', 80)).toEqual(answer)
  expect(opened.length).toBe(answer === ALLOWED ? 1 : 0)
})

test('the embedder is told where a connection leads, and not asked about what the rules forbid', async () => {
  const asked: SandboxConnectRequest[] = []
  const onConnect = (request: SandboxConnectRequest) => asked.push(request) > 0
  const {broker, ask} = brokerOf('a.example,b.example:443,host.internal', 7, {onConnect})
  for (const name of ['a.example', 'b.example'])
    await broker.answer({kind: 'resolve', id: 2, name, type: 'A'})
  expect(ask('8.8.4.4', 80)).toEqual({answer: {id: 1, errno: EACCES, needs: '8.8.4.4:80'}, fd: -1})
  await Promise.all([ask('1.1.1.1', 80), ask('1.1.1.1', 443), ask(HOST_ADDRESS, 80)])
  expect(asked).toEqual([
    {name: 'a.example', address: '1.1.1.1', port: 80, protocol: 'tcp'},
    {name: 'b.example', address: '1.1.1.1', port: 443, protocol: 'tcp'},
    {name: 'host.internal', address: '127.0.0.1', port: 80, protocol: 'tcp'},
  ])
})

test('who waits for a decision is refused when the sentry is gone, and when the rules have changed', async () => {
  let allow!: (isAllowed: boolean) => void
  const onConnect = () => new Promise<boolean>((resolve) => (allow = resolve))
  const changed = brokerOf('1.1.1.1', 7, {onConnect})
  const answer = changed.ask('1.1.1.1', 80)
  changed.broker.setRules([], [])
  allow(true)
  expect((await answer).answer).toEqual({id: 1, errno: EACCES, needs: '1.1.1.1:80'})
  const gone = brokerOf('1.1.1.1', 7, {onConnect})
  const last = gone.ask('1.1.1.1', 80)
  gone.broker.end()
  expect(await last).toEqual(REFUSED)
  expect(await gone.ask('1.1.1.1', 80)).toEqual(REFUSED)
  expect([...changed.opened, ...gone.opened]).toEqual([])
})

test('new rules reset what they do not allow; a name counts as it was, even if it has expired', async () => {
  const {broker, ask, ended} = brokerOf('a.example,c.example,9.9.9.9', 7, {maxConnections: 3})
  for (const name of ['a.example', 'c.example'])
    await broker.answer({kind: 'resolve', id: 9, name, type: 'A'})
  const answers = [ask('1.1.1.1', 80, 1), ask('1.0.0.1', 80, 2), ask('9.9.9.9', 80, 3)]
  expect(answers.map(({answer}) => answer.isHeld)).toEqual([true, true, true])
  broker.setRules(parseNetRules('a.example'), [])
  expect(ended).toEqual(['reset 7', 'reset 7'])
  broker.setRules([], [])
  expect(ended.length).toBe(5)
})

test('no more sockets than may be are held, until the sentry says that one is closed', () => {
  const {broker, ask, ended} = brokerOf('', 7, {maxConnections: 1})
  expect(ask('1.1.1.1', 80, 1).fd).toBe(7)
  expect(ask('1.1.1.1', 80, 1)).toEqual({answer: {id: 1, errno: EINVAL}, fd: -1})
  expect(ask('1.1.1.1', 80, 2)).toEqual({answer: {id: 2, errno: ENFILE}, fd: -1})
  expect(broker.answer({kind: 'closed', id: 5})).toBeUndefined()
  expect(ended).toEqual([])
  broker.answer({kind: 'closed', id: 1})
  // A sentry that lies has no more of it.
  expect(ended).toEqual(['shut 7', 'close 7'])
  expect(ask('1.1.1.1', 80, 2).fd).toBe(7)
  broker.end()
  expect(ended.at(-1)).toBe('close 7')
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
  server = createServer((socket) => socket.write('hello')).listen(0, '127.0.0.1')
  await once(server, 'listening')
})
afterEach(() => server.close())

test('a connected socket comes with its answer', async () => {
  const {port} = server.address() as AddressInfo
  const {link, hasEnded} = served(`host.internal:${port}`)
  link.ask({kind: 'connect', id: 3, isStream: true, ip: HOST_ADDRESS, port})
  const taken = await answerOf(link)
  if (typeof taken === 'string') throw new Error(`the broker is ${taken}`)
  expect(taken.answer).toEqual({id: 3, errno: 0})
  const [bytes] = await once(new Socket({fd: taken.fd}), 'data')
  expect(String(bytes)).toBe('hello')
  link[Symbol.dispose]()
  await hasEnded
})

test('a connection that new rules forbid is reset, and then at its end', async () => {
  const {port} = server.address() as AddressInfo
  const {broker, link, hasEnded} = served(`host.internal:${port}`, {maxConnections: 1})
  const peer = once(server, 'connection')
  link.ask({kind: 'connect', id: 3, isStream: true, ip: HOST_ADDRESS, port})
  const taken = await answerOf(link)
  if (typeof taken === 'string') throw new Error(`the broker is ${taken}`)
  const [socket] = (await peer) as [Socket]
  const reset = once(socket, 'error')
  broker.setRules([], [])
  const bytes = new Uint8Array(9)
  expect(addon.hostReceive(taken.fd, bytes, 0)).toBe(-ECONNRESET)
  expect(addon.hostReceive(taken.fd, bytes, 0)).toBe(0)
  expect(addon.hostSend(taken.fd, bytes, 0)).toBe(-EPIPE)
  expect((await reset)[0]).toMatchObject({code: 'ECONNRESET'})
  link[Symbol.dispose]()
  await hasEnded
})

const LONG = JSON.stringify({kind: 'closed', id: 1, and: 'x'.repeat(3000)})

test.each(['{"kind":"bind"}\n', 'x'.repeat(3000), `${LONG}\n`])(
  'who asks %j is no sentry, and asks no more',
  async (text) => {
    const {link, questions, hasEnded} = served('')
    onTestFinished(() => link[Symbol.dispose]())
    writeSync(questions, text)
    await hasEnded
    expect(await answerOf(link)).toBe('gone')
  },
)

test('of several descriptors that come with an answer, one is taken, and none stays open', () => {
  const [sentry, broker] = addon.brokerPair(false)
  const text = '{"id":1,"errno":0}'
  const code = `import socket; socket.send_fds(socket.socket(fileno=3), [b'${text}'], [0, 1, 2])`
  const before = readdirSync('/proc/self/fd').length
  expect(spawnSync('python3', ['-c', code], {stdio: ['ignore', 'ignore', 'inherit', broker]}).status).toBe(0)
  const [got, fd] = addon.receiveMessage(sentry)!
  expect(got).toBe(text)
  for (const each of [fd, sentry, broker]) addon.hostClose(each)
  expect(readdirSync('/proc/self/fd').length).toBe(before - 2)
})
