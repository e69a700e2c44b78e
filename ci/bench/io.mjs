// `bench --io`: what a machine's disk, share and network card take under hv and under QEMU, with the same kernel, in turn in a bed.

import {bedNamed} from '../bed/beds.mjs'
import {bootBed} from '../bed/boot.mjs'
import {program} from './programs.mjs'
import {emptyRow, row} from './row.mjs'

const TIMEOUT_MS = 3_600_000
const LIMIT = 1.2

/** @returns {Promise<import('./row.mjs').Row[]>} */
export async function inBeds(beds, rounds) {
  const rows = []
  for (const name of beds) {
    console.error(`bench: devices in ${name}`)
    rows.push(...(await io(name, rounds).catch((error) => [emptyRow(name, 'failed', error.message)])))
  }
  return rows
}

async function io(name, rounds) {
  const description = bedNamed(name)
  if (description === undefined) throw new Error(`neither a bed nor a board has the name ${name}`)
  const {architecture} = description
  program('io', architecture)
  const bed = await bootBed(name, {debian: 'qemu'})
  try {
    const argv = ['node', 'ci/bench/io-runs.mjs', architecture, String(rounds)]
    const {status, stdout, stderr} = await bed.run({argv, timeoutMs: TIMEOUT_MS})
    if (status !== 0) throw new Error(`${stderr}`.trim().split('\n').at(-1))
    const {machine, hv, qemu} = JSON.parse(`${stdout}`)
    return Object.entries(hv).map(([figure, ns]) =>
      row(`${figure}/${name}`, 'µs', ns / 1000, `QEMU's ${machine}`, qemu[figure] / 1000, {limit: LIMIT}),
    )
  } finally {
    await bed.stop()
  }
}
