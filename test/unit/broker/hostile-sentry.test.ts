// A sentry that was broken into says what it likes, in any order, while ports open and close and rules change: the broker keeps nothing of it.

import {once} from 'node:events'
import {readdirSync} from 'node:fs'
import {type AddressInfo, connect, createServer} from 'node:net'
import {expect, onTestFinished, test} from 'vitest'
import {addon} from '../../../src/addon.ts'
import {Broker} from '../../../src/broker/broker.ts'
import {SocketLink} from '../../../src/broker/link.ts'
import {HOST_ADDRESS} from '../../../src/broker/net-policy.ts'
import {parseNetRules} from '../../../src/broker/net-rules.ts'
import {openPorts} from '../../../src/broker/open-ports.ts'
import {portHost} from '../../../src/broker/port-host.ts'
import {parsePublished} from '../../../src/broker/published-port.ts'
import {PublishedPorts} from '../../../src/broker/published-ports.ts'
import {serveQuestions} from '../../../src/broker/serve.ts'
import {NO_NAMES} from './served.ts'

const STEPS = 500
const MOST_CONNECTIONS = 10
/** So few that they are used again. */
const IDS = 20

const openFiles = () => readdirSync('/proc/self/fd').length
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

/** @returns whole numbers below its argument, the same in each run */
function numbers(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fff_ffff
    return (state >> 8) % below
  }
}

async function brokerAt(allow: string) {
  const [questions, itsQuestions] = addon.brokerPair(true)
  const [answers, itsAnswers] = addon.brokerPair(false)
  const host = {...addon, nowMs: () => performance.now(), addresses: () => [], dns: NO_NAMES}
  const onConnect = () => pause(1).then(() => true)
  const options = {maxConnections: MOST_CONNECTIONS, onConnect}
  const broker = new Broker(parseNetRules(allow), [], host, options)
  const ports = new PublishedPorts(openPorts([parsePublished('0:80')]), MOST_CONNECTIONS, portHost)
  const hasEnded = new Promise<void>((resolve) => {
    serveQuestions(broker, {questions: itsQuestions, answers: itsAnswers}, addon, resolve, ports)
  })
  return {broker, ports, hasEnded, link: new SocketLink(questions, answers)}
}

test.each([1, 2])('whatever it says, no descriptor is left (%d)', async (seed) => {
  const server = createServer((socket) => socket.on('error', () => {})).listen(0, '127.0.0.1')
  onTestFinished(() => void server.close())
  await once(server, 'listening')
  const {port} = server.address() as AddressInfo
  const allow = `host.internal:${port}`
  const before = openFiles()
  const {broker, ports, hasEnded, link} = await brokerAt(allow)
  const below = numbers(seed)
  const turns = [
    () => link.ask({kind: 'connect', id: below(IDS), isStream: below(3) > 0, ip: HOST_ADDRESS, port}),
    () => link.ask({kind: 'closed', id: below(IDS)}),
    () => link.ask({kind: below(2) ? 'taken' : 'released', id: below(IDS)}),
    () => link.ask({kind: 'resolve', id: below(IDS), name: 'a.example', type: 'A'}),
    () => broker.setRules(below(2) ? parseNetRules(allow) : [], []),
    () => ports.add(openPorts([parsePublished(below(2) ? '0:80' : '0:81/udp')])[0]),
    () => ports.ports.length > 1 && ports.remove(ports.ports[below(ports.ports.length)]),
    () => ports.resetUntaken(),
    () => {
      const published = ports.ports[below(ports.ports.length)]
      if (published.protocol === 'udp') return
      const peer = connect(published.hostPort, '127.0.0.1').on('error', () => {})
      peer.once('connect', () => peer.resetAndDestroy())
    },
    () => pause(1),
  ]
  const taken: number[] = []
  for (let step = 0; step < STEPS; step++) {
    await turns[below(turns.length)]()
    if (below(3) === 0) continue
    for (let next = link.take(); next !== undefined; next = link.take()) {
      if (typeof next === 'string') throw new Error(`the broker is ${next}`)
      if (next.fd >= 0) taken.push(next.fd)
    }
  }
  expect(taken.length).toBeGreaterThan(0)
  for (const fd of taken) addon.hostClose(fd)
  link[Symbol.dispose]()
  await hasEnded
  await expect.poll(openFiles).toBeLessThanOrEqual(before)
})
