// What hv costs while its guest asks for nothing: CPU time of the process against the wall clock.

import {spawn} from 'node:child_process'
import {readdirSync, readFileSync} from 'node:fs'
import {setTimeout as delay} from 'node:timers/promises'
import {allowedCpus, underHv} from './measure.mjs'
import {program} from './programs.mjs'
import {emptyRow, row} from './row.mjs'

/** The share of a CPU that everything but the guest may take. */
const BESIDE_LIMIT = 0.02
/** USER_HZ: the unit of /proc, on every architecture that hv knows. */
const TICK_MS = 10
/** Leaves the end of the host's start-up and the parking out of the measurement. */
const SETTLE_MS = 100

export async function parked({quietSeconds}) {
  if (allowedCpus().length < 2) return [emptyRow('parked', 'absent', 'needs two CPUs')]

  const sleeping = await quiet('sleep', quietSeconds)
  const computing = await quiet('compute', quietSeconds)
  return [
    row('parked/sleeping', 'ms', sleeping.cpuMs, 'wall', sleeping.wallMs, {limit: BESIDE_LIMIT}),
    row('parked/computing', 'ms', computing.cpuMs, 'wall', computing.wallMs, {limit: 1 + BESIDE_LIMIT}),
    // This row shows a spinning listener even where other processes leave the guest little of the wall time.
    row('parked/beside-computing', 'ms', computing.besideMs, 'wall', computing.wallMs, {limit: BESIDE_LIMIT}),
  ]
}

/** @returns {Promise<{cpuMs: number, besideMs: number, wallMs: number}>} `besideMs`: of all threads but the busiest */
async function quiet(what, seconds) {
  const [command, ...args] = underHv([program('quiet'), what, `${seconds}`])
  const child = spawn(command, args, {stdio: ['ignore', 'pipe', 'inherit']})
  const ended = new Promise((resolve) => child.on('close', resolve))
  try {
    const begun = await Promise.race([new Promise((resolve) => child.stdout.once('data', resolve)), ended])
    if (!`${begun}`.startsWith('begin')) throw new Error(`hv run quiet ${what}: status ${child.exitCode}`)
    await delay(SETTLE_MS)
    const start = performance.now()
    const before = threadTimes(child.pid)
    // The guest is still quiet when this ends.
    await delay(seconds * 1000 - 2 * SETTLE_MS)
    const wallMs = performance.now() - start
    const spent = [...threadTimes(child.pid)].map(([thread, ms]) => ms - (before.get(thread) ?? 0))
    const cpuMs = spent.reduce((sum, ms) => sum + ms, 0)
    return {cpuMs, besideMs: cpuMs - Math.max(...spent), wallMs}
  } finally {
    child.kill()
    await ended
  }
}

function threadTimes(pid) {
  const tasks = `/proc/${pid}/task`
  return new Map(readdirSync(tasks).map((thread) => [thread, cpuMs(`${tasks}/${thread}/stat`)]))
}

// man 5 proc_pid_stat: utime and stime; the name before them may hold anything but a last `)`.
function cpuMs(path) {
  const stat = readFileSync(path, 'utf8')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) * TICK_MS
}
