// What lies outside of a sandbox: its programs reach what its owner allows, through the owner.

import {once} from 'node:events'
import {createServer, type Server} from 'node:http'
import type {AddressInfo} from 'node:net'
import {afterAll, beforeAll, describe, expect, test} from 'vitest'
import {Sandbox, type SandboxNetOptions} from '../../src/index.ts'
import {BUSYBOX, guest, places} from './guests.ts'

let server: Server
let port: number
beforeAll(async () => {
  server = createServer((request, response) => response.end(request.url)).listen(0, '127.0.0.1')
  await once(server, 'listening')
  port = (server.address() as AddressInfo).port
})
afterAll(() => server.close())

describe.each(places)('on $platform, in a $isolation', ({platform, isolation}) => {
  async function wget(net: SandboxNetOptions, url: string) {
    await using sandbox = await Sandbox.create({platform, isolation, net})
    return await sandbox.run(BUSYBOX, ['wget', '-qO-', url])
  }

  test('what is allowed is reached by its name', async () => {
    const net = {allow: [`host.internal:${port}`]}
    expect(await wget(net, `http://host.internal:${port}/a`)).toMatchObject({exitCode: 0, stdout: '/a'})
  })

  test("a connection shows the sandbox's address, and a port that is the sandbox's", async () => {
    await using sandbox = await Sandbox.create({platform, isolation, net: {allow: [`host.internal:${port}`]}})
    const {exitCode, stderr} = await sandbox.run(guest('tcp-ends'), ['192.0.0.2', String(port)])
    expect([exitCode, stderr]).toEqual([0, ''])
  })

  test('the rest is not, and the result says what would allow it', async () => {
    const {refused, neededRules} = await wget({allow: ['host.internal:1']}, `http://host.internal:${port}/`)
    expect(refused).toMatchObject({connect: 1})
    expect(neededRules).toEqual([`host.internal:${port}`])
  })

  test('what is denied is not allowed', async () => {
    const net = {allow: ['host.internal'], deny: [`host.internal:${port}`]}
    expect((await wget(net, `http://host.internal:${port}/`)).exitCode).toBe(1)
  })
})

test.each([
  {allow: ['a b']},
  {allow: ['127.0.0.1']},
  {deny: ['1.2.3.4/33']},
  {allow: 'example.com'},
  {allow: false},
])('%j is refused', async (net) => {
  await expect(Sandbox.create({net: net as SandboxNetOptions})).rejects.toMatchObject({code: 'BAD_ARGUMENT'})
})
