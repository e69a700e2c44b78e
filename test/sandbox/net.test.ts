// A sandbox's network for its owner: connections to programs, names that the owner answers, ports, and how each of them ends.

import {once} from 'node:events'
import {createServer, get} from 'node:http'
import type {Duplex} from 'node:stream'
import {buffer, text} from 'node:stream/consumers'
import {afterAll, beforeAll, describe, expect, test} from 'vitest'
import {Sandbox, type SandboxEndpoint, type SandboxSocket} from '../../src/index.ts'
import {BUSYBOX, guest, places, sh} from './guests.ts'

const MIB = 1 << 20
const SERVER = guest('echo-server')

const errorOf = async (stream: Duplex): Promise<unknown> =>
  ((await once(stream, 'error')) as [{code: string}])[0].code
/** `error` and `close`, in a promise that does not reject. */
const closed = (socket: SandboxSocket): Promise<string> =>
  new Promise((resolve) => {
    let how = 'closed'
    socket.once('error', (error: Error & {code: string}) => {
      how = error.code
    })
    socket.once('close', () => resolve(how))
    socket.resume()
  })

describe.each(places)('on $platform, in a $isolation', ({platform, isolation}) => {
  let sandbox: Sandbox
  beforeAll(async () => {
    sandbox = await Sandbox.create({platform, isolation, maxConnections: 8})
  })
  afterAll(() => sandbox.dispose())

  /** A server until `use` has ended. */
  async function serving<Result>(
    mode: string,
    at: number | string,
    use: () => Promise<Result>,
  ): Promise<Result> {
    const server = sandbox.spawn(SERVER, [mode, String(at)])
    try {
      if (typeof at === 'number') await sandbox.waitForPort(at)
      else
        await expect
          .poll(() =>
            sandbox.files.stat(at).then(
              ({kind}) => kind,
              () => '',
            ),
          )
          .toBe('socket')
      return await use()
    } finally {
      server.kill('SIGKILL')
      await server.wait()
    }
  }

  test.each<[string, number | string, number | SandboxEndpoint]>([
    ['TCP', 8001, 8001],
    ['TCP at an address', 8002, {host: '127.0.0.1', port: 8002}],
    ['a UNIX socket', '/tmp/echo', {unix: '/tmp/echo'}],
  ])('%s carries megabytes both ways at once, unchanged', async (_, at, to) => {
    await serving('echo', at, async () => {
      const bytes = Buffer.alloc(5 * MIB + 12_345)
      for (let i = 0; i < bytes.length; i++) bytes[i] = (i * 2654435761) >>> 24
      const socket = sandbox.connect(to)
      expect(socket.connecting).toBe(true)
      socket.end(bytes)
      expect((await buffer(socket)).equals(bytes)).toBe(true)
      expect(socket.remotePort).toBe(typeof at === 'number' ? at : undefined)
    })
  })

  test('several connections talk at once, no more than the limit', async () => {
    await serving('echo', 8003, async () => {
      const sockets = Array.from({length: 8}, () => sandbox.connect(8003))
      expect(await errorOf(sandbox.connect(8003))).toBe('SANDBOX_FULL')
      const said = sockets.map(async (socket, index) => {
        socket.end(`I am ${index}`)
        return text(socket)
      })
      expect(await Promise.all(said)).toEqual(sockets.map((_, index) => `I am ${index}`))
    })
  })

  test('each side ends for itself', async () => {
    const server = sandbox.spawn(SERVER, ['half', '8004'])
    await sandbox.waitForPort(8004)
    const socket = sandbox.connect({port: 8004, allowHalfOpen: true})
    const end = once(socket, 'end')
    expect(`${(await once(socket, 'data'))[0]}`).toBe('bye')
    await end
    socket.end(Buffer.alloc(MIB))
    const [count] = await once(server.stdout, 'data')
    expect(`${count}`).toBe(`${MIB}\n`)
    server.kill('SIGKILL')
    await server.wait()
  })

  test('an HTTP client talks to a server in the guest', async () => {
    await sandbox.files.write('/page', 'hello')
    const server = sandbox.spawn(BUSYBOX, ['httpd', '-f', '-p', '8005', '-h', '/'])
    await sandbox.waitForPort(8005)
    for (let round = 0; round < 3; round++) {
      const request = get('http://guest/page', {
        createConnection: () => sandbox.connect(8005),
        timeout: 60_000,
      })
      const [response] = await once(request, 'response')
      expect([response.statusCode, await text(response)]).toEqual([200, 'hello'])
    }
    server.kill('SIGKILL')
    await server.wait()
  })

  test('nobody listens: ECONNREFUSED, as a path without a socket is ENOENT', async () => {
    expect(await errorOf(sandbox.connect(9))).toBe('ECONNREFUSED')
    expect(await errorOf(sandbox.connect({unix: '/nosuch'}))).toBe('ENOENT')
    await sandbox.files.write('/file', '')
    expect(await errorOf(sandbox.connect({unix: '/file'}))).toBe('ECONNREFUSED')
  })

  test('a guest that resets, or dies, ends the connection', async () => {
    await serving('reset', 8006, async () => {
      const socket = sandbox.connect(8006)
      socket.write('x')
      expect(await closed(socket)).toBe('ECONNRESET')
    })
    const end = await serving('echo', 8007, async () => {
      const socket = sandbox.connect(8007)
      socket.write('x')
      await once(socket, 'data')
      return [closed(socket)]
    })
    const unread = await serving('deaf', 8007, async () => {
      const socket = sandbox.connect(8007)
      socket.write('x')
      const end = closed(socket)
      await once(socket, 'connect')
      return [end]
    })
    expect(await Promise.all([...end, ...unread])).toEqual(['closed', 'ECONNRESET'])
  })

  test('what a guest does not read waits, and is gone with the guest', async () => {
    await serving('deaf', 8008, async () => {
      const socket = sandbox.connect(8008)
      socket.on('error', () => {})
      let written = 0
      while (socket.write(Buffer.alloc(MIB)) || written < 8) {
        written++
        await new Promise(setImmediate)
      }
      await new Promise((resolve) => setTimeout(resolve, 200))
      expect(socket.writableNeedDrain).toBe(true)
      socket.destroy()
    })
  })

  test('ports says what listens, and waitForPort waits', async () => {
    await serving('echo', 8009, async () => {
      const [{pid}] = await sandbox.processes()
      expect(await sandbox.ports()).toEqual([{protocol: 'tcp', address: '127.0.0.1', port: 8009, pid}])
      expect(await sandbox.waitForPort(8009)).toMatchObject({port: 8009})
    })
    expect(await sandbox.ports()).toEqual([])
    await expect(sandbox.waitForPort(8009, {timeoutMs: 50})).rejects.toMatchObject({code: 'TIMED_OUT'})
    const signal = AbortSignal.timeout(50)
    await expect(sandbox.waitForPort(8009, {signal})).rejects.toMatchObject({name: 'AbortError'})
  })

  test('`listen` tells of each program that begins to listen', async () => {
    const ports: number[] = []
    const listener = ({port}: {port: number}) => ports.push(port)
    sandbox.on('listen', listener)
    for (const port of [8010, 8011]) await serving('echo', port, async () => {})
    await expect.poll(() => ports, {timeout: 20_000}).toEqual([8010, 8011])
    sandbox.off('listen', listener)
  })
})

