// The same benchmarks in beds, one bed after the other, and VHE beside nVHE.

import {bedNamed} from '../bed/beds.mjs'
import {bootBed} from '../bed/boot.mjs'
import {benchPrograms} from '../bed/image.mjs'
import {bundleScript} from '../bundle-script.mjs'
import {program} from './programs.mjs'
import {emptyRow} from './row.mjs'
import {JAVASCRIPT_FLOOR} from './syscall.mjs'

const TIMEOUT_MS = 300_000
const REAL_TIMEOUT_MS = 3_600_000
/** Dall, Li, Nieh: Optimizing the Design and Implementation of the Linux ARM Hypervisor (USENIX ATC 2017), table 2: cycles. */
const ATC17 =
  'ATC 2017, cycles, split mode / VHE: hypercall 6413 / 752, I/O answered by the process 10012 / 7630'

/** @returns {Promise<import('./row.mjs').Row[]>} the rows of each bed, by its name */
export async function benchInBeds(beds, groups) {
  const rows = []
  for (const name of beds) {
    console.error(`bench: ${groups.join(' ')} in ${name}`)
    rows.push(...(await rowsIn(name, groups)).map((row) => ({...row, name: `${name}/${row.name}`})))
  }
  return rows
}

/** @returns {Promise<{bed: string, figures: import('./real.mjs').Figure[]}[]>} the calls of `--real` */
export async function realInBeds(beds) {
  const measured = []
  for (const bed of beds) {
    console.error(`bench: calls in ${bed}`)
    const {figures} = await inBed(bed, ['--real'], REAL_TIMEOUT_MS)
    measured.push({bed, figures})
  }
  return measured
}

async function rowsIn(name, groups) {
  try {
    const {rows} = await inBed(name, groups, TIMEOUT_MS)
    return rows.map((row) => (row.name === 'exit/raw-ioctls' ? {...row, note: ATC17} : row))
  } catch (error) {
    return [emptyRow('bench', 'failed', error.message)]
  }
}

/** @returns the JSON that bench.mjs wrote in the bed */
async function inBed(name, argv, timeoutMs) {
  const description = bedNamed(name)
  if (description === undefined) throw new Error(`neither a bed nor a board has the name ${name}`)
  const {architecture} = description
  for (const each of benchPrograms) program(each, architecture)
  await bundleScript(JAVASCRIPT_FLOOR)

  const bed = await bootBed(name)
  try {
    const bench = ['node', 'ci/bench/bench.mjs', '--emulated', '--json', '/tmp/rows', ...argv]
    const {status, stderr} = await bed.run({argv: bench, timeoutMs})
    if (status !== 0) throw new Error(`${stderr}`.trim().split('\n').at(-1))
    const {stdout} = await bed.run({argv: ['cat', '/tmp/rows']})
    return JSON.parse(`${stdout}`)
  } finally {
    await bed.stop()
  }
}
