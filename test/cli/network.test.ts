// --allow-net: a guest reaches what its user named, by name and by address, and nothing else.

import {spawn} from 'node:child_process'
import {once} from 'node:events'
import {existsSync} from 'node:fs'
import {createServer, type Server} from 'node:http'
import {type AddressInfo, connect} from 'node:net'
import {text} from 'node:stream/consumers'
import {afterAll, beforeAll, describe, expect, test} from 'vitest'
import {stepMs} from '../../ci/budgets.mjs'
import {HV, hv} from './hv.ts'

const BUSYBOX = '/bin/busybox'
const BIG_BYTES = 5_000_000
const PLATFORMS = existsSync('/dev/kvm') ? ['kvm', 'ptrace'] : ['ptrace']

let server: Server
let port: number
beforeAll(async () => {
  server = createServer((request, response) => {
    if (request.method === 'POST') void text(request).then((body) => response.end(`${body.length}`))
    else response.end(request.url === '/big' ? Buffer.alloc(BIG_BYTES, 'x') : `hello ${request.url}\n`)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  port = (server.address() as AddressInfo).port
})
afterAll(() => server.close())

/** Beside the server, which is in this process. */
const run = (flags: readonly string[], ...guest: string[]) => runIn([HV], flags, ...guest)

async function runIn(node: readonly string[], flags: readonly string[], ...guest: string[]) {
  const child = spawn(process.execPath, [...node, 'run', ...flags, BUSYBOX, ...guest], {
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: stepMs('command'),
  })
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')])
  return {status: child.exitCode, stdout, stderr}
}

describe.skipIf(!existsSync(BUSYBOX)).each(PLATFORMS)('hv run --allow-net on %s', (platform) => {
  const wget = (rules: string, url: string) =>
    run([`--platform=${platform}`, `--allow-net=${rules}`], 'wget', '-q', '-O', '-', url)

  test('a port of the host’s loopback has a name', async () => {
    const url = `http://host.internal:${port}/a`
    expect(await wget(`host.internal:${port}`, url)).toEqual({status: 0, stdout: 'hello /a\n', stderr: ''})
  })

  test('ping is refused in its own words: no program has raw sockets', async () => {
    const {status, stderr} = await run([`--platform=${platform}`], 'ping', '-c', '1', '127.0.0.1')
    expect({status, stderr}).toEqual({status: 1, stderr: 'ping: permission denied (are you root?)\n'})
  })

  test('many bytes come through, and go', async () => {
    const url = `http://host.internal:${port}`
    expect((await wget('host.internal', `${url}/big`)).stdout.length).toBe(BIG_BYTES)
    const post = `POST / HTTP/1.0\\r\\nContent-Length: ${BIG_BYTES}\\r\\n\\r\\n`
    const all = `{ printf '${post}'; ${BUSYBOX} head -c ${BIG_BYTES} /dev/zero; }`
    const flags = [`--platform=${platform}`, '--allow-net=host.internal']
    const {stdout} = await run(flags, 'sh', '-c', `${all} | ${BUSYBOX} nc host.internal ${port}`)
    expect(stdout).toMatch(new RegExp(`\\r\\n\\r\\n${BIG_BYTES}$`))
  })

  test('a rate holds bytes back, and counters say how many there were', async () => {
    const script = `${BUSYBOX} wget -q -O - http://host.internal:${port}/big | ${BUSYBOX} head -c 200000 | ${BUSYBOX} wc -c`
    const flags = [`--platform=${platform}`, '--allow-net=host.internal', '--net-rate=200K', '--stats=json']
    const startedMs = performance.now()
    const {stdout, stderr} = await run(flags, 'sh', '-c', script)
    expect(stdout).toBe('200000\n')
    expect(performance.now() - startedMs).toBeGreaterThan(800)
    const stats = JSON.parse(stderr.trim().split('\n').at(-1)!)
    expect(stats).toMatchObject({connections: 1, sentBytes: expect.any(Number)})
    expect(stats.receivedBytes).toBeGreaterThanOrEqual(200_000)
  })

  test('another port is refused, and hv says what would allow it', async () => {
    const {status, stderr} = await wget('host.internal:1', `http://host.internal:${port}/`)
    expect(status).toBe(1)
    expect(stderr).toMatch(new RegExp(`Permission denied\\nhv: .*--allow-net=host.internal:${port} opens`))
  })

  test('a name that no rule allows is not resolved', async () => {
    const {stderr} = await wget('host.internal', 'http://example.com/')
    expect(stderr).toMatch(/bad address 'example.com'\nhv: .*--allow-net=example.com opens/)
  })

  test('hv waits for a broker that ended before it', async () => {
    // Long enough for the event loop to hear of that.
    const slowly = 'data:text/javascript,process.once("beforeExit",()=>setTimeout(()=>{},500))'
    const flags = [`--platform=${platform}`, '--allow-net']
    expect((await runIn(['--import', slowly, HV], flags, 'true')).status).toBe(0)
  })

  test('the guest’s own loopback is not the host’s', async () => {
    expect((await wget('host.internal', `http://127.0.0.1:${port}/`)).stderr).toMatch(/Connection refused/)
  })
})

test.each(['1', 'fast', '1M:2M:3M', '1M:'])('%s is no rate', (rate) => {
  expect(hv(['run', '--allow-net', `--net-rate=${rate}`, BUSYBOX, 'true'])).toMatchObject({
    status: 125,
    stderr: expect.stringMatching(/^hv: .*rate/),
  })
})

describe.skipIf(!existsSync(BUSYBOX)).each(PLATFORMS)('hv run --publish on %s', (platform) => {
  test('a program answers at the port that hv names', async () => {
    const guest = ['nc', '-l', '-p', '80', '-e', BUSYBOX, 'tr', 'a-z', 'A-Z']
    const args = [HV, 'run', `--platform=${platform}`, '-p', '0:80', BUSYBOX, ...guest]
    const child = spawn(process.execPath, args, {
      stdio: ['ignore', 'inherit', 'pipe'],
      timeout: stepMs('command'),
    })
    const [line] = await once(child.stderr.setEncoding('utf8'), 'data')
    const [, found] = /^hv: published 127\.0\.0\.1:(\d+):80\n$/.exec(line) ?? []
    // Until the guest listens, connections end.
    let answer = ''
    while (answer === '' && child.exitCode === null) answer = await ask(Number(found))
    expect(answer).toBe('HELLO')
    await once(child, 'close')
  })
})

const ask = (to: number): Promise<string> => {
  const socket = connect(to, '127.0.0.1')
  socket.end('hello')
  return text(socket).catch(() => '')
}

test.each([
  ['80', /^hv: "80" is no published port: write \[ADDR:\]HOSTPORT:GUESTPORT\[\/udp\], e\.g\. 8080:80/],
  ['8080:70000', /"8080:70000" has a port out of range/],
  ['localhost:8080:80', /names no address of this host/],
  ['192.0.2.1:8080:80', /this host has no address 192\.0\.2\.1/],
])('--publish %s is refused before the guest starts', (port, stderr) => {
  expect(hv(['run', '-p', port, BUSYBOX, 'true'])).toMatchObject({
    status: 125,
    stderr: expect.stringMatching(stderr),
  })
})

test('a busy port, and the same one twice, are refused', () => {
  const busy = hv(['run', '-p', `${port}:80`, BUSYBOX, 'true'])
  expect([busy.status, busy.stderr]).toEqual([125, expect.stringMatching(/is in use: publish another port/)])
  const twice = hv(['run', '-p', '8080:80', '-p', '8080:81', BUSYBOX, 'true'])
  expect([twice.status, twice.stderr]).toEqual([125, expect.stringMatching(/is published twice/)])
})

test('a rule that is none is refused before the guest starts', () => {
  expect(hv(['run', '--allow-net=1.2.3.4/33', BUSYBOX, 'true'])).toMatchObject({
    status: 125,
    stderr: expect.stringMatching(/'1.2.3.4\/33' is no host, address or range/),
  })
})
