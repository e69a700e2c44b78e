// A sandbox whose process was broken into: a program that sends what it likes. Its owner goes on, and all that the owner awaits ends.

import {execFile} from 'node:child_process'
import {mkdtempSync, rmSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {promisify} from 'node:util'
import {afterAll, beforeAll, describe, expect, test} from 'vitest'
import {copyOfPackage} from '../helpers/copy-with-bug.ts'
import {BUSYBOX} from './guests.ts'

const TIMEOUT_MS = 60_000
/** The most memory that an owner may take. */
const MAX_MB = 400

/** The beginning of all attacks. */
const HOSTILE = `
  const {readSync, writeSync} = require('node:fs')
  const {spawn} = require('node:child_process')
  const write = (bytes) => { for (let done = 0; done < bytes.length; ) done += writeSync(3, bytes, done) }
  const frame = (message, bytes = Buffer.alloc(0)) => {
    const text = Buffer.from(typeof message === 'string' ? message : JSON.stringify(message))
    const header = Buffer.alloc(8)
    header.writeUInt32LE(text.length, 0)
    header.writeUInt32LE(bytes.length, 4)
    return Buffer.concat([header, text, bytes])
  }
  const send = (message, bytes) => write(frame(message, bytes))
  const whole = (length) => {
    const bytes = Buffer.alloc(length)
    for (let done = 0; done < length; ) {
      const count = readSync(3, bytes, done, length - done, null)
      if (count === 0) process.exit()
      done += count
    }
    return bytes
  }
  const read = () => {
    const header = whole(8)
    const message = JSON.parse(whole(header.readUInt32LE(0)))
    whole(header.readUInt32LE(4))
    return message
  }
  const until = (kind) => { for (;;) { const message = read(); if (message.kind === kind) return message } }
  const forever = () => { for (;;) read() }
  const sleep = (ms) => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms)
  const MIB = Buffer.alloc(1 << 20)
  let file
  const filed = (answer, more, bytes) => send({kind: 'filed', id: file.id, answer, ...more}, bytes)
  const READY = {kind: 'ready', platform: {name: 'kvm', reason: '', costs: {trapNs: 1, lookNs: 1, pageNs: 1}}, jail: []}
  const RESULT = {exitCode: 0, signal: null, timedOut: false, stats: {}}
  const finish = (run) => send({kind: 'finished', run, finished: {pid: 2, result: RESULT, outputTruncated: false}})
  const REFUSED = {code: 'NOT_FOUND', message: '', nextStep: ''}
  const CONNECTED = {kind: 'connected', connection: 1}
  const ACCEPTED = {kind: 'accepted', connection: -1, service: 0, remote: {address: '127.0.0.1', port: 1}}
  const question = {id: 1, name: 'openat', pid: 2, programPid: 2, tid: 2, args: [], paths: [], decoded: []}
  const descendant = (...stdio) => spawn('/bin/sleep', ['30'], {detached: true, stdio}).unref()`

/** What the process does instead of what it should: after READY, with a run requested. */
const ATTACKS: readonly (readonly [what: string, code: string])[] = [
  ['is ready twice', 'until("run"); send(READY); forever()'],
  ['answers what nobody asked', 'until("run"); send({kind: "traced"}); forever()'],
  ['tells events without a trace', 'until("run"); for (;;) send({kind: "events", events: []})'],
  ['asks without end', 'until("run"); for (;;) send({kind: "asks", run: 1, question})'],
  [
    'asks much without end',
    'until("run"); const path = {kind: "path", value: "x".repeat(4096), text: "x".repeat(8192)}; ' +
      'for (;;) send({kind: "asks", run: 1, question: {...question, decoded: [path, path, path, path, path, path]}})',
  ],
  [
    'tells of calls without end',
    'until("run"); for (;;) send({kind: "asks", run: 1, question: {...question, end: {result: 1}}})',
  ],
  ['asks about another run', 'until("run"); send({kind: "asks", run: 7, question}); forever()'],
  [
    'hits limits without end',
    'until("run"); for (;;) send({kind: "limit", run: 1, hit: {limit: "memory", count: 1}})',
  ],
  [
    'hits limits of another run',
    'until("run"); send({kind: "limit", run: 7, hit: {limit: "memory", count: 1}}); forever()',
  ],
  ['gives output in empty pieces', 'until("run"); for (;;) send({kind: "output", run: 1, fd: 1})'],
  ['gives more than it was asked for', 'until("run"); for (;;) send({kind: "output", run: 1, fd: 1}, MIB)'],
  [
    'announces two gigabytes',
    'until("run"); const h = Buffer.alloc(8); h.writeUInt32LE(2 ** 31, 4); write(h); forever()',
  ],
  ['says four million objects', 'until("run"); send("[" + "{},".repeat(4e6) + "{}]"); forever()'],
  ['says what is no JSON', 'until("run"); send("{kind: 1}"); forever()'],
  ['never answers', 'forever()'],
  ['reads nothing', 'for (;;) sleep(1000)'],
  ['leaves its socket to a descendant', 'descendant("ignore", "ignore", "ignore", 3); process.exit()'],
  ['leaves its standard error to a descendant', 'descendant("ignore", "ignore", 2); process.exit(4)'],
  ['writes without end to standard error', 'until("run"); for (;;) writeSync(2, "x".repeat(4096))'],
]

/** The same, with two runs at once that may give ten bytes each, and that end well if the owner ignores what came before. */
const RUN_ATTACKS: readonly (readonly [what: string, code: string])[] = [
  ['ends a run that is not there', 'finish(3)'],
  ['ends a run twice', 'finish(1); finish(1)'],
  ['refuses a run that is not there', 'send({kind: "failed", run: 3, error: REFUSED})'],
  ['refuses a run that is over', 'finish(1); send({kind: "failed", run: 1, error: REFUSED})'],
  ['gives output of a run that is not there', 'send({kind: "output", run: 3, fd: 1}, Buffer.alloc(1))'],
  ['gives output of a run that is over', 'finish(1); send({kind: "output", run: 1, fd: 1}, Buffer.alloc(1))'],
  ['gives of one what both may give', 'send({kind: "output", run: 1, fd: 1}, Buffer.alloc(11))'],
  ['starts a run whose streams nobody has', 'send({kind: "started", run: 1, pid: 2})'],
  ['takes input of a run that has none', 'send({kind: "took", run: 2, bytes: 1})'],
]
const TWO_RUNS = `Promise.all([1, 2].map(() => sandbox.run('${BUSYBOX}', ['true'], {timeoutMs: 60_000, maxOutputBytes: 10})))`

/** The same, when the owner reads a file: `file` is the request. */
const FILE_ATTACKS: readonly (readonly [what: string, code: string])[] = [
  ['answers another request', 'filed({isEnd: true}, {id: file.id + 1})'],
  ['gives nothing, and no end', 'for (;;) { filed({isEnd: false, handle: 1}); file = until("file") }'],
  ['gives more than fits a frame', 'filed({isEnd: false, handle: 1}, {}, Buffer.alloc(2 << 20))'],
  [
    'gives another file',
    'filed({isEnd: false, handle: 1}, {}, MIB); file = until("file"); filed({isEnd: false, handle: 2}, {}, MIB)',
  ],
  ['gives entries of what is no directory', 'filed({isEnd: true, entries: []})'],
  ['gives neither an answer nor an error', 'filed()'],
  ['gives an error that there is not', 'filed(undefined, {errno: 4000})'],
  ['says a size that is none', 'filed({isEnd: true, size: -1})'],
]

/** The same, when the owner has connected, and serves a name. */
const CONNECTION_ATTACKS: readonly (readonly [what: string, code: string])[] = [
  [
    'gives bytes before it is connected',
    'send({kind: "data", connection: 1, isEnd: false}, MIB.subarray(0, 1))',
  ],
  ['gives more than the window', 'send(CONNECTED); send({kind: "data", connection: 1, isEnd: false}, MIB)'],
  ['gives nothing, and no end', 'send(CONNECTED); send({kind: "data", connection: 1, isEnd: false})'],
  ['gives bytes after the end', 'send(CONNECTED); for (;;) send({kind: "data", connection: 1, isEnd: true})'],
  ['is connected twice', 'send(CONNECTED); send(CONNECTED)'],
  [
    'closes what is closed',
    'send({kind: "closed", connection: 1, errno: 0}); send({kind: "closed", connection: 1, errno: 0})',
  ],
  ['accepts without end', 'for (let id = -1; ; id--) send({...ACCEPTED, connection: id})'],
  ['accepts a number twice', 'send(ACCEPTED); send(ACCEPTED)'],
  ['accepts for another name', 'send({...ACCEPTED, service: 1})'],
  ['comes from nowhere', 'send({...ACCEPTED, remote: {address: "nowhere", port: 1}})'],
  ['lists ports that nobody asked for', 'send({kind: "ports", id: 1, version: 0, ports: []})'],
]

let copy: string
beforeAll(() => {
  copy = copyOfPackage()
  // A sandbox's process starts in its owner's directory.
  writeFileSync(join(copy, 'dist/process.cjs'), "require(process.cwd() + '/attack.cjs')")
})
afterAll(() => rmSync(copy, {recursive: true}))

/** Throws when the disposal does not end. @returns how a run ended, and the owner's peak memory */
async function attacked(
  code: string,
  call = `sandbox.run('${BUSYBOX}', ['true'], {timeoutMs: 300})`,
): Promise<{outcome: string; peakMb: number}> {
  const folder = mkdtempSync(join(copy, 'attack-'))
  writeFileSync(join(folder, 'attack.cjs'), `${HOSTILE}\n  read(); send(READY); ${code}`)
  const script = `
    import {Sandbox} from ${JSON.stringify(join(copy, 'dist/index.js'))}
    const handlers = ${code.includes('run: 1') ? '{openat: {before: () => new Promise(() => {}), after: () => new Promise(() => {})}}' : '{}'}
    const net = {serve: {'a:80': (socket) => socket.on('error', () => {})}}
    const sandbox = await Sandbox.create({onSyscall: handlers, net})
    const outcome = await ${call}.then(() => 'no error', ({code}) => code)
    await sandbox.dispose()
    const {maxRSS} = process.resourceUsage()
    console.log(JSON.stringify({outcome, peakMb: maxRSS / 1024}))`
  const argv = ['--input-type=module', '-e', script]
  const {stdout} = await promisify(execFile)(process.execPath, argv, {
    cwd: folder,
    timeout: TIMEOUT_MS,
    killSignal: 'SIGKILL',
  })
  return JSON.parse(stdout)
}

describe.concurrent('one that', () => {
  test.each(ATTACKS)(
    '%s ends, and so does what its owner waits for',
    {timeout: TIMEOUT_MS},
    async (_, code) => {
      const {outcome, peakMb} = await attacked(code)
      expect(outcome).toMatch(/^SANDBOX_(FAILED|DIED)$/)
      expect(peakMb).toBeLessThan(MAX_MB)
    },
  )

  test.each(RUN_ATTACKS)('%s beside another is ended', {timeout: TIMEOUT_MS}, async (_, code) => {
    const ending = `until("run"); until("run"); ${code}; finish(1); finish(2); forever()`
    expect((await attacked(ending, TWO_RUNS)).outcome).toBe('SANDBOX_FAILED')
  })

  test('answers each of two runs is none', {timeout: TIMEOUT_MS}, async () => {
    const code = 'until("run"); until("run"); finish(2); finish(1); forever()'
    expect((await attacked(code, TWO_RUNS)).outcome).toBe('no error')
  })

  test.each(FILE_ATTACKS)('%s when a file is read is ended', {timeout: TIMEOUT_MS}, async (_, code) => {
    const {outcome} = await attacked(`file = until("file"); ${code}; forever()`, `sandbox.files.read('/a')`)
    expect(outcome).toBe('SANDBOX_FAILED')
  })

  test.each(CONNECTION_ATTACKS)('%s is ended', {timeout: TIMEOUT_MS}, async (_, code) => {
    const call = `(sandbox.connect(80).on('error', () => {}), sandbox.stats())`
    const {outcome, peakMb} = await attacked(`until("connect"); ${code}; forever()`, call)
    expect(outcome).toBe('SANDBOX_FAILED')
    expect(peakMb).toBeLessThan(MAX_MB)
  })

  test('gives a file without end gives one that is too large', {timeout: TIMEOUT_MS}, async () => {
    const code = 'for (;;) { file = until("file"); filed({isEnd: false, handle: 1}, {}, MIB) }'
    const {outcome, peakMb} = await attacked(code, `sandbox.files.read('/a')`)
    expect(outcome).toBe('FILE_FAILED')
    expect(peakMb).toBeLessThan(MAX_MB)
  })

  test('names a file as no file is named is ended', {timeout: TIMEOUT_MS}, async () => {
    const entry = '{name: "../../x", kind: "file", size: 1, mode: 0, uid: 0, gid: 0, modifiedMs: 0}'
    const code = `file = until("file"); filed({isEnd: true, entries: [${entry}]}); forever()`
    expect(await attacked(code, `sandbox.files.list('/')`)).toMatchObject({outcome: 'SANDBOX_FAILED'})
  })

  test('is alive, and does not do what it was told, is ended all the same', {
    timeout: TIMEOUT_MS,
  }, async () => {
    const code =
      'until("run"); for (;;) { send({kind: "asks", run: 1, question: {...question, name: "none"}}); sleep(50) }'
    expect(await attacked(code)).toMatchObject({outcome: 'SANDBOX_FAILED'})
  })
})
