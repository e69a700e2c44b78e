// Boots the SVM bed: QEMU's TCG emulates an AMD processor with SVM, a stock Debian kernel in it offers /dev/kvm.

import {execFileSync, spawn} from 'node:child_process'
import {
  chmodSync,
  closeSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import {basename} from 'node:path'
import {createInterface} from 'node:readline'
import {cache} from '../paths.mjs'
import {projectImage, systemImage} from './image.mjs'
import {bedKernel} from './kernel.mjs'

const BOOT_TIMEOUT_MS = 180_000
const COMMAND_TIMEOUT_MS = 60_000
const KERNEL_LINE = 'console=ttyS0 panic=-1 quiet mitigations=off nokaslr tsc=reliable no_timer_check'

/**
 * @typedef {{argv: string[], cwd?: string, env?: object, stdin?: string | Buffer, timeoutMs?: number}} Command
 *   `cwd` is `/hv` by default, where the repository lies as it is outside
 * @typedef {{status: number | null, signal: string | null, stdout: Buffer, stderr: Buffer, timedOut: boolean, ms: number}} Result
 */

/** One running bed. Commands may run at the same time; dispose of it to end it. */
export class Bed {
  #qemu
  #waiting = new Map()
  #nextId = 0
  #ended
  #endMessage = ''

  constructor(qemu, lines, ended) {
    this.#qemu = qemu
    this.#ended = ended.then((message) => {
      this.#endMessage = message
      for (const {reject} of this.#waiting.values()) reject(new Error(message))
      this.#waiting.clear()
    })
    lines.on('line', (line) => this.#take(JSON.parse(line)))
  }

  /** @param {Command} command @returns {Promise<Result>} rejects when the bed ends before the command does */
  run({argv, cwd = '/hv', env = {}, stdin, timeoutMs = COMMAND_TIMEOUT_MS}) {
    if (this.#endMessage !== '') return Promise.reject(new Error(this.#endMessage))
    const id = this.#nextId++
    const request = {id, argv, cwd, env, timeoutMs, stdin: stdin && Buffer.from(stdin).toString('base64')}
    this.#qemu.stdin.write(`${JSON.stringify(request)}\n`)
    return new Promise((resolve, reject) => this.#waiting.set(id, {resolve, reject}))
  }

  /** Its disks are read-only and every result has been told: there is nothing to shut down. */
  async stop() {
    this.#qemu.kill('SIGKILL')
    await this.#ended
  }

  async [Symbol.asyncDispose]() {
    await this.stop()
  }

  #take({id, stdout, stderr, ...rest}) {
    const waiting = this.#waiting.get(id)
    this.#waiting.delete(id)
    waiting?.resolve({...rest, stdout: Buffer.from(stdout, 'base64'), stderr: Buffer.from(stderr, 'base64')})
  }
}

/** @param {{cpus?: number, memoryMib?: number}} options @returns {Promise<Bed>} */
export async function bootBed({cpus = 2, memoryMib = 2048} = {}) {
  const kernel = await bedKernel()
  forgetDeadRuns()
  const work = `${cache}/bed/run-${process.pid}-${Date.now()}`
  mkdirSync(work, {recursive: true})
  const initramfs = buildInitramfs(work, kernel.modules)
  const log = `${work}/console.log`
  const args = qemuArguments({cpus, memoryMib, vmlinuz: kernel.vmlinuz, initramfs, log})

  const errors = openSync(`${work}/qemu.log`, 'w')
  // A test run that is ended, and be it by SIGKILL, leaves no virtual machine behind.
  const command = ['--pdeathsig', 'KILL', 'qemu-system-x86_64', ...args]
  const qemu = spawn('setpriv', command, {stdio: ['pipe', 'pipe', errors]})
  closeSync(errors)
  qemu.stdin.on('error', () => {})
  const killWithParent = () => qemu.kill('SIGKILL')
  process.once('exit', killWithParent)

  const ended = new Promise((resolve) => {
    const finish = (what) => {
      process.off('exit', killWithParent)
      resolve(`the bed ended (${what}):\n${tail(`${work}/qemu.log`)}${tail(log)}`)
      rmSync(work, {recursive: true, force: true})
    }
    qemu.on('error', (error) => finish(error.message))
    qemu.on('close', (status, signal) => finish(signal ?? `status ${status}`))
  })
  const lines = createInterface({input: qemu.stdout})
  await readiness(lines, ended, qemu)
  return new Bed(qemu, lines, ended)
}

/** A run that was ended by SIGKILL leaves its folder. */
function forgetDeadRuns() {
  for (const name of readdirSync(`${cache}/bed`)) {
    const pid = /^run-(\d+)-/.exec(name)?.[1]
    if (pid && !existsSync(`/proc/${pid}`)) rmSync(`${cache}/bed/${name}`, {recursive: true, force: true})
  }
}

function readiness(lines, ended, qemu) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => qemu.kill('SIGKILL'), BOOT_TIMEOUT_MS)
    lines.once('line', () => {
      clearTimeout(timer)
      resolve()
    })
    ended.then((message) => reject(new Error(message)))
  })
}

function qemuArguments({cpus, memoryMib, vmlinuz, initramfs, log}) {
  const drive = (id, file) => [
    ...['-drive', `if=none,id=${id},format=raw,readonly=on,file=${file}`],
    ...['-device', `virtio-blk-pci,drive=${id}`],
  ]
  return [
    ...['-accel', 'tcg,thread=multi,tb-size=512', '-M', 'q35', '-cpu', 'max,+svm,+npt'],
    ...['-smp', String(cpus), '-m', `${memoryMib}M`, '-nodefaults', '-display', 'none', '-no-reboot'],
    ...['-kernel', vmlinuz, '-initrd', initramfs, '-append', KERNEL_LINE],
    ...['-serial', `file:${log}`],
    ...drive('system', systemImage()),
    ...drive('project', projectImage()),
    ...['-chardev', 'stdio,id=commands,signal=off', '-device', 'virtio-serial-pci'],
    ...['-device', 'virtserialport,chardev=commands,nr=1,name=commands'],
  ]
}

function buildInitramfs(work, modules) {
  const tree = `${work}/initramfs`
  for (const folder of ['dev', 'proc', 'sys', 'new', 'modules'])
    mkdirSync(`${tree}/${folder}`, {recursive: true})
  copyFileSync(execFileSync('sh', ['-c', 'command -v busybox'], {encoding: 'utf8'}).trim(), `${tree}/busybox`)
  mkdirSync(`${tree}/bin`)
  copyFileSync(`${tree}/busybox`, `${tree}/bin/sh`)
  copyFileSync(new URL('init.sh', import.meta.url), `${tree}/init`)
  chmodSync(`${tree}/init`, 0o755)
  for (const path of modules) copyFileSync(path, `${tree}/modules/${basename(path)}`)
  writeFileSync(`${tree}/modules/order`, modules.map((path) => `${basename(path)}\n`).join(''))
  execFileSync('sh', ['-c', 'find . | cpio -o -H newc --quiet >../initramfs.cpio'], {cwd: tree})
  return `${work}/initramfs.cpio`
}

function tail(file) {
  try {
    return readFileSync(file, 'utf8').split('\n').slice(-30).join('\n')
  } catch {
    return ''
  }
}
