// How an owner keeps hold of what its programs reach outside: it decides on each connection, and changes the rules while programs run.

import {once} from 'node:events'
import {createServer, type Server} from 'node:http'
import type {AddressInfo} from 'node:net'
import {text} from 'node:stream/consumers'
import {afterAll, beforeAll, describe, expect, test} from 'vitest'
import {Sandbox, type SandboxConnectRequest, type SandboxNetOptions} from '../../src/index.ts'
import {BUSYBOX, places, sh} from './guests.ts'

const BEGINNING = 'beginning\n'
const MANY = 100_000
/** Bytes a second. A tenth of them may come at once. */
const RATE = 200_000
const leastMs = (bytes: number): number => (bytes / RATE - 0.1) * 1000

let server: Server
let port: number
beforeAll(async () => {
  server = createServer((request, response) => {
    if (request.method === 'POST') void text(request).then((body) => response.end(`${body.length}`))
    else if (request.url === '/many') response.end(Buffer.alloc(MANY, 'x'))
    else if (request.url === '/endless') response.write(BEGINNING)
    else response.end(request.url)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  port = (server.address() as AddressInfo).port
})
afterAll(() => {
  server.closeAllConnections()
  server.close()
})

describe.each(places)('on $platform, in a $isolation', (place) => {
  const open = (net: SandboxNetOptions, maxConnections = 16) =>
    Sandbox.create({...place, net, maxConnections})
  const wget = (path: string): [string, string[]] => [
    BUSYBOX,
    ['wget', '-qO-', `http://host.internal:${port}${path}`],
  ]

  test('the owner is asked about a connection, with its name, and lets it pass', async () => {
    const asked: SandboxConnectRequest[] = []
    const onConnect = async (request: SandboxConnectRequest) => asked.push(request) === 1
    await using sandbox = await open({allow: ['host.internal'], onConnect})
    expect((await sandbox.run(...wget('/a'))).stdout).toBe('/a')
    expect(asked).toEqual([{name: 'host.internal', address: '127.0.0.1', port, protocol: 'tcp'}])
    expect(await sandbox.run(...wget('/b'))).toMatchObject({exitCode: 1, refused: {connect: 1}})
  })

  test('a connection that waits for the owner holds up no other, and ends with the sandbox', async () => {
    let first!: () => void
    const isAsked = new Promise<void>((resolve) => (first = resolve))
    let count = 0
    const onConnect = () => {
      if (count++ > 0) return true
      first()
      return new Promise<boolean>(() => {})
    }
    const sandbox = await open({allow: ['host.internal'], onConnect})
    const waits = sandbox.run(...wget('/a'))
    await isAsked
    expect((await sandbox.run(...wget('/b'))).stdout).toBe('/b')
    await Promise.all([expect(waits).rejects.toMatchObject({code: 'DISPOSED'}), sandbox.dispose()])
  })

  test('rules that change reset what they no longer allow, and what they allow goes on', async () => {
    await using sandbox = await open({allow: ['host.internal']})
    const child = sandbox.spawn(...wget('/endless'))
    expect(`${(await once(child.stdout, 'data'))[0]}`).toBe(BEGINNING)
    sandbox.setNet({allow: [`host.internal:${port}`]})
    expect((await sandbox.run(...wget('/a'))).stdout).toBe('/a')
    const stderr = once(child.stderr, 'data')
    sandbox.setNet({})
    expect(`${(await stderr)[0]}`).toContain('Connection reset by peer')
    expect((await child.wait()).exitCode).toBe(1)
    const {exitCode, neededRules} = await sandbox.run(...wget('/a'))
    expect([exitCode, neededRules]).toEqual([1, ['host.internal']])
  })

  test('rules that allow nothing may do so later', async () => {
    await using sandbox = await open({allow: []})
    expect((await sandbox.run(...wget('/a'))).exitCode).toBe(1)
    sandbox.setNet({allow: ['host.internal']})
    expect((await sandbox.run(...wget('/a'))).stdout).toBe('/a')
  })

  test('what programs receive and send takes its time, all connections together, and is counted', async () => {
    const rates = {receiveBytesPerSecond: RATE, sendBytesPerSecond: RATE}
    await using sandbox = await open({allow: ['host.internal'], ...rates})
    const startedMs = performance.now()
    const halves = await Promise.all([1, 2].map(() => sandbox.run(...wget('/many'))))
    expect(performance.now() - startedMs).toBeGreaterThan(leastMs(2 * MANY))
    for (const {stdout, stats} of halves) {
      expect(stdout.length).toBe(MANY)
      expect(stats).toMatchObject({connections: 1})
      expect(stats.receivedBytes).toBeGreaterThan(MANY)
      expect(stats.sentBytes).toBeGreaterThan(0)
    }
    const post = `POST / HTTP/1.0\\r\\nContent-Length: ${MANY}\\r\\n\\r\\n`
    const all = `{ printf '${post}'; ${BUSYBOX} head -c ${MANY} /dev/zero; }`
    const sentMs = performance.now()
    const {stdout, stats} = await sandbox.run(...sh(`${all} | ${BUSYBOX} nc host.internal ${port}`))
    expect(performance.now() - sentMs).toBeGreaterThan(leastMs(MANY))
    expect(stdout).toMatch(new RegExp(`\\r\\n\\r\\n${MANY}$`))
    expect(stats.sentBytes).toBeGreaterThan(MANY)
  })

  test('programs have no more connections than they may, and their ends make room', async () => {
    await using sandbox = await open({allow: ['host.internal']}, 1)
    const child = sandbox.spawn(...wget('/endless'))
    await once(child.stdout, 'data')
    expect((await sandbox.run(...wget('/a'))).stderr).toMatch(/File table overflow|Too many open files/)
    child.kill()
    await child.wait()
    expect((await sandbox.run(...wget('/a'))).stdout).toBe('/a')
  })
})

describe('arguments', () => {
  test('what decides needs something to decide about', async () => {
    const net = {onConnect: () => true}
    await expect(Sandbox.create({net})).rejects.toMatchObject({code: 'BAD_ARGUMENT'})
    await expect(Sandbox.create({net: {allow: true, onConnect: true as never}})).rejects.toMatchObject({
      message: 'net.onConnect takes a function, not true',
    })
  })

  test('rules that are none change nothing', async () => {
    const sandbox = await Sandbox.create({net: {allow: []}})
    for (const rules of [{allow: ['a b']}, {allow: 'a'}, {serve: {}}, undefined])
      expect(() => sandbox.setNet(rules as never)).toThrow(expect.objectContaining({code: 'BAD_ARGUMENT'}))
    await sandbox.dispose()
    expect(() => sandbox.setNet({})).toThrow(expect.objectContaining({code: 'DISPOSED'}))
  })

  test('a sandbox without a way out gets none later', async () => {
    await using sandbox = await Sandbox.create()
    expect(() => sandbox.setNet({allow: true})).toThrow(expect.objectContaining({code: 'BAD_ARGUMENT'}))
  })
})
