// A broker that was broken into answers hv run as it likes: hv goes on without a network, says so in one line, and every wait ends.
//
// HV_LONG=1 (`npm run test:long`): more of them, on both platforms.

import {execFile} from 'node:child_process'
import {mkdtempSync, rmSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {afterAll, beforeAll, describe, expect, test} from 'vitest'
import {stepMs} from '../../ci/budgets.mjs'
import {platforms} from '../guests/run.ts'
import {copyOfPackage} from '../helpers/copy-with-bug.ts'
import {BUSYBOX, isLong} from './guests.ts'

/** The beginning of all attacks: `next()` is the next question, `say(answer, fd)` answers as a broker does. */
const HOSTILE = `
  const {openSync, readSync} = require('node:fs')
  const addon = require(process.argv[1] + '/../../../native/build/Release/hv.node')
  const wait = (ms) => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms)
  let unread = ''
  const next = () => {
    const bytes = Buffer.alloc(4096)
    while (!unread.includes('\\n')) {
      const count = readSync(3, bytes)
      if (count === 0) process.exit()
      unread += bytes.toString('latin1', 0, count)
    }
    const [line] = unread.split('\\n', 1)
    unread = unread.slice(line.length + 1)
    return JSON.parse(line)
  }
  const send = (text, fd = -1) => {
    for (;;) try { return addon.sendMessage(4, text, fd) } catch ({errno}) { if (errno !== 11) process.exit(); wait(1) }
  }
  const say = (answer, fd) => send(JSON.stringify(answer), fd)
  const forever = () => { for (;;) next() }
  const all = (act) => {
    for (;;) {
      const question = next()
      if (question.kind !== 'closed') act(question)
    }
  }
  `

const LOST = /^hv: the broker (has ended|sent what no broker sends): programs reach nothing outside any more$/

/** What it does, and whether hv ends the link to it. */
const ALL: readonly (readonly [name: string, code: string, isEnded: boolean])[] = [
  ['ends at once', 'process.exit()', true],
  ['ends at a question', 'next(); process.exit()', true],
  ['is killed at a question', 'next(); process.kill(process.pid, 9)', true],
  ['sends what is no JSON', 'next(); send("{"); forever()', true],
  ['sends bytes of no text', 'next(); send("\\u0000\\uffff\\ud800"); forever()', true],
  ['sends an empty message', 'next(); send(""); forever()', true],
  ['sends the longest of messages', 'next(); send("[".repeat(100000)); forever()', true],
  ['names no number', 'next(); say({id: "1", errno: 0}); forever()', true],
  ['names an errno that is none', 'all(({id}) => say({id, errno: 5000}))', true],
  ['answers what nobody asked', 'next(); say({id: 99, errno: 0}, 0); forever()', true],
  ['answers twice', 'all(({id}) => { say({id, errno: 13}); say({id, errno: 13}) })', true],
  ['answers without reading', 'for (let id = 1; ; id++) say({id, errno: 0, isHeld: true}, 0)', true],
  ['answers without an end', 'for (;;) say({id: 0, errno: 0}, 0)', true],
  [
    'lets connections in without reading',
    `const peer = {isStream: true, ip: '0a000007', port: 1, guestPort: 80}
    for (let arrival = 1; ; arrival++) say({arrival, ...peer}, addon.openConnection("127.0.0.1", 9, false))`,
    true,
  ],
  ['never answers', 'forever()', false],
  ['never reads', 'for (;;) wait(1000)', false],
  ['answers with an errno that only a kernel has', 'all(({id}) => say({id, errno: 512}))', false],
  ['gives no socket', 'all(({id}) => say({id, errno: 0}))', false],
  ['holds what it does not give', 'all(({id}) => say({id, errno: 0, isHeld: true}))', false],
  [
    'gives a UDP socket',
    `all(({id}) => say({id, errno: 0}, addon.openConnection("127.0.0.1", 9, false)))`,
    false,
  ],
  ...Object.entries({
    '/dev/null': 'openSync("/dev/null", 2)',
    'a directory': 'openSync("/")',
    'a file': 'openSync("/proc/self/exe")',
    'a UNIX socket': 'addon.brokerPair(true)[0]',
    'its own end of the link': '4',
  }).map(
    ([what, fd]) =>
      [
        `gives ${what} as a connection`,
        `all(({id}) => say({id, errno: 0, isHeld: true}, ${fd}))`,
        true,
      ] as const,
  ),
]

const IN_CI: ReadonlySet<string> = new Set([
  ...['is killed at a question', 'sends what is no JSON', 'answers twice'],
  ...['lets connections in without reading', 'never answers', 'gives a UNIX socket as a connection'],
])
const ATTACKS = isLong ? ALL : ALL.filter(([name]) => IN_CI.has(name))

let copy: string
beforeAll(() => {
  copy = copyOfPackage()
  // A broker starts in hv's directory.
  writeFileSync(join(copy, 'dist/broker/process.cjs'), "require(process.cwd() + '/attack.cjs')")
})
afterAll(() => rmSync(copy, {recursive: true}))

/** Asks for two connections and a name, and takes what comes of them. */
const ASKS = `
  for i in 1 2; do ${BUSYBOX} timeout -s KILL 0.5 ${BUSYBOX} nc 10.1.2.3 80 </dev/null; done
  ${BUSYBOX} timeout -s KILL 0.5 ${BUSYBOX} nslookup a.example
  echo went on`

async function hvWith(
  attack: string,
  platform: string,
): Promise<{status: number; stdout: string; lines: string[]}> {
  const folder = mkdtempSync(join(copy, 'attack-'))
  writeFileSync(join(folder, 'attack.cjs'), `${HOSTILE}\n${attack}`)
  const argv = [
    join(copy, 'dist/bin/hv.cjs'),
    'run',
    '--platform',
    platform,
    '--allow-net=10.0.0.0/8,a.example',
  ]
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [...argv, BUSYBOX, 'sh', '-c', ASKS],
      {cwd: folder, timeout: stepMs('command'), killSignal: 'SIGKILL'},
      (error, stdout, stderr) =>
        resolve({
          status: error === null ? 0 : ((error.code as unknown as number | undefined) ?? -1),
          ...{stdout, lines: stderr.split('\n').filter((line) => line.startsWith('hv: '))},
        }),
    )
  })
}

// What a broker says goes the same way on both platforms.
describe.each(isLong ? platforms : ['ptrace'])('on %s, a broker that', (platform) => {
  test.each(ATTACKS)('%s', async (_, code, isEnded) => {
    const {status, stdout, lines} = await hvWith(code, platform)
    expect(lines).toEqual(isEnded ? [expect.stringMatching(LOST)] : [])
    expect({status, end: stdout.split('\n').at(-2)}).toEqual({status: 0, end: 'went on'})
  })
})
