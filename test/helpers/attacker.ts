// An attacker in the sentry's process: a copy of the package whose code, at one place, tries what an attacker would, and the results.

import {execFile, spawnSync} from 'node:child_process'
import {once} from 'node:events'
import {
  chmodSync,
  chownSync,
  copyFileSync,
  lchownSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import {type AddressInfo, createServer, type Server} from 'node:net'
import {tmpdir} from 'node:os'
import {basename, join} from 'node:path'
import {promisify} from 'node:util'
import {arch} from '../../src/arch/index.ts'
import {table} from '../../src/sentry/syscalls/table.ts'
import {BUSYBOX} from '../sandbox/guests.ts'
import {copyOfPackage} from './copy-with-bug.ts'
import {TRIES, type Try} from './tries.ts'

const NOBODY = 65534
const EPERM = 1
const EFAULT = 14
/** Its bytes are below 128, so that a string can hold the struct sockaddr_in. */
const FIRST_PORT = 0x2020
/** That many test files may run at the same time. */
const PORTS = 64

/** This architecture's system call numbers by name. */
const numbers = Object.fromEntries(
  table.flatMap((row) => (row[arch.name] === undefined ? [] : [[row.name, row[arch.name]]])),
)

export interface Attack {
  /** Runs in its process before any of hv's code is loaded; it may use `addon` and `none`. */
  code?: string
  as: 'root' | 'nobody'
  tries: readonly Try[]
  /** The file of dist/ whose process is broken into. */
  process: 'process.cjs' | 'bin/hv.cjs'
  /** A line that the bundle has once: where the attacker's code begins. */
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

  /** As before any attack. */
  #fill(owner: number): void {
    for (const path of [this.shown, this.written, this.#outside]) {
      rmSync(path, {recursive: true, force: true})
      mkdirSync(path)
      for (const name of ['file', 'moved', 'gone', `is-${basename(path)}`])
        writeFileSync(join(path, name), 'as it was')
      symlinkSync('file', join(path, 'link'))
      copyFileSync(BUSYBOX, join(path, 'true'))
      for (const name of ['', ...readdirSync(path)]) lchownSync(join(path, name), owner, owner)
    }
  }

  end(): void {
    this.#server.close()
    rmSync(this.folder, {recursive: true, force: true})
  }

  /** @returns the tries that succeeded. @throws Error when the attacker's code did not run */
  async letTo(attack: Attack): Promise<string[]> {
    const copy = copyOfPackage()
    this.#fill(attack.as === 'nobody' ? NOBODY : 0)
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

  #breakInto(copy: string, {code = '', tries, process, begins}: Attack): void {
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
      const {readFileSync} = require('node:fs')
      const addon = require('node-gyp-build')(${JSON.stringify(join(copy, 'native'))})
      const none = () => 0
      CODE
      const OWNER_PID = Number(readFileSync(process.env.XDG_CACHE_HOME + '/owner', 'latin1'))
      Object.assign(globalThis, {OWNER_PID, call: require(${JSON.stringify(this.#raw)}), N: ${JSON.stringify(numbers)}})
    `
  }

  #behind(tries: readonly Try[]): string {
    return `
      {
        const {O_RDONLY, O_WRONLY, O_RDWR, O_CREAT} = require('node:fs').constants
        const OUTSIDE = ${JSON.stringify(this.#outside)}, CACHE = process.env.XDG_CACHE_HOME + '/hvkit'
        const GID = process.getegid(), O_PATH = 0o10000000, EMPTY = 0x1000
        const UP = '../'.repeat(16) + OUTSIDE.slice(1) + '/'
        const FDS = [...Array(128).keys()].filter((fd) => call(N.fcntl, fd, 1, 0) >= 0)
        const fdOf = (name) => FDS.find((fd) => call(N.faccessat, fd, name, 0) >= 0)
        const opened = (at, path, flags, act) => {
          const fd = call(N.openat, at, path, flags, 0)
          const result = fd < 0 ? fd : act(fd)
          call(N.close, fd)
          return result
        }
        const outside = (name, act) => {
          let best = -999
          const attempt = (at, path) => { if (best < 0) best = Math.max(best, act(at, path)) }
          attempt(-100, OUTSIDE + '/' + name)
          attempt(-100, '/proc/self/root' + OUTSIDE + '/' + name)
          for (const fd of FDS) {
            attempt(fd, UP + name)
            attempt(-100, '/proc/self/fd/' + fd + '/' + UP + name)
            for (const other of FDS) attempt(fd, other + '/' + UP + name)
          }
          return best
        }
        const open = (path, flags) => call(N.openat, -100, path, flags, 0o644)
        const connect = () => {
          const fd = call(N.socket, 2, 1, 0)
          return fd < 0 ? fd : call(N.connect, fd, ${JSON.stringify(this.#address)}, 16)
        }
        const past = (result) => (result === -${EPERM} ? result : 0)
        const found = {}
        for (const [name, text] of ${JSON.stringify(tries.map((name) => [name, TRIES[name]]))}) found[name] = eval(text)
        throw new Error('FOUND ' + JSON.stringify(found));
      }
    `
  }
}
