// net.publish: ports of this host that lead to programs of a sandbox.

import {createSocket} from 'node:dgram'
import {once} from 'node:events'
import {connect, createServer, type Socket} from 'node:net'
import {text} from 'node:stream/consumers'
import {describe, expect, test} from 'vitest'
import {stepMs} from '../../ci/budgets.mjs'
import {Sandbox, type SandboxNetOptions, type SandboxOptions} from '../../src/index.ts'
import {BUSYBOX, guest, places} from './guests.ts'

const timeoutMs = stepMs('command')

/** @param program listens at port 80 */
async function serving(
  options: SandboxOptions,
  [program, args]: readonly [string, string[]],
  address = '127.0.0.1',
) {
  const publish = [address === '127.0.0.1' ? '0:80' : `[${address}]:0:80`]
  const sandbox = await Sandbox.create({...options, net: {publish}})
  const server = sandbox.spawn(program, args)
  server.wait().catch(() => {})
  await sandbox.waitForPort(80, {timeoutMs})
  return {sandbox, server, port: sandbox.published[0].hostPort}
}

const ask = (port: number, words: string, host = '127.0.0.1') => {
  const socket = connect({port, host})
  socket.end(words)
  return text(socket)
}

/** @returns the error with which it ends, if any */
const ended = async (socket: Socket): Promise<string | undefined> => {
  let code: string | undefined
  socket.on('error', (error: NodeJS.ErrnoException) => (code = error.code)).resume()
  await new Promise((resolve) => socket.once('close', resolve))
  return code
}

const ECHO: [string, string[]] = [guest('echo-server'), ['echo', '80']]

describe.each(places)('on $platform, in a $isolation', (place) => {
  test('a program answers at a port of the host', async () => {
    const {sandbox, port} = await serving(place, ECHO)
    await using _ = sandbox
    expect(await Promise.all([ask(port, 'one'), ask(port, 'two')])).toEqual(['one', 'two'])
  })

  test('many bytes go both ways', async () => {
    const {sandbox, port} = await serving(place, ECHO)
    await using _ = sandbox
    const words = 'x'.repeat(3_000_000)
    expect((await ask(port, words)).length).toBe(words.length)
  })

  test('a peer of the host’s loopback has the address of host.internal', async () => {
    const script = `read a; ${BUSYBOX} netstat -tn | ${BUSYBOX} grep ESTABLISHED`
    const args = ['nc', '-l', '-p', '80', '-e', BUSYBOX, 'sh', '-c', script]
    const {sandbox, port} = await serving(place, [BUSYBOX, args])
    await using _ = sandbox
    const socket = connect({port, host: '127.0.0.1'})
    await once(socket, 'connect')
    const {localPort} = socket
    socket.write('\n')
    expect(await text(socket)).toContain(`192.0.0.2:${localPort}`)
  })

  test('datagrams go in, and answers come back to who sent each', async () => {
    await using sandbox = await Sandbox.create({...place, net: {publish: ['0:53/udp']}})
    const server = sandbox.spawn(guest('echo-server'), ['datagrams', '53'])
    server.wait().catch(() => {})
    for await (const line of server) if (line.includes('ready')) break
    const peers = Array.from({length: 5}, () => createSocket('udp4'))
    const answers = peers.map(async (peer, index) => {
      const heard = once(peer, 'message')
      peer.send(`peer ${index}`, sandbox.published[0].hostPort, '127.0.0.1')
      const [bytes] = await heard
      peer.close()
      return String(bytes)
    })
    expect(await Promise.all(answers)).toEqual(peers.map((_, index) => `peer ${index}`))
  })

  test('where a program runs and none listens, a connection ends', async () => {
    await using sandbox = await Sandbox.create({...place, net: {publish: ['0:80']}})
    sandbox
      .spawn(BUSYBOX, ['sleep', '100'])
      .wait()
      .catch(() => {})
    await ended(connect(sandbox.published[0].hostPort))
  })

  test('where no program runs, a connection is reset at once, and the next program is reached', async () => {
    await using sandbox = await Sandbox.create({...place, net: {publish: ['0:80', '0:53/udp']}})
    const [{hostPort}, udp] = sandbox.published
    // Nobody hears it.
    const peer = createSocket('udp4')
    peer.send('a', udp.hostPort, '127.0.0.1', () => peer.close())
    expect(await ended(connect(hostPort))).toBe('ECONNRESET')
    await sandbox.run(BUSYBOX, ['true'])
    expect(await ended(connect(hostPort))).toBe('ECONNRESET')
    sandbox
      .spawn(...ECHO)
      .wait()
      .catch(() => {})
    await sandbox.waitForPort(80, {timeoutMs})
    expect(await ask(hostPort, 'one')).toBe('one')
  })

  test('a port is opened and closed while programs run; closing it resets what came by it alone', async () => {
    const {sandbox, port} = await serving(place, ECHO)
    await using _ = sandbox
    const opened = sandbox.publish('0:80')
    expect(sandbox.published.map(({hostPort}) => hostPort)).toEqual([port, opened.hostPort])
    const [stays, goes] = [port, opened.hostPort].map((each) => connect(each))
    for (const socket of [stays, goes]) socket.write('a')
    await Promise.all([once(stays, 'data'), once(goes, 'data')])
    const end = ended(goes)
    sandbox.unpublish(opened)
    expect(await end).toBe('ECONNRESET')
    expect(await ended(connect(opened.hostPort))).toBe('ECONNREFUSED')
    expect(() => sandbox.unpublish(opened)).toThrow(expect.objectContaining({code: 'BAD_ARGUMENT'}))
    stays.write('b')
    expect(`${await once(stays, 'data')}`).toBe('b')
    stays.destroy()
    expect(sandbox.publish(`${opened.hostPort}:80`)).toEqual(opened)
    expect(await ask(opened.hostPort, 'again')).toBe('again')
  })

  test('a port of datagrams that is closed lets none in, from nobody', async () => {
    await using sandbox = await Sandbox.create({...place, net: {publish: ['0:53/udp']}})
    const server = sandbox.spawn(guest('echo-server'), ['datagrams', '53'])
    server.wait().catch(() => {})
    for await (const line of server) if (line.includes('ready')) break
    const [port] = sandbox.published
    const peers = [createSocket('udp4'), createSocket('udp4')]
    const answer = once(peers[0], 'message')
    peers[0].send('a', port.hostPort, '127.0.0.1')
    await answer
    sandbox.unpublish(port)
    const other = sandbox.publish('0:53/udp')
    const heard: string[] = []
    for (const peer of peers) {
      peer.on('message', (bytes) => heard.push(`${bytes}`)).on('error', () => {})
      peer.send('lost', port.hostPort, '127.0.0.1')
      peer.send('last', other.hostPort, '127.0.0.1')
    }
    await expect.poll(() => heard.length, {timeout: timeoutMs}).toBe(2)
    expect(heard).toEqual(['last', 'last'])
    for (const peer of peers) peer.close()
  })

  test('rules and onConnect are about what programs begin: they leave what comes in', async () => {
    const onConnect = () => false
    const net: SandboxNetOptions = {allow: true, publish: ['0:80'], onConnect}
    await using sandbox = await Sandbox.create({...place, net})
    sandbox
      .spawn(...ECHO)
      .wait()
      .catch(() => {})
    await sandbox.waitForPort(80, {timeoutMs})
    const socket = connect(sandbox.published[0].hostPort)
    socket.write('a')
    await once(socket, 'data')
    sandbox.setNet({deny: ['0.0.0.0/0']})
    socket.end('b')
    expect(`${await once(socket, 'data')}`).toBe('b')
  })

  test('what comes in is held to the bytes a second, and counted with the program that takes it', async () => {
    const bytes = 30_000
    const net = {publish: ['0:80'], sendBytesPerSecond: bytes, receiveBytesPerSecond: bytes}
    await using sandbox = await Sandbox.create({...place, net})
    const script = `${BUSYBOX} nc -l -p 80 >/tmp/all; ${BUSYBOX} wc -c </tmp/all`
    const run = sandbox.run(BUSYBOX, ['sh', '-c', script])
    await sandbox.waitForPort(80, {timeoutMs})
    const startedMs = performance.now()
    await ended(connect(sandbox.published[0].hostPort).end('x'.repeat(bytes)))
    const {stdout, stats} = await run
    expect(performance.now() - startedMs).toBeGreaterThan(800)
    expect(stdout).toBe(`${bytes}\n`)
    expect(stats).toMatchObject({connections: 1, receivedBytes: bytes})
  })
})

