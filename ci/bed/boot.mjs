// Boots a bed: QEMU's TCG, or Bochs, emulates a machine that can virtualize, and a stock Debian kernel in it offers /dev/kvm.

import {spawn} from 'node:child_process'
import {closeSync, existsSync, mkdirSync, openSync, readdirSync, readFileSync, rmSync} from 'node:fs'
import {createServer} from 'node:net'
import {createInterface} from 'node:readline'
import {stepMs} from '../budgets.mjs'
import {aptLine, missingPackages} from '../packages.mjs'
import {cache} from '../paths.mjs'
import {bedNamed} from './beds.mjs'
import {bochsCommand} from './bochs.mjs'
import {debianImage, packagesImage, projectImage, qemuImage, systemImage} from './image.mjs'
import {makeInitramfs} from './initramfs.mjs'
import {bedKernel} from './kernel.mjs'
import {machineFolder} from './machine.mjs'
import {qemuCommand} from './qemu.mjs'

/** On a busy machine svm's kernel may measure the time-stamp counter wrongly: a clock that ran 10 times too fast was seen. */
const MOST_CLOCK_RATE = 1.5
const BOOTS = 3

/**
 * @typedef {{argv: string[], cwd?: string, env?: object, stdin?: string | Buffer, timeoutMs?: number}} Command
 *   `cwd` is `/hv` by default, which holds the repository as it is outside
 * @typedef {{status: number | null, signal: string | null, stdout: Buffer, stderr: Buffer, timedOut: boolean, ms: number}} Result
 */

/** One running bed. Commands may run at the same time; dispose of it to end it. */
export class Bed {
  #emulator
  #commands
  #waiting = new Map()
  #sockets = new Map()
  #servers = []
  #nextId = 0
  #ended
  #endMessage = ''

