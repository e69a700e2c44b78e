// Runs inside the bed: takes commands from the virtio-serial port, one JSON line each, and answers each with another.
//
// Request {id, argv, cwd, env, timeoutMs, stdin?}; answer {id, status, signal, stdout, stderr, timedOut, ms}; stdin, stdout
// and stderr are base64. The first line out is {uptimeMs}. It goes on until the bed is ended. A command that times out
// gets the place of each of its threads at the end of its stderr.
// {id, connect} connects to the unix socket of that path; {id, bytes}, in base64, and {id, close} then go to it and come from it.

import {spawn} from 'node:child_process'
import {createReadStream, openSync, readdirSync, readFileSync, writeSync} from 'node:fs'
import {connect} from 'node:net'
import {createInterface} from 'node:readline'

// Its number follows the order of the virtio devices.
const PORT = `/dev/${readdirSync('/dev').find((name) => name.startsWith('vport'))}`
const LONGEST_STREAM_BYTES = 16 << 20

// The kernel lets a port be opened only once.
const port = openSync(PORT, 'r+')

function say(message) {
  const line = Buffer.from(`${JSON.stringify(message)}\n`)
  for (let sent = 0; sent < line.length; ) sent += writeSync(port, line, sent)
}

function serve({id, argv, cwd, env, timeoutMs, stdin}) {
  const started = performance.now()
  const child = spawn(argv[0], argv.slice(1), {cwd, env: {...process.env, ...env}, detached: true})
  const streams = {stdout: [], stderr: []}
  let timedOut = false
  let failure = ''
  let places = ''

  for (const [name, chunks] of Object.entries(streams)) {
    let size = 0
    child[name].on('data', (chunk) => {
      size += chunk.length
      if (size <= LONGEST_STREAM_BYTES) chunks.push(chunk)
    })
  }
  child.stdin.on('error', () => {})
  child.stdin.end(Buffer.from(stdin ?? '', 'base64'))
  const timer = setTimeout(() => {
    timedOut = true
    places = whereabouts(child.pid)
    process.kill(-child.pid, 'SIGKILL')
  }, timeoutMs)

  const answer = (status, signal) => {
    clearTimeout(timer)
    const stdout = Buffer.concat(streams.stdout).toString('base64')
    const stderr = Buffer.concat([...streams.stderr, Buffer.from(failure + places)]).toString('base64')
    say({id, status, signal, stdout, stderr, timedOut, ms: Math.round(performance.now() - started)})
  }
  child.on('error', (error) => {
    failure = `${error.message}\n`
    answer(127, null)
  })
  child.on('close', (status, signal) => {
    if (failure === '') answer(status, signal)
  })
}

const sockets = new Map()

function carry({id, connect: path, bytes}) {
  if (path !== undefined) return sockets.set(id, connected(id, path))
  if (bytes !== undefined) sockets.get(id)?.write(Buffer.from(bytes, 'base64'))
  else sockets.get(id)?.end()
}

function connected(id, path) {
  const socket = connect(path)
  socket.on('data', (bytes) => say({id, bytes: bytes.toString('base64')}))
  socket.on('error', () => {})
  return socket.on('close', () => {
    sockets.delete(id)
    say({id, close: true})
  })
}

/** The threads of a process group: name and state, call, and the kernel's stack (proc(5)). */
function whereabouts(group) {
  // A thread may have ended meanwhile.
  const orNothing = (look, path, nothing) => {
    try {
      return look(path, 'utf8')
    } catch {
      return nothing
    }
  }
  const of = (path) => orNothing(readFileSync, path, '').trim()
  const groupOf = (pid) => Number(of(`/proc/${pid}/stat`).split(') ').at(-1).split(' ')[2])
  const tasks = (pid) =>
    orNothing(readdirSync, `/proc/${pid}/task`, []).map((tid) => `/proc/${pid}/task/${tid}`)
  const line = (task) =>
    `${of(`${task}/stat`).slice(0, 60)}; ${of(`${task}/syscall`)}\n${of(`${task}/stack`)}\n`
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name) && groupOf(name) === group)
  return pids.flatMap(tasks).map(line).join('')
}

say({uptimeMs: Number(readFileSync('/proc/uptime', 'utf8').split(' ')[0]) * 1000})
for await (const line of createInterface({input: createReadStream(PORT, {fd: port, autoClose: false})})) {
  const request = JSON.parse(line)
  if ('argv' in request) serve(request)
  else carry(request)
}
