// The clients of docs/network.md's table, as the page has them, over Sandbox.connect.
//
// node-gyp brings undici. pg is not installed: a class keeps the contract of its `stream`, as pg 8's Connection has it.

import {once} from 'node:events'
import {readFileSync} from 'node:fs'
import {createServer, request} from 'node:http'
import type {Duplex} from 'node:stream'
import {text} from 'node:stream/consumers'
import {connect, TLSSocket} from 'node:tls'
import {Agent, request as fetchBy} from 'undici'
import {afterAll, beforeAll, expect, test} from 'vitest'
import {root} from '../../ci/paths.mjs'
import {Sandbox, type SandboxSocket} from '../../src/index.ts'
import {BUSYBOX, guest, sh} from './guests.ts'

const page = readFileSync(`${root}/docs/network.md`, 'utf8')
const KEY = Buffer.alloc(16, 1)
/** A key that both sides know, in place of a certificate. */
const SECRET = {ciphers: 'PSK-AES128-GCM-SHA256', maxVersion: 'TLSv1.2'} as const

/** What the table says of a client, with another port. */
function codeOf(client: string, port: number, before = ''): string {
  const row = page.split('\n').find((line) => line.startsWith(`| ${client} `))!
  return row
    .split('`')
    .find((part) => part.startsWith(before) && part.includes('sandbox.connect'))!
    .replace(/\b(8080|8443|5432)\b/, String(port))
}

/** Runs it. */
function made(code: string, names: Record<string, unknown>): unknown {
  return new Function(...Object.keys(names), `return ${code}`)(...Object.values(names))
}

let sandbox: Sandbox
const answers = createServer((_, response) => response.end('hello'))
beforeAll(async () => {
  const secure = (socket: SandboxSocket): void => {
    const secured = new TLSSocket(
      socket as never,
      {...SECRET, isServer: true, pskCallback: () => KEY} as never,
    )
    secured.pipe(secured)
  }
  const serve = {
    'answers.internal:80': (socket: SandboxSocket) => void answers.emit('connection', socket),
    'secure.internal:443': secure,
  }
  sandbox = await Sandbox.create({net: {serve}})
  const pass = (port: number, to: string): string => `${BUSYBOX} nc -ll -p ${port} -e ${BUSYBOX} nc ${to} &`
  const script = `${pass(7001, 'answers.internal 80')} ${pass(7002, 'secure.internal 443')} wait`
  for (const child of [sandbox.spawn(...sh(script)), sandbox.spawn(guest('echo-server'), ['echo', '7003'])])
    child.wait().catch(() => {})
  for (const port of [7001, 7002, 7003]) await sandbox.waitForPort(port, {timeoutMs: 60_000})
})
afterAll(() => sandbox.dispose())

test('http.request', async () => {
  const options = made(`({${codeOf('`http.request`, `http.Agent`', 7001)}})`, {sandbox}) as object
  const asking = request('http://guest/', options)
  asking.end()
  const [response] = await once(asking, 'response')
  expect(await text(response)).toBe('hello')
})

test('tls.connect', async () => {
  const options = made(`({${codeOf('`tls.connect`, `https.request`', 7002)}})`, {sandbox}) as object
  const psk = {pskCallback: () => ({psk: KEY, identity: 'guest'}), checkServerIdentity: () => undefined}
  const socket = connect({...options, ...SECRET, ...psk})
  await once(socket, 'secureConnect')
  socket.write('hello')
  expect(`${(await once(socket, 'data'))[0]}`).toBe('hello')
  socket.destroy()
})

test('undici', async () => {
  const dispatcher = made(codeOf('`undici`', 7001), {Agent, sandbox}) as Agent
  const {body} = await fetchBy('http://guest/', {dispatcher})
  expect(await body.text()).toBe('hello')
  await dispatcher.destroy()
})

test('pg', async () => {
  /** It takes a stream, or a function that gives one, connects that itself, and writes when it is told that it has. */
  class Client {
    readonly stream: Duplex & Pick<SandboxSocket, 'setNoDelay' | 'setKeepAlive' | 'connect' | 'ref' | 'unref'>

    constructor({stream}: {stream: () => SandboxSocket}) {
      this.stream = stream()
      this.stream.setNoDelay().connect()
      this.stream.once('connect', () => {
        this.stream.setKeepAlive()
        this.stream.write('startup')
      })
      this.stream.ref()
    }
  }
  const {stream} = made(codeOf('`pg`', 7003), {Client, sandbox}) as Client
  expect(`${(await once(stream, 'data'))[0]}`).toBe('startup')
  stream.unref()
  stream.end()
  await once(stream, 'close')
})
