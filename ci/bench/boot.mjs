// `bench --boot`: how long a kernel takes from the command to its first process, under hv and under QEMU, side by side in a bed.

import {bedNamed} from '../bed/beds.mjs'
import {bootBed} from '../bed/boot.mjs'
import {digits, emptyRow, row} from './row.mjs'

const TIMEOUT_MS = 1_800_000

/** @returns {Promise<import('./row.mjs').Row[]>} */
export async function inBeds(beds, {rounds}) {
  const rows = []
  for (const name of beds) {
    console.error(`bench: boots in ${name}`)
    rows.push(...(await boots(name, rounds).catch((error) => [emptyRow(name, 'failed', error.message)])))
  }
  return rows
}

async function boots(name, rounds) {
  const description = bedNamed(name)
  if (description === undefined) throw new Error(`neither a bed nor a board has the name ${name}`)
  const bed = await bootBed(name, {debian: 'qemu'})
  try {
    const argv = ['node', 'ci/bench/boot-runs.mjs', description.architecture, String(rounds)]
    const {status, stdout, stderr} = await bed.run({argv, timeoutMs: TIMEOUT_MS})
    if (status !== 0) throw new Error(`${stderr}`.trim().split('\n').at(-1))
    return JSON.parse(`${stdout}`).map(({kernel, machine, startMs, hvMs, qemuMs}) => {
      const note = `hv's own start takes ${digits(startMs)} ms of it`
      return row(`boot/${name}/${kernel}`, 'ms', hvMs, `QEMU's ${machine}`, qemuMs, {limit: 1, note})
    })
  } finally {
    await bed.stop()
  }
}