test.each([undefined, {serve: {}}])('with %j, no port is opened later', async (net) => {
  await using sandbox = await Sandbox.create({...(net && {net})})
  expect(() => sandbox.publish('0:80')).toThrow(expect.objectContaining({code: 'BAD_ARGUMENT'}))
})

test('a server sees as many connections as there may be, and the next when one ends', async () => {
  const {sandbox, port} = await serving({maxConnections: 2}, ECHO)
  await using _ = sandbox
  const held = [0, 1].map(() => connect(port))
  for (const socket of held) socket.write('held')
  await Promise.all(held.map((socket) => once(socket, 'data')))
  const third = ask(port, 'third')
  const first = await Promise.race([
    third,
    ask(port, 'fourth'),
    new Promise((done) => setTimeout(done, 300, 'none')),
  ])
  expect(first).toBe('none')
  for (const socket of held) socket.destroy()
  expect(await third).toBe('third')
})

test('a disposed sandbox gives its ports back', async () => {
  const {sandbox, port} = await serving({}, ECHO)
  const held = connect(port)
  held.write('a')
  await once(held, 'data')
  held.on('error', () => {}).resume()
  await sandbox.dispose()
  if (!held.closed) await once(held, 'close')
  const server = createServer().listen(port, '127.0.0.1')
  await once(server, 'listening')
  server.close()
})

test('IPv6 reaches a server of IPv4 and IPv6', async () => {
  const {sandbox, port} = await serving({}, ECHO, '::1')
  await using _ = sandbox
  expect(await ask(port, 'six', '::1')).toBe('six')
})

test('a busy port is refused', async () => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const {port} = server.address() as {port: number}
  await expect(Sandbox.create({net: {publish: [`${port}:80`]}})).rejects.toMatchObject({
    code: 'BAD_ARGUMENT',
    message: `port ${port} of 127.0.0.1 is in use`,
  })
  server.close()
})

test.each([
  {publish: ['80']},
  {publish: ['8080:80', '8080:81']},
  {publish: '8080:80'},
  {publish: ['192.0.2.1:8080:80']},
])('%j is refused', async (net) => {
  const options = {net} as unknown as SandboxOptions
  await expect(Sandbox.create(options)).rejects.toMatchObject({code: 'BAD_ARGUMENT'})
})
