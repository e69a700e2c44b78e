// Runs in a bed: boots each kernel with hv and with QEMU, in turn, and prints the shortest time of each as JSON.
//
//   node ci/bench/boot-runs.mjs x86_64|arm64 ROUNDS

import {spawn} from 'node:child_process'
import {machinesOf} from './machines.mjs'

const [architecture, rounds] = process.argv.slice(2)
/** What the first process prints (ci/bed/machine-init.sh), and what a kernel of a few instructions prints at once. */
const UP = 'machine: Linux'
const ECHO_UP = 'console='
const ECHO = `/hv/.cache/guests/${architecture}/bare-kernel-echo.bin`
const TIMEOUT_MS = 120_000

const {kernels, qemuMachine, shareKernels, hv, qemu} = machinesOf(architecture)

/** Milliseconds until it says that it is up; then it is ended. */
function boot([command, ...args], up = UP) {
  return new Promise((resolve, reject) => {
    const begin = performance.now()
    const child = spawn(command, args, {
      timeout: TIMEOUT_MS,
      killSignal: 'SIGKILL',
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let said = ''
    let tookMs
    const hear = (bytes) => {
      said += bytes
      if (tookMs !== undefined || !said.includes(up)) return
      tookMs = performance.now() - begin
      child.kill('SIGKILL')
    }
    child.stdout.on('data', hear)
    child.stderr.on('data', hear)
    child.on('error', reject)
    child.on('close', (status) => {
      if (tookMs !== undefined) resolve(tookMs)
      else if (status === null)
        reject(new Error(`${[command, ...args.slice(0, 4)].join(' ')}: not up after ${TIMEOUT_MS / 1000} s`))
      else reject(new Error(`${command} ended with status ${status}: ${said.trim().split('\n').at(-1)}`))
    })
  })
}

async function main() {
  shareKernels()
  const rows = []
  for (const kernel of kernels) {
    const times = {startMs: [], hvMs: [], qemuMs: []}
    for (let round = 0; round < Number(rounds); round++) {
      times.startMs.push(await boot(['node', 'dist/bin/hv.cjs', 'run', '--kernel', ECHO], ECHO_UP))
      times.hvMs.push(await boot(hv(kernel, 'quiet')))
      times.qemuMs.push(await boot(qemu(kernel, 'quiet')))
    }
    const best = Object.fromEntries(Object.entries(times).map(([name, took]) => [name, Math.min(...took)]))
    rows.push({kernel, machine: qemuMachine, ...best})
  }
  return JSON.stringify(rows)
}

try {
  console.log(await main())
} catch (error) {
  console.error(error.message)
  process.exitCode = 1
}
