// The jail, from inside: a sentry whose code is the attacker's tries what it would try. Each layer is there, and holds without the others.

import {execFile, spawnSync} from 'node:child_process'
import {
  chmodSync,
  chownSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import {createServer, type Server} from 'node:net'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {promisify} from 'node:util'
import {afterAll, beforeAll, describe, expect, test} from 'vitest'
import {arch} from '../../src/arch/index.ts'
import {table} from '../../src/sentry/syscalls/table.ts'
import {platforms} from '../guests/run.ts'
import {copyOfPackage} from '../helpers/copy-with-bug.ts'
import {BUSYBOX} from './guests.ts'

const TIMEOUT_MS = 60_000
const scratch = mkdtempSync(join(tmpdir(), 'hv-jail-'))
const raw = join(scratch, 'raw-calls.node')
const [shown, written, outside] = ['shown', 'written', 'outside'].map((name) => join(scratch, name))
const NOBODY = 65534
const EFAULT = 14
const OFF = '/* no jail */'
/** All of them: those that the process is born in, and those that it enters. */
const NAMESPACES_OFF = 'addon.enterNamespaces = () => ({})'
const LANDLOCK_OFF = 'addon.restrictFiles = addon.restrictReach = none'
/** As a struct sockaddr_in in characters below 128: 127.0.0.1:8224. */
const ADDRESS = `\x02\0\x20\x20\x7f\0\0\x01${'\0'.repeat(8)}`
const PORT = 0x2020
let server: Server

function cacheOf(user: string): string {
  return join(scratch, `cache-${user}`)
}

/** By name, as this architecture numbers them. */
const numbers = Object.fromEntries(
  table.flatMap((row) => (row[arch.name] === undefined ? [] : [[row.name, row[arch.name]]])),
)

beforeAll(async () => {
  const source = new URL('raw-calls.c', import.meta.url).pathname
  const cc = spawnSync('cc', ['-shared', '-fPIC', '-O1', '-o', raw, source], {encoding: 'utf8'})
  expect(cc.stderr).toBe('')
  for (const path of [shown, written, outside]) {
    mkdirSync(path)
    writeFileSync(join(path, 'file'), 'as it was')
  }
  copyFileSync(BUSYBOX, join(outside, 'true'))
  chmodSync(scratch, 0o755)
  for (const user of ['root', 'nobody']) mkdirSync(cacheOf(user))
  chownSync(cacheOf('nobody'), NOBODY, NOBODY)
  server = createServer().listen(PORT, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
})
afterAll(() => {
  server.close()
  rmSync(scratch, {recursive: true, force: true})
})

/**
 * What the attacker runs, as JavaScript in the sentry's process, once the jail is closed. Each answers a result of at least 0, it was
 * let, or a negative errno.
 */
const TRIES = {
  'open /etc/shadow': 'open("/etc/shadow", O_RDONLY)',
  'write to a file outside': 'open(OUTSIDE + "/file", O_WRONLY)',
  'make a file outside': 'open(OUTSIDE + "/new", O_WRONLY | O_CREAT)',
  'make a file where hv keeps code': 'open(CACHE + "/new", O_WRONLY | O_CREAT)',
  "read its owner's memory": 'open("/proc/" + OWNER_PID + "/mem", O_RDONLY)',
  'open /dev/kvm': 'open("/dev/kvm", O_RDWR)',
  'write to a read-only volume': 'call(N.openat, fdOf("/shown"), "file", O_WRONLY, 0)',
  'connect by TCP': 'connect()',
  'execute a program': 'call(N.execve, OUTSIDE + "/true", 0, 0)',
  'signal its owner': 'call(N.kill, OWNER_PID, 0)',
  'signal process 1': 'call(N.kill, 1, 0)',
  'attach to its owner': 'call(N.ptrace, 16, OWNER_PID, 0, 0)',
  'seize its owner': 'call(N.ptrace, 0x4206, OWNER_PID, 0, 0)',
  'mount a file system': 'call(N.mount, "none", "/", "tmpfs", 0, 0)',
  'load a module': 'call(N.init_module, 0, 0, "")',
  'enter a user namespace': 'call(N.unshare, 0x10000000)',
  'change its root': 'call(N.chroot, "/")',
  'become another user': 'call(N.setuid, 77)',
  'load a BPF program': 'call(N.bpf, 5, 0, 0)',
  'use io_uring': 'call(N.io_uring_setup, 1, 0)',
  'make a process': 'call(N.clone, 17, 0, 0, 0, 0)',
} as const
type Try = keyof typeof TRIES
/** What can be tried without harm where nothing is in the way. */
const HARMLESS: readonly Try[] = [
  'open /etc/shadow',
  'write to a file outside',
  'make a file outside',
  'make a file where hv keeps code',
  "read its owner's memory",
  'write to a read-only volume',
  'connect by TCP',
  'signal its owner',
  'signal process 1',
  'change its root',
  'become another user',
]

/** Layers that are left out, and what is let then. */
const WITHOUT: readonly [
  layers: string,
  code: string,
  as: 'root' | 'nobody',
  onKvm: Try[],
  onPtrace: Try[],
][] = [
  ['nothing', '', 'root', [], []],
  [
    'the filter',
    'addon.filterCalls = none',
    'root',
    ['use io_uring', 'make a process'],
    ['use io_uring', 'make a process'],
  ],
  [
    'Landlock',
    LANDLOCK_OFF,
    'root',
    ['write to a read-only volume'],
    // Of its own namespace.
    ['write to a read-only volume', 'signal process 1'],
  ],
  ['namespaces', NAMESPACES_OFF, 'root', [], []],
  ['capabilities', 'addon.giveUpRights = none', 'root', [], []],
  ['nothing', '', 'nobody', [], []],
  ['the filter', 'addon.filterCalls = none', 'nobody', [], ['use io_uring', 'make a process']],
  ['namespaces', NAMESPACES_OFF, 'nobody', [], []],
  // Namespaces are left.
  [
    'the filter and Landlock',
    `addon.filterCalls = none; ${LANDLOCK_OFF}`,
    'nobody',
    [],
    ['signal process 1', 'use io_uring', 'make a process'],
  ],
]

/** @returns what a sentry's process answers to each try */
async function attack(
  platform: string,
  code: string,
  as: string,
  tries: readonly string[],
): Promise<Record<string, number>> {
  const copy = copyOfPackage()
  const hook = (name: RegExp, edit: (text: string) => string): void => {
    const path = join(copy, 'dist', readdirSync(join(copy, 'dist')).find((each) => name.test(each))!)
    writeFileSync(path, edit(readFileSync(path, 'utf8')))
  }
  try {
    chmodSync(copy, 0o755)
    hook(/^process\.cjs$/, (text) => BEFORE.replace('CODE', code) + text.replace(/^"use strict";?/m, ''))
    hook(/^hv-serve-/, (text) => {
      expect([LAST, CLOSED].map((line) => text.split(line).length)).toEqual([2, 2])
      return text.replace(LAST, `${LAST} look();`).replace(CLOSED, CLOSED + behind(tries))
    })
    const volumes = [
      {host: shown, guest: '/s'},
      {host: written, guest: '/w', writable: true},
    ]
    const options = {platform, volumes, ...(code === OFF && {jail: 'none'})}
    const owner = `
      require('node:fs').writeFileSync(process.env.XDG_CACHE_HOME + '/owner', String(process.pid))
      const addon = require('node-gyp-build')(${JSON.stringify(join(copy, 'native'))})
      if (${code.includes(NAMESPACES_OFF)})
        addon.openLauncher = () => { throw Object.assign(new Error('none'), {errno: 1}) }
      const {Sandbox} = require(${JSON.stringify(join(copy, 'dist/index.cjs'))})
      Sandbox.create(${JSON.stringify(options)}).catch((error) => console.log(error.message))`
    const {stdout} = await promisify(execFile)(process.execPath, ['-e', owner], {
      env: {PATH: process.env.PATH, XDG_CACHE_HOME: cacheOf(as)},
      ...(as === 'nobody' && {uid: NOBODY, gid: NOBODY}),
    })
    const [, json] = /FOUND (\{.*\})/.exec(stdout) ?? []
    if (json === undefined) throw new Error(stdout)
    return JSON.parse(json)
  } finally {
    rmSync(copy, {recursive: true, force: true})
  }
}

/** Before anything of hv's is loaded. */
const BEFORE = `
  const {readFileSync, readlinkSync, readdirSync} = require('node:fs')
  const addon = require('node-gyp-build')(require('node:path').join(__dirname, '../native'))
  const none = () => 0
  CODE
  const OWNER_PID = Number(readFileSync(process.env.XDG_CACHE_HOME + '/owner', 'latin1'))
  Object.assign(globalThis, {OWNER_PID, call: require(${JSON.stringify(raw)}), N: ${JSON.stringify(numbers)}})
  const leadsTo = (fd) => { try { return readlinkSync('/proc/self/fd/' + fd) } catch { return '' } }
  let fds
  globalThis.look = () => { fds = readdirSync('/proc/self/fd').map((fd) => [Number(fd), leadsTo(fd)]) }
  globalThis.fdOf = (end) => fds.find(([, path]) => path.endsWith(end))[0]
`
/** In the code of serve.ts: the last line before the jail closes, and one behind. */
const LAST = 'confinement?.code.keep();'
const CLOSED = 'let shallClose = false;'

const behind = (tries: readonly string[]): string => `
  const {O_RDONLY, O_WRONLY, O_RDWR, O_CREAT} = require('node:fs').constants
  const OUTSIDE = ${JSON.stringify(outside)}, CACHE = process.env.XDG_CACHE_HOME + '/hvkit'
  const open = (path, flags) => call(N.openat, -100, path, flags, 0o644)
  const connect = () => {
    const fd = call(N.socket, 2, 1, 0)
    return fd < 0 ? fd : call(N.connect, fd, ${JSON.stringify(ADDRESS)}, 16)
  }
  const found = {}
  for (const [name, text] of ${JSON.stringify(tries.map((name) => [name, TRIES[name as Try]]))}) found[name] = eval(text)
  throw new Error('FOUND ' + JSON.stringify(found));
`

describe.each(platforms)('a sentry that was broken into, on %s', (platform) => {
  test.each(WITHOUT.filter(([, , as]) => as === 'root' || platform === 'ptrace'))(
    'is let nothing, without %s',
    {timeout: TIMEOUT_MS},
    async (_layers, code, as, onKvm, onPtrace) => {
      const found = await attack(platform, code, as, Object.keys(TRIES))
      const let_ = Object.entries(found).filter(([, result]) => result >= 0 || result === -EFAULT)
      expect(let_.map(([name]) => name)).toEqual(platform === 'kvm' ? onKvm : onPtrace)
    },
  )

  test('is let everything, without a jail', {timeout: TIMEOUT_MS}, async () => {
    const found = await attack(platform, OFF, 'root', HARMLESS)
    expect(Object.entries(found).filter(([, result]) => result < 0)).toEqual([])
  })
})
