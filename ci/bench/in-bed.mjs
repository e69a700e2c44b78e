// The same benchmark in beds, one after the other, and VHE beside nVHE.

import {bedNamed} from '../bed/beds.mjs'
import {bootBed} from '../bed/boot.mjs'
import {benchPrograms} from '../bed/image.mjs'
import {bundleScript} from '../bundle-script.mjs'
import {program} from './programs.mjs'
import {emptyRow} from './row.mjs'
import {JAVASCRIPT_FLOOR} from './syscall.mjs'

const TIMEOUT_MS = 300_000
/** Dall, Li, Nieh: Optimizing the Design and Implementation of the Linux ARM Hypervisor (USENIX ATC 2017), table 2: cycles. */
const ATC17 =
  'ATC 2017, cycles, split mode / VHE: hypercall 6413 / 752, I/O answered by the process 10012 / 7630'

/** @returns {Promise<import('./row.mjs').Row[]>} the rows of each bed, by its name */
export async function benchInBeds(beds, groups) {
  const rows = []
  for (const name of beds) {
    console.error(`bench: ${groups.join(' ')} in ${name}`)
    rows.push(...(await inBed(name, groups)).map((row) => ({...row, name: `${name}/${row.name}`})))
  }
  return rows
}

async function inBed(name, groups) {
  const description = bedNamed(name)
  if (description === undefined) return [emptyRow('bed', 'failed', 'neither a bed nor a board has that name')]
  const {architecture} = description
  for (const each of benchPrograms) program(each, architecture)
  await bundleScript(JAVASCRIPT_FLOOR)

  const bed = await bootBed(name)
  try {
    const argv = ['node', 'ci/bench/bench.mjs', '--emulated', '--json', '/tmp/rows', ...groups]
    const {status, stderr} = await bed.run({argv, timeoutMs: TIMEOUT_MS})
    if (status !== 0) return [emptyRow('bench', 'failed', `${stderr}`.trim().split('\n').at(-1))]
    const {stdout} = await bed.run({argv: ['cat', '/tmp/rows']})
    const {rows} = JSON.parse(`${stdout}`)
    return rows.map((row) => (row.name === 'exit/raw-ioctls' ? {...row, note: ATC17} : row))
  } finally {
    await bed.stop()
  }
}
