// `bench --io`: what a machine's disk, share, network card and sockets take, and with --timed its boot, under hv and under QEMU, with the same kernel, in turn in a bed.

import {bedNamed} from '../bed/beds.mjs'
import {bootBed} from '../bed/boot.mjs'
import {stepMs} from '../budgets.mjs'
import {program} from './programs.mjs'
import {emptyRow, row} from './row.mjs'

const GROUPS = ['disk', 'share', 'net', 'vsock']
const LIMIT = 1.2
/** A count varies little, and takes long: a millisecond is a million instructions. V8 needs hundreds of them to compile what is measured. */
const LESS = 2
const LONGEST_TIMER_MS = 2 ** 31 - 1
const MACHINES = {x86_64: "QEMU's microvm", arm64: "QEMU's virt"}
const NOTES = {
  share: 'by virtiofsd',
  vsock: "by the host's kernel: vhost",
}

/**
 * @param {{isTimed?: boolean}} options `isTimed`: the beds' clocks follow the host's and do not count instructions
 * @returns {Promise<import('./row.mjs').Row[]>}
 */
export async function inBeds(beds, {rounds, milliseconds}, {isTimed = false} = {}) {
  const rows = []
  for (const name of beds) {
    console.error(`bench: devices in ${name}`)
    const settings = isTimed ? {rounds, milliseconds} : {rounds: 1, milliseconds: milliseconds / LESS}
    rows.push(
      ...(await io(name, {...settings, isTimed}).catch((error) => [emptyRow(name, 'failed', error.message)])),
    )
  }
  return rows
}

async function io(name, {rounds, milliseconds, isTimed}) {
  const description = bedNamed(name)
  if (description === undefined) throw new Error(`neither a bed nor a board has the name ${name}`)
  const {architecture} = description
  program('io', architecture)
  const boot = () => bootBed(name, {debian: 'qemu', countsInstructions: !isTimed})
  const rows = []
  const boots = {hv: [], qemu: []}
  for (const group of GROUPS) {
    // A bed of its own: one that stands still takes only its own rows along.
    const bed = await boot()
    try {
      const taken = {hv: [], qemu: []}
      for (let round = 0; round < rounds; round++)
        for (const by of Object.keys(taken)) {
          const argv = ['node', 'ci/bench/io-runs.mjs', architecture, by, group, String(milliseconds)]
          const {boot: bootNs, ...figures} = await within(bed, argv)
          // A machine by the library starts otherwise. Where instructions are counted, an idle machine's time jumps.
          if (isTimed && group !== 'vsock') boots[by].push(bootNs)
          taken[by].push(figures)
          console.error(`bench: ${name}, ${by}: ${JSON.stringify(figures)}`)
        }
      rows.push(...rowsOf(`${name}/${group}`, least(taken.hv), least(taken.qemu)))
    } catch (error) {
      rows.push(emptyRow(`${name}/${group}`, 'failed', error.message))
    } finally {
      await bed.stop()
    }
  }
  if (boots.qemu.length > 0)
    rows.push(...rowsOf(name, {boot: Math.min(...boots.hv)}, {boot: Math.min(...boots.qemu)}))
  return rows

  function rowsOf(prefix, hv, qemu) {
    const note = NOTES[prefix.split('/')[1]]
    return Object.keys(hv).map((figure) => {
      const [unit, scale] = isTimed ? ['µs', 1000] : ['instructions', 1]
      const values = [hv[figure] / scale, MACHINES[architecture], qemu[figure] / scale]
      return row(`${prefix}/${figure}`, unit, ...values, {limit: LIMIT, note})
    })
  }
}

/**
 * The time is taken here: a bed that counts instructions has another.
 * @returns {Promise<Record<string, number>>} what the command printed; the bed is ended when it takes too long
 */
async function within(bed, argv) {
  const timeoutMs = stepMs('bedDevices')
  let isLate = false
  const timer = setTimeout(() => {
    isLate = true
    void bed.stop()
  }, timeoutMs)
  try {
    const {status, stdout, stderr} = await bed.run({argv, timeoutMs: LONGEST_TIMER_MS}).catch((error) => {
      throw isLate ? new Error(`${argv.slice(3, 5).join(' ')}: no end after ${timeoutMs / 1000} s`) : error
    })
    if (status !== 0) throw new Error(`${stderr}`.trim().split('\n').at(-1))
    return JSON.parse(`${stdout}`)
  } finally {
    clearTimeout(timer)
  }
}

function least(all) {
  return Object.fromEntries(
    Object.keys(all[0]).map((name) => [name, Math.min(...all.map((each) => each[name]))]),
  )
}
