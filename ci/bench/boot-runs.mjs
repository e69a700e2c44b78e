// Runs in a bed: boots each kernel with hv and with QEMU, in turn, and prints the shortest time of each as JSON.
//
//   node ci/bench/boot-runs.mjs x86_64|arm64 ROUNDS

import {execFileSync, spawn} from 'node:child_process'

const [architecture, rounds] = process.argv.slice(2)
/** What the first process prints (ci/bed/machine-init.sh), and what a kernel of a few instructions prints at once. */
const UP = 'machine: Linux'
const ECHO_UP = 'console='
const ECHO = `/hv/.cache/guests/${architecture}/bare-kernel-echo.bin`
const TIMEOUT_MS = 120_000
const KEPT = `/hv/.cache/machine/${architecture}`
const QEMU = '/debian/mnt'
const MEMORY = '256M'

const machines = {
  x86_64: {
    program: 'qemu-system-x86_64',
    // Without devices that its Linux does not use. Paravirtual EOI is off, as for hv's kernels: it loses interrupts in the SVM bed.
    machine: 'microvm,kernel-irqchip=on,pit=off,pic=off,rtc=on',
    cpu: 'host,kvm-pv-eoi=off',
    console: 'ttyS0',
    kernels: ['vmlinux', 'vmlinuz'],
  },
  arm64: {
    program: 'qemu-system-aarch64',
    machine: 'virt,gic-version=host',
    cpu: 'host',
    console: 'ttyAMA0',
    kernels: ['vmlinuz'],
  },
}
const {program, machine, cpu, console: terminal, kernels} = machines[architecture]

const byHv = (kernel) => [
  ...[
    'node',
    'dist/bin/hv.cjs',
    'run',
    '--kernel',
    `${KEPT}/${kernel}`,
    '--initrd',
    `${KEPT}/initramfs.cpio`,
  ],
  ...['--memory', MEMORY, '--append', 'quiet'],
]
const byQemu = (kernel) => [
  ...['chroot', '/debian', program, '-M', `${machine},accel=kvm`, '-cpu', cpu, '-m', MEMORY],
  ...['-nodefaults', '-no-user-config', '-display', 'none', '-serial', 'stdio', '-no-reboot'],
  ...['-kernel', `/mnt/${kernel}`, '-initrd', '/mnt/initramfs.cpio'],
  ...['-append', `console=${terminal} panic=-1 quiet`],
]

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
  execFileSync('busybox', ['mount', '-o', 'bind', KEPT, QEMU])
  const rows = []
  for (const kernel of kernels) {
    const times = {startMs: [], hvMs: [], qemuMs: []}
    for (let round = 0; round < Number(rounds); round++) {
      times.startMs.push(await boot(['node', 'dist/bin/hv.cjs', 'run', '--kernel', ECHO], ECHO_UP))
      times.hvMs.push(await boot(byHv(kernel)))
      times.qemuMs.push(await boot(byQemu(kernel)))
    }
    const best = Object.fromEntries(Object.entries(times).map(([name, took]) => [name, Math.min(...took)]))
    rows.push({kernel, machine: machine.split(',')[0], ...best})
  }
  return JSON.stringify(rows)
}

try {
  console.log(await main())
} catch (error) {
  console.error(error.message)
  process.exitCode = 1
}
