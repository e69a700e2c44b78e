// EmbedderConnection: bytes between an embedder and a guest's socket, in windows, and how a connection ends.

import {expect, test} from 'vitest'
import {ECONNRESET} from '../../../../../src/abi/errno.ts'
import {AF_INET, SEND_SHUTDOWN} from '../../../../../src/abi/socket.ts'
import {LOOPBACK} from '../../../../../src/sentry/net/inet/address.ts'
import type {InetFamily} from '../../../../../src/sentry/net/inet/inet-family.ts'
import {startConnection} from '../../../../../src/sentry/net/inet/tcp/connect.ts'
import {TcpSocket} from '../../../../../src/sentry/net/inet/tcp/tcp-socket.ts'
import {SocketFamilies} from '../../../../../src/sentry/net/socket-families.ts'
import {EmbedderConnection} from '../../../../../src/sentry/outside/net/connection.ts'
import {CONNECTION_WINDOW_BYTES} from '../../../../../src/sentry/outside/net/connection-limits.ts'
import {TimerQueue} from '../../../../../src/sentry/time/timers.ts'
import {Budget} from '../../../../../src/vfs/budget.ts'
import {nativeHost} from '../../../../../src/vfs/native-host.ts'
import {VirtualFileSystem} from '../../../../../src/vfs/virtual-file-system.ts'

const PORT = 7

function connect() {
  const budget = new Budget()
  const family = new SocketFamilies(new VirtualFileSystem(nativeHost), budget).find(AF_INET) as InetFamily
  const listener = new TcpSocket(family)
  listener.local = {ip: LOOPBACK, port: PORT}
  listener.ports.join(listener, PORT)
  listener.state = 'listening'
  const socket = new TcpSocket(family)
  startConnection(undefined, socket, {ip: LOOPBACK, port: PORT})
  const guest = listener.accept()!
  const timers = new TimerQueue(nativeHost.clock)
  const said: unknown[] = []
  const events = {
    connected: () => {},
    data: (_id: number, bytes: Uint8Array, isEnd: boolean) => said.push(['data', bytes.length, isEnd]),
    taken: (_id: number, bytes: number) => said.push(['taken', bytes]),
    closed: (_id: number, errno: number) => said.push(['closed', errno]),
  }
  const connection = new EmbedderConnection(1, socket, {events, timers, buffer: new Uint8Array(1 << 16)})
  const pass = () => timers.runExpired(Number.POSITIVE_INFINITY)
  const close = () => {
    guest.close()
    listener.close()
  }
  return {budget, guest, connection, said, pass, close}
}

test('what a guest writes goes to the embedder once some of it has come together', () => {
  const {guest, said, pass} = connect()
  guest.write(Uint8Array.of(1))
  guest.write(Uint8Array.of(2))
  expect(said).toEqual([])
  pass()
  expect(said).toEqual([['data', 2, false]])
})

test('what the embedder does not take waits in the guest', () => {
  const {guest, connection, said, pass} = connect()
  guest.write(new Uint8Array(3 * CONNECTION_WINDOW_BYTES))
  pass()
  const bytes = () => said.reduce<number>((sum, each) => sum + (each as number[])[1], 0)
  expect(bytes()).toBe(CONNECTION_WINDOW_BYTES)
  connection.addWindow(CONNECTION_WINDOW_BYTES)
  expect(bytes()).toBe(2 * CONNECTION_WINDOW_BYTES)
})

test('what a guest does not read waits, and goes on when it does', () => {
  const {guest, connection, said} = connect()
  const chunk = new Uint8Array(CONNECTION_WINDOW_BYTES)
  let given = 0
  while (said.length === given && given < 100) {
    connection.give(chunk, false)
    given++
  }
  const taken = () => said.reduce<number>((sum, each) => sum + (each as number[])[1], 0)
  expect(given).toBeLessThan(100)
  expect(taken()).toBeLessThan(given * chunk.length)
  const target = new Uint8Array(1 << 20)
  let read = 0
  while (read < given * chunk.length) read += guest.read(target, 0)
  expect(taken()).toBe(given * chunk.length)
})

test('each side ends for itself, and nothing is left', () => {
  const {budget, guest, connection, said, close} = connect()
  connection.give(Uint8Array.of(1), true)
  expect(guest.read(new Uint8Array(9), 0)).toBe(1)
  expect(guest.read(new Uint8Array(9), 0)).toBe(0)
  guest.write(Uint8Array.of(2))
  guest.shutDown(SEND_SHUTDOWN)
  expect(said).toEqual([
    ['taken', 1],
    ['data', 1, false],
    ['data', 0, true],
    ['closed', 0],
  ])
  close()
  expect(budget.used).toBe(0)
})

test('a guest that closes without reading resets', () => {
  const {guest, connection, said} = connect()
  connection.give(Uint8Array.of(1), false)
  guest.close()
  expect(said.at(-1)).toEqual(['closed', ECONNRESET])
})

test('what was given before a close arrives, but not after a reset', () => {
  for (const isReset of [false, true]) {
    const {guest, connection, said} = connect()
    connection.give(Uint8Array.of(1), false)
    connection.close(isReset)
    expect(said.at(-1)).toEqual(['closed', 0])
    const target = new Uint8Array(9)
    expect(guest.read(target, 0)).toBe(1)
    if (isReset) expect(() => guest.read(target, 0)).toThrow(expect.objectContaining({code: ECONNRESET}))
    else expect(guest.read(target, 0)).toBe(0)
  }
})
