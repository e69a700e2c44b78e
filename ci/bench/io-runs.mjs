// Runs in a bed: one machine, of hv's or of QEMU's, that measures one group of devices; prints its figures and its boot in nanoseconds.
//
//   node ci/bench/io-runs.mjs x86_64|arm64 hv|qemu disk|share|net|vsock MILLISECONDS [ROW CALLS]
//
// With ROW it prints the parts of that row's calls (io-parts.mjs).

import {execFileSync, spawn} from 'node:child_process'
import {existsSync, mkdirSync, readFileSync, rmSync, writeFileSync} from 'node:fs'
import {createInterface} from 'node:readline'
import {setTimeout as sleep} from 'node:timers/promises'
import {partsOf, Trace} from './io-parts.mjs'
import {machinesOf, QEMU_ROOT} from './machines.mjs'

const [architecture, by, group, milliseconds, row, calls] = process.argv.slice(2)
const BLOCK_BYTES = 512
/** ci/bench/io.c's FILE_BYTES. */
const DISK_BYTES = 2 ** 25
const PROGRAM = `/hv/.cache/bench/${architecture}/io`
const ADDRESS = '10.0.1.1'
const PORT = '7'
/** ci/bed/machine-init.sh. */
const UP = 'machine: Linux'
const DONE = 'machine: status 0'

/** Paths as QEMU sees them; its root is QEMU_ROOT. */
const files = {
  program: '/tmp/program',
  disk: '/tmp/disk',
  shared: '/tmp/shared',
  socket: '/tmp/virtiofsd',
}
const outside = (path) => `${QEMU_ROOT}${path}`

/** In the machine: the smaller disk is the program; a larger one is measured. */
const PREPARE = `
for disk in /sys/block/vd*; do
  if [ $(cat $disk/size) = ${DISK_BYTES / BLOCK_BYTES} ]; then data=/dev/\${disk##*/}; else program=/dev/\${disk##*/}; fi
done
dd if=$program of=/io bs=64k 2>/dev/null
chmod +x /io
${row ? `export ROW=${row} CALLS=${calls}` : ''}
`

/** What the machine does, and what it has for that besides the disk with the program. */
const groups = {
  disk: {
    script: `/io disk $data ${milliseconds}`,
    hv: ['--disk', outside(files.disk)],
    qemu: disk('data', files.disk),
  },
  share: {
    script: `mkdir /share; mount -t virtiofs files /share; /io share /share ${milliseconds}`,
    hv: ['--share', `${outside(files.shared)}:files:rw`],
    qemu: [
      ...['-chardev', `socket,id=share,path=${files.socket}`],
      ...['-device', 'vhost-user-fs-device,chardev=share,tag=files'],
    ],
  },
  net: {
    script: `ifconfig eth0 10.0.1.2 netmask 255.255.255.0 up; /io net ${ADDRESS} ${PORT} ${milliseconds}`,
    hv: ['--net', 'tap:tap0'],
    qemu: [
      ...['-netdev', 'tap,id=cable,ifname=tap0,script=no,downscript=no'],
      ...['-device', 'virtio-net-device,netdev=cable'],
    ],
  },
  vsock: {
    script: `/io vsock ${PORT} ${milliseconds}`,
    hv: [],
    qemu: ['-device', 'vhost-vsock-device,guest-cid=3'],
  },
}

function disk(id, path, more = '') {
  const drive = `if=none,id=${id},format=raw,file=${path}${more}`
  return ['-drive', drive, '-device', `virtio-blk-device,drive=${id}`]
}

function command() {
  const {script, [by]: devices} = groups[group]
  const parameters = `quiet hv.do=${Buffer.from(PREPARE + script).toString('base64')}`
  const {kernels, hv, hvWithEcho, qemu} = machinesOf(architecture)
  const [kernel] = kernels
  if (by === 'qemu')
    return qemu(kernel, parameters, [...devices, ...disk('program', files.program, ',readonly=on')])
  if (group === 'vsock') return hvWithEcho(kernel, parameters, outside(files.program), PORT)
  return hv(kernel, parameters, [...devices, '--disk', `${outside(files.program)}:ro`])
}

function prepare() {
  mkdirSync(outside(files.shared), {recursive: true})
  const bytes = readFileSync(PROGRAM)
  const padding = Buffer.alloc(-bytes.length & (BLOCK_BYTES - 1))
  writeFileSync(outside(files.program), Buffer.concat([bytes, padding]))
  if (group === 'disk') writeFileSync(outside(files.disk), Buffer.alloc(DISK_BYTES, 'hv'))
  machinesOf(architecture).shareKernels()
  if (group === 'net' && !existsSync('/sys/class/net/tap0')) {
    execFileSync('busybox', ['tunctl', '-t', 'tap0'])
    execFileSync('busybox', ['ifconfig', 'tap0', ADDRESS, 'netmask', '255.255.255.0', 'up'])
  }
}

/** KVM would spin before a vCPU sleeps, and a bed that counts instructions counts those. */
function dontSpin() {
  const setting = '/sys/module/kvm/parameters/halt_poll_ns'
  if (existsSync(setting)) writeFileSync(setting, '0')
}

/** The other ends: what the machine's program talks to, and what serves QEMU's share. virtiofsd serves one machine, and ends with it. */
async function* servers() {
  const quiet = {stdio: ['ignore', 'ignore', 'inherit']}
  if (group === 'net' || (group === 'vsock' && by === 'qemu'))
    yield spawn(PROGRAM, ['serve', group, PORT], quiet)
  if (group === 'share' && by === 'qemu') {
    rmSync(outside(files.socket), {force: true})
    const argv = ['--sandbox', 'none', '--socket-path', files.socket, '--shared-dir', files.shared]
    const server = spawn(
      'chroot',
      [QEMU_ROOT, '/usr/libexec/virtiofsd', '--log-level', 'error', ...argv],
      quiet,
    )
    yield server
    while (!existsSync(outside(files.socket))) {
      if (server.exitCode !== null) throw new Error(`virtiofsd ended with status ${server.exitCode}`)
      await sleep(50)
    }
  }
}

/** @returns {Promise<Record<string, number>>} nanoseconds by name */
function measure([program, ...args]) {
  return new Promise((resolve, reject) => {
    const start = performance.now()
    const child = spawn(program, args, {stdio: ['ignore', 'pipe', 'pipe']})
    const figures = {}
    const said = []
    let isDone = false
    let trace
    const hear = (line) => {
      said.push(line)
      if (line.startsWith('io begin')) trace = new Trace()
      if (line.startsWith('io end')) Object.assign(figures, {parts: partsOf(trace.end(), calls)})
      if (line.includes(UP)) figures.boot = Math.round((performance.now() - start) * 1e6)
      const [, name, ns] = /^io (\S+) (\d+)\r?$/.exec(line) ?? []
      if (name !== undefined) figures[name] = Number(ns)
      if (!line.includes(DONE)) return
      isDone = true
      child.kill('SIGKILL')
    }
    for (const stream of [child.stdout, child.stderr]) createInterface({input: stream}).on('line', hear)
    child.on('error', reject)
    child.on('close', (status, signal) => {
      if (isDone && Object.keys(figures).length > 1) resolve(figures)
      else reject(new Error(`${program} ended with ${status ?? signal}: ${said.slice(-5).join(' | ')}`))
    })
  })
}

const others = []
try {
  prepare()
  dontSpin()
  for await (const server of servers()) others.push(server)
  console.log(JSON.stringify(await measure(command())))
} catch (error) {
  console.error(error.message)
  process.exitCode = 1
} finally {
  for (const other of others) other.kill('SIGKILL')
}