describe.each(places)(
  'names that the owner answers, on $platform, in a $isolation',
  ({platform, isolation}) => {
    const server = createServer((request, response) => response.end(`${request.headers.host} ${request.url}`))
    const taken: SandboxSocket[] = []
    let sandbox: Sandbox
    beforeAll(async () => {
      sandbox = await Sandbox.create({
        ...{platform, isolation, maxConnections: 2},
        net: {
          serve: {
            'api.internal:80': (socket) => server.emit('connection', socket),
            'api.internal:81': (socket) => void taken.push(socket),
          },
        },
      })
    })
    afterAll(() => sandbox.dispose())

    const fetch = (url: string) => sandbox.run(BUSYBOX, ['wget', '-qO-', url])

    test('a program finds the name, and gets an answer', async () => {
      expect(await fetch('http://api.internal/a')).toMatchObject({exitCode: 0, stdout: 'api.internal /a'})
      expect((await sandbox.run(BUSYBOX, ['cat', '/etc/hosts'])).stdout).toMatch(
        /^127\.83\.0\.1\tapi\.internal\n/,
      )
      expect(await sandbox.ports()).toEqual([])
    })

    test('another port of it, and other names, are not there', async () => {
      expect((await fetch('http://api.internal:82/')).stderr).toContain('refused')
      expect((await fetch('http://other.internal/')).exitCode).toBe(1)
    })

    test('a program that binds the port for itself is in nobody’s way', async () => {
      await sandbox.files.write('/own', 'own')
      const own = sandbox.spawn(BUSYBOX, ['httpd', '-f', '-p', '80', '-h', '/'])
      await sandbox.waitForPort(80)
      expect((await fetch('http://localhost/own')).stdout).toBe('own')
      expect((await fetch('http://api.internal/own')).stdout).toBe('api.internal /own')
      own.kill('SIGKILL')
      await own.wait()
    })

    test('more than the limit wait until one has ended, and memory stays bounded while nobody reads', async () => {
      const flood = sandbox.spawn(
        ...sh(`for i in 1 2 3; do ${BUSYBOX} yes | ${BUSYBOX} nc api.internal 81 & done; wait`),
      )
      await expect.poll(() => taken.length, {timeout: 20_000}).toBe(2)
      await new Promise((resolve) => setTimeout(resolve, 200))
      expect(taken.length).toBe(2)
      for (const {readableLength} of taken) expect(readableLength).toBeLessThanOrEqual(1 << 17)
      expect(taken[0]).toMatchObject({remoteAddress: '127.0.0.1', connecting: false})
      taken[0].resetAndDestroy()
      await expect.poll(() => taken.length, {timeout: 20_000}).toBe(3)
      flood.kill('SIGKILL')
      await flood.wait()
      await Promise.all(taken.slice(1).map(closed))
    })
  },
)

