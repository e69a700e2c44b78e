// An attacker in the sentry's process: a copy of the package whose code, at one place, tries what an attacker would, and the results.

import {execFile, spawnSync} from 'node:child_process'
import {once} from 'node:events'
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
import {type AddressInfo, createServer, type Server} from 'node:net'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {promisify} from 'node:util'
import {arch} from '../../src/arch/index.ts'
import {table} from '../../src/sentry/syscalls/table.ts'
import {BUSYBOX} from '../sandbox/guests.ts'
import {copyOfPackage} from './copy-with-bug.ts'

const NOBODY = 65534
const EFAULT = 14
/** Its bytes are below 128, so that a string can hold the struct sockaddr_in. */
const FIRST_PORT = 0x2020
/** That many test files may run at the same time. */
const PORTS = 64

/** This architecture's system call numbers by name. */
const numbers = Object.fromEntries(
  table.flatMap((row) => (row[arch.name] === undefined ? [] : [[row.name, row[arch.name]]])),
)

/**
 * What the attacker runs, as JavaScript in the sentry's process, once the jail is closed. Each result is at least 0 when the attacker
 * succeeded, else a negative errno. These are what the filter alone refuses.
 */
const TRIES_OF_FILTER = {
  'use io_uring': 'call(N.io_uring_setup, 1, 0)',
  'make a process': 'call(N.clone, 17, 0, 0, 0, 0)',
  // F_SETOWN, F_SETSIG, F_SETOWN_EX, F_SETFL with O_ASYNC, FIOASYNC. The values change nothing.
  'say whom a file signals': 'call(N.fcntl, 0, 8, 0)',
  'say how a file signals': 'call(N.fcntl, 0, 10, 0)',
  'say which thread a file signals': 'call(N.fcntl, 0, 15, "\\x01\\0\\0\\0\\0\\0\\0\\0")',
  'let a file signal': 'call(N.fcntl, 0, 4, 0o20000)',
  'let a file signal, by ioctl': 'call(N.ioctl, 0, 0x5452, "\\0\\0\\0\\0")',
  'lower a priority by number': 'call(N.setpriority, 0, process.pid, 19)',
  'read a priority by number': 'call(N.getpriority, 0, process.pid)',
  'choose processors by number': 'call(N.sched_setaffinity, process.pid, 8, "\\x01\\0\\0\\0\\0\\0\\0\\0")',
  'choose a scheduler': 'call(N.sched_setscheduler, 0, 0, "\\0\\0\\0\\0")',
  'choose a priority of input and output': 'call(N.ioprio_set, 1, 0, 2 << 13)',
  'find a session by number': 'call(N.getsid, process.pid)',
  'watch directories': 'call(N.inotify_init1, 0)',
} as const
/** Also what other layers refuse. */
export const TRIES = {
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
  ...TRIES_OF_FILTER,
} as const
export type Try = keyof typeof TRIES
/** Tries that the filter alone refuses. */
export const OF_FILTER = Object.keys(TRIES_OF_FILTER) as Try[]
/** Tries that do no harm even where nothing stops them. */
export const HARMLESS: readonly Try[] = [
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
  ...OF_FILTER.filter((name) => !['use io_uring', 'make a process'].includes(name)),
]

export interface Attack {
  /** Runs in its process before any of hv's code is loaded; it may use `addon` and `none`. */
  code?: string
  as: 'root' | 'nobody'
  tries: readonly Try[]
  /** The file of dist/ whose process is broken into. */
  process: 'process.cjs' | 'bin/hv.cjs'
  /** Lines that the bundle has once: where a volume's descriptor can be looked up, and where the attacker's code begins. */
  looks?: string
  begins: string
  /** JavaScript of a process that starts the attacked one. @param copy the package's folder */
  owner: (copy: string) => string
}

/** What an attack needs: files that it may see, files that it may not, and a server. */
export class Attacker {
  readonly folder = mkdtempSync(join(tmpdir(), 'hv-jail-'))
  readonly shown = join(this.folder, 'shown')
  readonly written = join(this.folder, 'written')
  readonly #outside = join(this.folder, 'outside')
  readonly #raw = join(this.folder, 'raw-calls.node')
  readonly #server: Server = createServer()
  #attacks = 0

