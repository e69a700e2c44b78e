// NameStreams: DNS by TCP, asked by a guest, which may send anything.

import {expect, test} from 'vitest'
import {EAGAIN} from '../../../../src/abi/errno.ts'
import {AF_INET, SEND_SHUTDOWN} from '../../../../src/abi/socket.ts'
import {encodeAnswer, NOERROR} from '../../../../src/sentry/net/inet/dns-message.ts'
import {InetFamily} from '../../../../src/sentry/net/inet/inet-family.ts'
import {InetStack} from '../../../../src/sentry/net/inet/inet-stack.ts'
import {type NameAsker, NameStreams} from '../../../../src/sentry/net/inet/name-streams.ts'
import {startConnection} from '../../../../src/sentry/net/inet/tcp/connect.ts'
import {TcpSocket} from '../../../../src/sentry/net/inet/tcp/tcp-socket.ts'
import {Budget} from '../../../../src/vfs/budget.ts'
import {nativeHost} from '../../../../src/vfs/native-host.ts'

const SERVER = {ip: 0x7f00_0035, port: 53}
const QUESTION = Buffer.from('\x12\x34\x01\0\0\x01\0\0\0\0\0\0\x01a\0\0\x01\0\x01', 'latin1')
const RECORD = {ttl: 60, data: Buffer.alloc(700).toString('base64')}
const framed = (message: Uint8Array) =>
  Buffer.concat([Buffer.of(message.length >> 8, message.length & 255), message])

/** A server that a test answers for, and a client of it. */
function served() {
  const family = new InetFamily(AF_INET, new InetStack(nativeHost, new Budget()))
  const listener = new TcpSocket(family)
  listener.local = {ip: SERVER.ip, port: listener.ports.bind(listener, SERVER.ip, SERVER.port)}
  const asked: (() => void)[] = []
  new NameStreams(listener, (question, asker: NameAsker) =>
    asked.push(() => asker.reply(encodeAnswer(question, NOERROR, Array(40).fill(RECORD), asker.mostBytes))),
  )
  const client = () => {
    const socket = new TcpSocket(family)
    startConnection(undefined, socket, SERVER)
    return socket
  }
  return {asked, client}
}

/** undefined: nothing has come */
function received(socket: TcpSocket): Uint8Array | undefined {
  const bytes = new Uint8Array(1 << 17)
  try {
    return bytes.subarray(0, socket.read(bytes, 0))
  } catch (error) {
    expect(error).toMatchObject({code: EAGAIN})
    return undefined
  }
}

test('an answer that no datagram holds comes whole, behind its length', () => {
  const {asked, client} = served()
  const socket = client()
  for (const byte of framed(QUESTION)) socket.write(Buffer.of(byte))
  expect(received(socket)).toBeUndefined()
  asked[0]()
  const answer = Buffer.from(received(socket)!)
  expect(answer.readUInt16BE(0)).toBe(answer.length - 2)
  expect([answer.length > 28_000, answer[4] & 2, answer[9]]).toEqual([true, 0, 40])
})

test('questions of one connection are answered one after another', () => {
  const {asked, client} = served()
  const socket = client()
  socket.write(Buffer.concat([framed(QUESTION), framed(QUESTION)]))
  expect(asked.length).toBe(1)
  asked[0]()
  expect([asked.length, received(socket) !== undefined]).toEqual([2, true])
})

test.each([
  ['a length beyond all questions', Buffer.of(0xff, 0xff)],
  ['no question', framed(Buffer.from('nonsense'))],
])('%s ends the connection', (_, bytes) => {
  const socket = served().client()
  socket.write(bytes)
  expect(received(socket)?.length).toBe(0)
})

test('who has left is not answered, and gives place to the next', () => {
  const {asked, client} = served()
  const sockets = Array.from({length: 65}, client)
  for (const socket of sockets) socket.write(framed(QUESTION))
  expect(asked.length).toBe(64)
  sockets[0].shutDown(SEND_SHUTDOWN)
  sockets[0].close()
  asked[0]()
  expect(asked.length).toBe(65)
})