describe.each(places)('the end of a sandbox, on $platform, in a $isolation', (place) => {
  test('closes its connections without an error, those that wait for the guest with DISPOSED', async () => {
    const sandbox = await Sandbox.create(place)
    sandbox
      .spawn(SERVER, ['deaf', '8001'])
      .wait()
      .catch(() => {})
    await sandbox.waitForPort(8001)
    const socket = sandbox.connect(8001)
    socket.write(Buffer.alloc(4 * MIB))
    await once(socket, 'connect')
    const ends = [closed(socket), closed(sandbox.connect(8001))]
    const waiting = expect(sandbox.waitForPort(9)).rejects.toMatchObject({code: 'DISPOSED'})
    await sandbox.dispose()
    expect((await Promise.all(ends))[0]).toBe('closed')
    await waiting
    expect(await errorOf(sandbox.connect(8001))).toBe('DISPOSED')
  })
})

describe('arguments', () => {
  test.each([
    [{serve: {'api.internal': () => {}}}, 'net.serve takes names with ports, not "api.internal"'],
    [{serve: {'10.0.0.1:80': () => {}}}, 'net.serve takes names with ports, not "10.0.0.1:80"'],
    [{serve: {'a:80': () => {}, 'A:80': () => {}}}, 'net.serve has 2 names, of which 1 differ'],
    [{serve: {'a:80': 1}}, 'net.serve.a:80 takes a function, not 1'],
  ])('%j is refused', async (net, message) => {
    await expect(Sandbox.create({net} as never)).rejects.toMatchObject({code: 'BAD_ARGUMENT', message})
  })

  test('only the guest itself can be connected to', async () => {
    await using sandbox = await Sandbox.create()
    for (const to of [0, 70_000, {host: '10.0.0.1', port: 80}, {host: '127.0.0.256', port: 80}, {unix: ''}])
      expect(() => sandbox.connect(to as never)).toThrow(expect.objectContaining({code: 'BAD_ARGUMENT'}))
  })
})
