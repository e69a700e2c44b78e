// RemoteConnections over a sentry that this test plays: what the sockets make of its messages, and it of theirs.

import {once} from 'node:events'
import {expect, test} from 'vitest'
import {ECONNREFUSED} from '../../../../../src/abi/errno.ts'
import {HvError} from '../../../../../src/errors.ts'
import {RemoteConnections} from '../../../../../src/sandbox/owner/net/remote-connections.ts'
import type {SandboxSocket} from '../../../../../src/sandbox/owner/net/sandbox-socket.ts'
import type {ConnectionRequest} from '../../../../../src/sandbox/protocol/connection-messages.ts'
import type {ConnectionReply} from '../../../../../src/sandbox/protocol/messages.ts'
import {CONNECTION_WINDOW_BYTES} from '../../../../../src/sentry/outside/net/connection-limits.ts'

function open(maxConnections = 2) {
  const said: ConnectionRequest[] = []
  const taken: SandboxSocket[] = []
  const connections = new RemoteConnections(
    (request) => said.push(request),
    [(socket) => taken.push(socket)],
    maxConnections,
  )
  const hear = (reply: ConnectionReply): void => {
    expect(connections.isDue(reply)).toBe(true)
    connections.hear(reply)
  }
  return {said, taken, connections, hear}
}

const remote = {address: '127.0.0.1', port: 9}
const bytes = (length: number) => new Uint8Array(length)
const kindsOf = (said: ConnectionRequest[]) => said.map(({kind}) => kind)

test('what is written at once goes along, within the window', () => {
  const {said, connections, hear} = open()
  const socket = connections.connect({port: 80}, false)
  socket.write(bytes(CONNECTION_WINDOW_BYTES + 5))
  expect(kindsOf(said)).toEqual(['connect', 'data'])
  hear({kind: 'connected', connection: 1})
  hear({kind: 'window', connection: 1, bytes: 9})
  expect(said.slice(1)).toMatchObject([{bytes: {length: CONNECTION_WINDOW_BYTES}}, {bytes: {length: 5}}])
})

test('what is not read is not asked for', async () => {
  const {said, connections, hear} = open()
  const socket = connections.connect({port: 80}, false)
  hear({kind: 'connected', connection: 1})
  const piece = {kind: 'data', connection: 1, bytes: bytes(CONNECTION_WINDOW_BYTES), isEnd: false} as const
  hear(piece)
  expect(connections.isDue({...piece, bytes: bytes(1)})).toBe(false)
  expect(kindsOf(said)).toEqual(['connect'])
  await once(socket, 'readable')
  while (socket.read() !== null);
  expect(said.at(-1)).toEqual({kind: 'window', connection: 1, bytes: CONNECTION_WINDOW_BYTES})
})

test('a refused connection has the error of net.Socket, and leaves room for another', async () => {
  const {connections, hear} = open(1)
  const socket = connections.connect({port: 80}, false)
  const [full] = await once(connections.connect({port: 80}, false), 'error')
  expect(full.code).toBe('SANDBOX_FULL')
  hear({kind: 'closed', connection: 1, errno: ECONNREFUSED})
  const [error] = await once(socket, 'error')
  expect(error).toMatchObject({code: 'ECONNREFUSED', syscall: 'connect', errno: -ECONNREFUSED})
  expect(connections.isAsked).toBe(false)
  expect(connections.connect({port: 80}, false).destroyed).toBe(false)
})

test('a program’s connection ends by itself when both sides have', async () => {
  const {said, taken, hear} = open()
  hear({kind: 'accepted', connection: -1, service: 0, remote})
  const [socket] = taken
  expect(socket).toMatchObject({remoteAddress: '127.0.0.1', remotePort: 9, remoteFamily: 'IPv4'})
  socket.resume()
  hear({kind: 'data', connection: -1, bytes: bytes(0), isEnd: true})
  await once(socket, 'close')
  expect(kindsOf(said)).toEqual(['data', 'close'])
  hear({kind: 'closed', connection: -1, errno: 0})
})

test('data for a destroyed socket is dropped, but counts', () => {
  const {said, connections, hear} = open()
  const socket = connections.connect({port: 80}, false)
  hear({kind: 'connected', connection: 1})
  socket.resetAndDestroy()
  hear({kind: 'data', connection: 1, bytes: bytes(CONNECTION_WINDOW_BYTES), isEnd: false})
  expect(connections.isDue({kind: 'data', connection: 1, bytes: bytes(1), isEnd: false})).toBe(false)
  expect(said.slice(1)).toEqual([{kind: 'close', connection: 1, isReset: true}])
  hear({kind: 'closed', connection: 1, errno: 0})
  expect(connections.isDue({kind: 'closed', connection: 1, errno: 0})).toBe(false)
})

test('an idle socket times out, and stays open', async () => {
  const {connections} = open()
  const socket = connections.connect({port: 80}, false).setTimeout(5)
  // What waits keeps no process alive by itself.
  const alive = setInterval(() => {}, 1000)
  await once(socket, 'timeout')
  clearInterval(alive)
  expect(socket.destroyed).toBe(false)
  expect(socket.setTimeout(0).timeout).toBe(0)
})

test('a disposed sandbox closes its sockets without an error, one that died with it', async () => {
  for (const code of ['DISPOSED', 'SANDBOX_DIED'] as const) {
    const {connections, hear} = open()
    const socket = connections.connect({port: 80}, false)
    hear({kind: 'connected', connection: 1})
    const errors: unknown[] = []
    socket.on('error', (error) => errors.push(error))
    const error = new HvError(code, '')
    connections.fail(error)
    await new Promise((resolve) => socket.once('close', resolve))
    expect(errors).toEqual(code === 'DISPOSED' ? [] : [error])
  }
})