  constructor(emulator, commands, lines, ended) {
    this.#emulator = emulator
    this.#commands = commands
    this.#ended = ended.then((message) => {
      this.#endMessage = message
      for (const {reject} of this.#waiting.values()) reject(new Error(message))
      this.#waiting.clear()
      for (const socket of this.#sockets.values()) socket.destroy()
      for (const server of this.#servers) server.close()
    })
    lines.on('line', (line) => this.#take(JSON.parse(line)))
  }

  /** @param {Command} command @returns {Promise<Result>} rejects when the bed ends before the command does */
  run({argv, cwd = '/hv', env = {}, stdin, timeoutMs = stepMs('bedCommand')}) {
    if (this.#endMessage !== '') return Promise.reject(new Error(this.#endMessage))
    const id = this.#nextId++
    this.#ask({id, argv, cwd, env, timeoutMs, stdin: stdin && Buffer.from(stdin).toString('base64')})
    return new Promise((resolve, reject) =>
      this.#waiting.set(id, {resolve, reject, startMs: performance.now()}),
    )
  }

  /**
   * Forwards each connection to the unix socket `path` here to the unix socket `inside` in the bed, until the bed ends.
   * @returns {Promise<void>} resolves when `path` listens
   */
  forward(path, inside) {
    const server = createServer((socket) => {
      const id = this.#nextId++
      this.#sockets.set(id, socket)
      this.#ask({id, connect: inside})
      socket.on('data', (bytes) => this.#ask({id, bytes: bytes.toString('base64')}))
      socket.on('error', () => {})
      socket.on('close', () => {
        this.#sockets.delete(id)
        this.#ask({id, close: true})
      })
    })
    this.#servers.push(server)
    return new Promise((resolve, reject) => server.on('error', reject).listen(path, resolve))
  }

  /** Its disks are read-only and every result has arrived: there is nothing to shut down. */
  async stop() {
    this.#emulator.kill('SIGKILL')
    await this.#ended
  }

  async [Symbol.asyncDispose]() {
    await this.stop()
  }

  #ask(request) {
    this.#commands.write(`${JSON.stringify(request)}\n`)
  }

  #take({id, bytes, close, stdout, stderr, ...rest}) {
    if (bytes !== undefined) return this.#sockets.get(id)?.write(Buffer.from(bytes, 'base64'))
    if (close) return this.#sockets.get(id)?.end()
    const waiting = this.#waiting.get(id)
    this.#waiting.delete(id)
    if (waiting === undefined) return
    const tookMs = Math.round(performance.now() - waiting.startMs)
    const note = rest.timedOut ? `took ${tookMs} ms of this machine's time, ${rest.ms} of the bed's\n` : ''
    const bytesOf = Buffer.from(stderr, 'base64')
    waiting.resolve({
      ...rest,
      stdout: Buffer.from(stdout, 'base64'),
      stderr: Buffer.concat([bytesOf, Buffer.from(note)]),
    })
  }
}

/** Names from packages.json: what makes kernels and images, and what emulates. Bochs installs its own. */
const PACKAGES = ['cpio', 'squashfs-tools', 'kmod', 'xz-utils', 'zstd']
const EMULATORS = {x86_64: ['qemu-system-x86'], arm64: ['qemu-system-arm']}

function requirePackages(name, {architecture, emulator}) {
  const wanted = [...(emulator === undefined ? EMULATORS[architecture] : []), ...PACKAGES]
  const missing = missingPackages(wanted)
  if (missing.length > 0) throw new Error(`the bed ${name} lacks ${missing.join(', ')}: ${aptLine(missing)}`)
}

/**
 * @param {string} name of a bed or a board
 * @param {{debian?: boolean | 'qemu', cpus?: number, memoryMib?: number, countsInstructions?: boolean}} options `debian`: with
 *   Debian's programs in /debian, or with QEMU; `countsInstructions`: its clocks count them, which is slow but repeatable; the
 *   rest replaces the bed's own values
 * @returns {Promise<Bed>}
 */
export async function bootBed(name, options = {}) {
  for (let left = BOOTS; left > 0; left--) {
    const {bed, clockRate} = await boot(name, options)
    if (clockRate < MOST_CLOCK_RATE) return bed
    await bed.stop()
  }
  throw new Error(`the clock of the bed ${name} ran too fast in each of ${BOOTS} boots`)
}

/** @returns {Promise<{bed: Bed, clockRate: number}>} how fast the bed's clock has run, by this machine's; 1 where it is not meant to agree */
async function boot(name, {debian = false, ...options}) {
  const bed = bedNamed(name)
  if (!bed) throw new Error(`no bed '${name}': npm run bed -- --list names them`)
  requirePackages(name, bed)
  const work = `${cache}/bed/run-${process.pid}-${Date.now()}`
  mkdirSync(work, {recursive: true})
  forgetDeadRuns()
  const {vmlinuz, modules} = await bedKernel(bed.kernel)
  await machineFolder(bed.architecture)
  const programs = debian === 'qemu' ? qemuImage : debianImage
  const wanted = [systemImage, projectImage, packagesImage, ...(debian ? [programs] : [])]
  const images = wanted.map((image) => image(bed.architecture))
  const log = `${work}/console.log`
  const {emulator: by = 'qemu'} = bed
  const loaded = debian === 'qemu' ? [...modules[by], ...modules.vhost] : modules[by]
  const initramfs = makeInitramfs(work, bed.architecture, loaded)
  const now = Math.floor(Date.now() / 1000)
  const parameters = `panic=-1 quiet mitigations=off nokaslr now=${now} ${bed.kernelArguments}`
  const files = {vmlinuz, initramfs, parameters, images, log}
  const emulation =
    by === 'bochs'
      ? await bochsCommand({...bed, ...options}, files, work)
      : {command: qemuCommand({...bed, ...options}, files)}

  const errors = openSync(`${work}/emulator.log`, 'w')
  // A test run that is ended, even with SIGKILL, leaves no virtual machine behind.
  const command = ['--pdeathsig', 'KILL', ...emulation.command]
  const ends = emulation.commands === undefined ? 'pipe' : 'ignore'
  const startMs = performance.now()
  const emulator = spawn('setpriv', command, {stdio: [ends, ends, errors]})
  closeSync(errors)
  emulator.stdin?.on('error', () => {})
  const killWithParent = () => emulator.kill('SIGKILL')
  process.once('exit', killWithParent)

  const ended = new Promise((resolve) => {
    const finish = (what) => {
      process.off('exit', killWithParent)
      resolve(`the bed ended (${what}):\n${tail(`${work}/emulator.log`)}${tail(log)}`)
      rmSync(work, {recursive: true, force: true})
    }
    emulator.on('error', (error) => finish(error.message))
    emulator.on('close', (status, signal) => finish(signal ?? `status ${status}`))
  })
  const failed = ended.then((message) => Promise.reject(new Error(message)))
  failed.catch(() => {})
  const commands = await Promise.race([emulation.commands, failed])
  const lines = createInterface({input: commands ?? emulator.stdout})
  const {uptimeMs} = await readiness(lines, failed, emulator)
  const hasOwnTime = by === 'bochs' || options.countsInstructions
  const clockRate = hasOwnTime ? 1 : uptimeMs / (performance.now() - startMs)
  return {bed: new Bed(emulator, commands ?? emulator.stdin, lines, ended), clockRate}
}

/** A run that was ended with SIGKILL leaves its folder. */
function forgetDeadRuns() {
  for (const name of readdirSync(`${cache}/bed`)) {
    const pid = /^run-(\d+)-/.exec(name)?.[1]
    if (pid && !existsSync(`/proc/${pid}`)) rmSync(`${cache}/bed/${name}`, {recursive: true, force: true})
  }
}

function readiness(lines, failed, emulator) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => emulator.kill('SIGKILL'), stepMs('bedBoot'))
    lines.once('line', (line) => {
      clearTimeout(timer)
      resolve(JSON.parse(line))
    })
    failed.catch(reject)
  })
}

function tail(file) {
  try {
    return readFileSync(file, 'utf8').split('\n').slice(-30).join('\n')
  } catch {
    return ''
  }
}