  async begin(): Promise<void> {
    const source = new URL('raw-calls.c', import.meta.url).pathname
    const cc = spawnSync('cc', ['-shared', '-fPIC', '-O1', '-o', this.#raw, source], {encoding: 'utf8'})
    if (cc.stderr !== '') throw new Error(cc.stderr)
    for (const path of [this.shown, this.written, this.#outside]) {
      mkdirSync(path)
      writeFileSync(join(path, 'file'), 'as it was')
    }
    copyFileSync(BUSYBOX, join(this.#outside, 'true'))
    chmodSync(this.folder, 0o755)
    for (const user of ['root', 'nobody']) mkdirSync(this.#cacheOf(user))
    chownSync(this.#cacheOf('nobody'), NOBODY, NOBODY)
    for (let port = FIRST_PORT; !this.#server.listening; port++) {
      if (port === FIRST_PORT + PORTS) throw new Error('no port is free')
      this.#server.listen(port, '127.0.0.1')
      await once(this.#server, 'listening').catch(() => {})
    }
  }

  /** The server's address as a struct sockaddr_in: man 7 ip. */
  get #address(): string {
    const {port} = this.#server.address() as AddressInfo
    return `\x02\0\x20${String.fromCharCode(port & 0xff)}\x7f\0\0\x01${'\0'.repeat(8)}`
  }

  end(): void {
    this.#server.close()
    rmSync(this.folder, {recursive: true, force: true})
  }

  /** @returns the tries that succeeded. @throws Error when the attacker's code did not run */
  async letTo(attack: Attack): Promise<string[]> {
    const copy = copyOfPackage()
    try {
      chmodSync(copy, 0o755)
      this.#breakInto(copy, attack)
      const owner = `
        require('node:fs').writeFileSync(process.env.XDG_CACHE_HOME + '/owner', String(process.pid))
        const addon = require('node-gyp-build')(${JSON.stringify(join(copy, 'native'))})
        ${attack.owner(copy)}`
      const {stdout, stderr} = await promisify(execFile)(process.execPath, ['-e', owner], {
        env: {PATH: process.env.PATH, XDG_CACHE_HOME: this.#cacheOf(attack.as)},
        ...(attack.as === 'nobody' && {uid: NOBODY, gid: NOBODY}),
      })
      const [, json] = /FOUND (\{.*?\})/.exec(stdout + stderr) ?? []
      if (json === undefined) throw new Error(stdout + stderr)
      const found = Object.entries<number>(JSON.parse(json))
      return found.filter(([, result]) => result >= 0 || result === -EFAULT).map(([name]) => name)
    } finally {
      rmSync(copy, {recursive: true, force: true})
    }
  }

  #breakInto(copy: string, {code = '', tries, process, looks, begins}: Attack): void {
    const dist = join(copy, 'dist')
    const names = readdirSync(dist).filter((name) => name.endsWith('.cjs'))
    const texts = new Map(
      [...names, 'bin/hv.cjs'].map((name) => [name, readFileSync(join(dist, name), 'utf8')]),
    )
    const put = (line: string, text: string): void => {
      const [name, ...others] = [...texts.keys()].filter((each) => texts.get(each)!.includes(line))
      if (name === undefined || others.length > 0 || texts.get(name)!.split(line).length > 2)
        throw new Error(`${line} is not there once`)
      texts.set(name, texts.get(name)!.replace(line, line + text))
    }
    if (looks !== undefined) put(looks, 'look();')
    // V8 recognizes code in its cache by name and length.
    put(begins, this.#behind(tries) + ' '.repeat(++this.#attacks))
    const before = this.#before(copy).replace('CODE', code)
    texts.set(
      process,
      texts.get(process)!.replace(/^(#!.*\n)?("use strict";?)?/, `$1${before.replaceAll('$', '$$$$')}`),
    )
    for (const [name, text] of texts) writeFileSync(join(dist, name), text)
  }

  #cacheOf(user: string): string {
    return join(this.folder, `cache-${user}`)
  }

  /** Runs before any of hv's code is loaded. */
  #before(copy: string): string {
    return `
      const {readFileSync, readlinkSync, readdirSync} = require('node:fs')
      const addon = require('node-gyp-build')(${JSON.stringify(join(copy, 'native'))})
      const none = () => 0
      CODE
      const OWNER_PID = Number(readFileSync(process.env.XDG_CACHE_HOME + '/owner', 'latin1'))
      Object.assign(globalThis, {OWNER_PID, call: require(${JSON.stringify(this.#raw)}), N: ${JSON.stringify(numbers)}})
      const leadsTo = (fd) => { try { return readlinkSync('/proc/self/fd/' + fd) } catch { return '' } }
      let fds
      globalThis.look = () => { fds = readdirSync('/proc/self/fd').map((fd) => [Number(fd), leadsTo(fd)]) }
      globalThis.fdOf = (end) => fds.find(([, path]) => path.endsWith(end))[0]
    `
  }

  #behind(tries: readonly Try[]): string {
    return `
      {
        const {O_RDONLY, O_WRONLY, O_RDWR, O_CREAT} = require('node:fs').constants
        const OUTSIDE = ${JSON.stringify(this.#outside)}, CACHE = process.env.XDG_CACHE_HOME + '/hvkit'
        const open = (path, flags) => call(N.openat, -100, path, flags, 0o644)
        const connect = () => {
          const fd = call(N.socket, 2, 1, 0)
          return fd < 0 ? fd : call(N.connect, fd, ${JSON.stringify(this.#address)}, 16)
        }
        const found = {}
        for (const [name, text] of ${JSON.stringify(tries.map((name) => [name, TRIES[name]]))}) found[name] = eval(text)
        throw new Error('FOUND ' + JSON.stringify(found));
      }
    `
  }
}
