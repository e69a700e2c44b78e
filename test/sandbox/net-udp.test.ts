// UDP to the outside of a sandbox: what net.allow names is reached, and the rest is refused, counted, named and marked.

import {createSocket} from 'node:dgram'
import {once} from 'node:events'
import {expect, onTestFinished, test} from 'vitest'
import {Sandbox, type SandboxNetOptions, type TraceEvent} from '../../src/index.ts'
import {guest, places} from './guests.ts'

const ECHO = guest('echo-server')
const HOST = '192.0.0.2'
const EACCES = 13

/** Answers datagrams with what they say, and `suffix`. @returns its port */
async function server(suffix = ' answered'): Promise<number> {
  const socket = createSocket('udp4')
  socket.on('message', (bytes, {port, address}) =>
    socket.send(Buffer.concat([bytes, Buffer.from(suffix)]), port, address),
  )
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  onTestFinished(() => void socket.close())
  return socket.address().port
}

test.each(places)('a datagram is answered from outside, on $platform, in a $isolation', async (place) => {
  const port = await server()
  await using sandbox = await Sandbox.create({...place, net: {allow: [`host.internal:${port}`]}})
  const {exitCode, stdout} = await sandbox.run(ECHO, ['ask', HOST, String(port)])
  expect([exitCode, stdout]).toEqual([0, 'question answered\n'])
})

test.each(places)(
  'datagrams of several peers are received as on Linux, on $platform, in a $isolation',
  async (place) => {
    const ports = await Promise.all(Array.from({length: 10}, () => server('')))
    await using sandbox = await Sandbox.create({
      ...place,
      net: {allow: ports.map((port) => `host.internal:${port}`)},
    })
    const {exitCode, stderr} = await sandbox.run(guest('udp-peers'), [HOST, ...ports.map(String)])
    expect([exitCode, stderr]).toEqual([0, ''])
  },
)

test.each(places)('one that no rule allows is refused, on $platform, in a $isolation', async (place) => {
  const net: SandboxNetOptions = {allow: ['host.internal:1']}
  await using sandbox = await Sandbox.create({...place, net})
  const result = await sandbox.run(ECHO, ['ask', HOST, '9'])
  expect(result).toMatchObject({exitCode: EACCES, refused: {sendto: 1}, neededRules: ['host.internal:9']})
})

test('a trace marks what was refused', async () => {
  await using sandbox = await Sandbox.create({net: {allow: ['host.internal:1']}})
  const events: TraceEvent[] = []
  await sandbox.startTrace((event) => events.push(event), {calls: 'sendto'})
  await sandbox.run(ECHO, ['ask', HOST, '9'])
  await sandbox.stopTrace()
  expect(events[0]).toMatchObject({
    error: 'EACCES',
    note: 'refused by hv: --allow-net=host.internal:9 allows it',
  })
})

test('rules that are taken back end a flow', async () => {
  const port = await server()
  await using sandbox = await Sandbox.create({net: {allow: [`host.internal:${port}`]}})
  const ask = () => sandbox.run(ECHO, ['ask', HOST, String(port)])
  expect((await ask()).exitCode).toBe(0)
  sandbox.setNet({allow: []})
  expect((await ask()).exitCode).toBe(EACCES)
})
