// node:http, node:https, node:net and fetch: keep-alive, streams, upgrades, aborted requests.
const {once} = require('node:events')
const {execFileSync} = require('node:child_process')
const fs = require('node:fs')
const http = require('node:http')
const https = require('node:https')
const net = require('node:net')
const dgram = require('node:dgram')

async function listen(server, ...address) {
  server.listen(...address)
  await once(server, 'listening')
  return server.address().port
}
async function get(client, options) {
  const request = client.request(options)
  request.end(options.body)
  const [response] = await once(request, 'response')
  let text = ''
  for await (const part of response.setEncoding('utf8')) text += part
  return `${response.statusCode} ${text.length > 99 ? text.length : text}`
}

async function main() {
  const peers = new Set()
  const answer = async (request, response) => {
    peers.add(request.socket.remotePort)
    let size = 0
    for await (const part of request) size += part.length
    if (request.url === '/large') response.end(Buffer.alloc(3 << 20, 'x'))
    else if (request.url === '/chunks') { for (let i = 0; i < 5; i++) response.write(`${i}\n`); response.end() }
    else response.end(`${request.method} ${request.url} ${size} from ${request.socket.remoteAddress}`)
  }
  const server = http.createServer(answer)
  const port = await listen(server, 0, '127.0.0.1')

  const agent = new http.Agent({keepAlive: true, maxSockets: 1})
  for (let i = 0; i < 100; i++) await get(http, {port, host: '127.0.0.1', agent, path: `/${i}`})
  console.log('keep-alive', peers.size)
  const all = await Promise.all(Array.from({length: 50}, (_, i) => fetch(`http://127.0.0.1:${port}/${i}`).then((r) => r.text())))
  console.log('fetch', all.length, all[49])
  console.log((await (await fetch(`http://127.0.0.1:${port}/large`)).arrayBuffer()).byteLength)
  console.log(await (await fetch(`http://127.0.0.1:${port}/chunks`)).text())
  console.log(await get(http, {port, host: '127.0.0.1', method: 'POST', path: '/post', body: Buffer.alloc(2 << 20)}))

  const aborted = new AbortController()
  const pending = fetch(`http://127.0.0.1:${port}/large`, {signal: aborted.signal})
  aborted.abort()
  console.log(await pending.catch((error) => error.name))
  agent.destroy()
  server.closeAllConnections()
  await new Promise((done) => server.close(done))
  console.log(await get(http, {port, host: '127.0.0.1', agent: false}).catch((error) => error.code))

  // Both families at once, and by name.
  const dual = http.createServer(answer)
  const dualPort = await listen(dual, 0)
  for (const host of ['127.0.0.1', '::1', 'localhost'])
    console.log(host, /^200 GET/.test(await get(http, {port: dualPort, host})))
  const busy = net.createServer().listen(dualPort)
  console.log((await once(busy, 'error'))[0].code)
  dual.close()

  // A certificate of its own.
  const make = 'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost -keyout key -out cert -addext'
  execFileSync('openssl', [...make.split(' '), 'subjectAltName=DNS:localhost,IP:127.0.0.1'], {stdio: 'ignore'})
  const [key, cert] = ['key', 'cert'].map((name) => fs.readFileSync(name))
  const secure = https.createServer({key, cert}, answer)
  const securePort = await listen(secure, 0, '127.0.0.1')
  console.log(await get(https, {port: securePort, host: '127.0.0.1', ca: cert, path: '/tls'}))
  console.log(await get(https, {port: securePort, host: '127.0.0.1', ca: cert, path: '/large'}))
  console.log(await get(https, {port: securePort, host: '127.0.0.1'}).catch((error) => error.code))
  secure.close()

  // Half-close, time-out, reset.
  const echo = net.createServer({allowHalfOpen: true}, (socket) => socket.on('error', () => {}).on('end', () => socket.end('bye')).resume())
  const echoPort = await listen(echo, 0, '127.0.0.1')
  const half = net.connect(echoPort, '127.0.0.1').end('hello').setEncoding('utf8')
  console.log((await once(half, 'data'))[0])
  const idle = net.connect(echoPort, '127.0.0.1').setTimeout(50)
  await once(idle, 'timeout')
  console.log('timeout')
  idle.resetAndDestroy()
  echo.close()

  const [left, right] = [dgram.createSocket('udp4'), dgram.createSocket('udp6')]
  left.bind(0, '127.0.0.1'); right.bind(0)
  await Promise.all([once(left, 'listening'), once(right, 'listening')])
  left.send('datagram', right.address().port, '127.0.0.1')
  const [message, from] = await once(right, 'message')
  console.log(`${message} from ${from.address}`, from.port === left.address().port)
  left.close(); right.close()
}
main()
