// Runs in a bed: a machine of hv's and one of QEMU's, in turn, with the same kernel, disk, share and network; prints the least of each figure.
//
//   node ci/bench/io-runs.mjs x86_64|arm64 ROUNDS

import {execFileSync, spawn} from 'node:child_process'
import {existsSync, readFileSync, rmSync, writeFileSync} from 'node:fs'
import {setTimeout as sleep} from 'node:timers/promises'
import {machinesOf, QEMU_ROOT} from './machines.mjs'

const [architecture, rounds] = process.argv.slice(2)
const TIMEOUT_MS = 400_000
const BLOCK_BYTES = 512
/** ci/bench/io.c's FILE_BYTES. */
const DISK_BYTES = 2 ** 25
const PROGRAM = `/hv/.cache/bench/${architecture}/io`
const SERVER = {address: '10.0.1.1', port: 7}

/** Paths as hv sees them; QEMU's root is QEMU_ROOT. */
const files = {
  program: '/tmp/program',
  disk: '/tmp/disk',
  shared: '/tmp/shared',
  socket: '/tmp/virtiofsd',
}
const outside = (path) => `${QEMU_ROOT}${path}`

/** In the machine: the larger disk is measured, the smaller one is the program. */
const DO = `
for disk in /sys/block/vd*; do
  if [ $(cat $disk/size) = ${DISK_BYTES / BLOCK_BYTES} ]; then data=/dev/\${disk##*/}; else program=/dev/\${disk##*/}; fi
done
dd if=$program of=/io bs=64k 2>/dev/null
chmod +x /io
/io disk $data | sed 's/^io /io disk\\//'
mkdir /share
mount -t virtiofs files /share && /io share /share | sed 's/^io /io share\\//'
ifconfig eth0 10.0.1.2 netmask 255.255.255.0 up
/io net ${SERVER.address} ${SERVER.port} | sed 's/^io /io net\\//'
`

const parameters = `quiet hv.do=${Buffer.from(DO).toString('base64')}`
const {kernels, qemuMachine, shareKernels, hv, qemu} = machinesOf(architecture)
const [kernel] = kernels

const byHv = hv(kernel, parameters, [
  ...['--net', 'tap:tap0', '--share', `${outside(files.shared)}:files:rw`],
  ...['--disk', outside(files.disk), '--disk', `${outside(files.program)}:ro`],
])

const byQemu = qemu(kernel, parameters, [
  ...disk('data', files.disk),
  ...disk('program', files.program, ',readonly=on'),
  ...['-netdev', 'tap,id=cable,ifname=tap0,script=no,downscript=no'],
  ...['-device', 'virtio-net-device,netdev=cable', '-chardev', `socket,id=share,path=${files.socket}`],
  ...['-device', 'vhost-user-fs-device,chardev=share,tag=files'],
])

function disk(id, path, more = '') {
  const drive = `if=none,id=${id},format=raw,file=${path}${more}`
  return ['-drive', drive, '-device', `virtio-blk-device,drive=${id}`]
}

/** virtiofsd serves one machine, and ends with it. */
async function measureQemu() {
  rmSync(outside(files.socket), {force: true})
  const argv = ['--sandbox', 'none', '--socket-path', files.socket, '--shared-dir', files.shared]
  const server = spawn('chroot', [QEMU_ROOT, '/usr/libexec/virtiofsd', ...argv], {
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  while (!existsSync(outside(files.socket))) {
    if (server.exitCode !== null) throw new Error(`virtiofsd ended with status ${server.exitCode}`)
    await sleep(50)
  }
  return measure(byQemu).finally(() => server.kill('SIGKILL'))
}

/** @returns {Promise<Map<string, number>>} nanoseconds by name */
function measure([command, ...args]) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      ...{timeout: TIMEOUT_MS, killSignal: 'SIGKILL', stdio: ['ignore', 'pipe', 'pipe']},
    })
    let said = ''
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (bytes) => (said += bytes))
    child.on('error', reject)
    child.on('close', (status) => {
      const figures = [...said.matchAll(/^io (\S+) (\d+)\r?$/gm)].map(([, name, ns]) => [name, Number(ns)])
      if (figures.length > 0 && said.includes('machine: status 0')) resolve(new Map(figures))
      else
        reject(
          new Error(
            `${command} ended with status ${status}: ${said.trim().split('\n').slice(-5).join(' | ')}`,
          ),
        )
    })
  })
}

function prepare() {
  execFileSync('busybox', ['mkdir', '-p', outside(files.shared)])
  const bytes = readFileSync(PROGRAM)
  writeFileSync(
    outside(files.program),
    Buffer.concat([bytes, Buffer.alloc(-bytes.length & (BLOCK_BYTES - 1))]),
  )
  writeFileSync(outside(files.disk), Buffer.alloc(DISK_BYTES, 'hv'))
  shareKernels()
  execFileSync('busybox', ['tunctl', '-t', 'tap0'])
  execFileSync('busybox', ['ifconfig', 'tap0', SERVER.address, 'netmask', '255.255.255.0', 'up'])
  return spawn(PROGRAM, ['serve', `${SERVER.port}`], {stdio: 'ignore'})
}

function least(all) {
  return Object.fromEntries(
    [...all[0].keys()].map((name) => [name, Math.min(...all.map((each) => each.get(name)))]),
  )
}

async function main() {
  const server = prepare()
  try {
    const runs = {hv: [], qemu: []}
    for (let round = 0; round < Number(rounds); round++) {
      runs.hv.push(await measure(byHv))
      runs.qemu.push(await measureQemu())
    }
    return JSON.stringify({machine: qemuMachine, hv: least(runs.hv), qemu: least(runs.qemu)})
  } finally {
    server.kill('SIGKILL')
  }
}

try {
  console.log(await main())
} catch (error) {
  console.error(error.message)
  process.exitCode = 1
}
