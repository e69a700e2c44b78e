// `bench --paper`: runs the microbenchmarks of two papers on KVM for ARM through hv's VM API, here and in beds.
//
// What is measured and what may be compared: ci/README.md, "The papers' table".

import {spawnSync} from 'node:child_process'
import {existsSync} from 'node:fs'
import {bedNamed} from '../bed/beds.mjs'
import {bootBed} from '../bed/boot.mjs'
import {bundledPath, bundleScript} from '../bundle-script.mjs'
import {arch, root} from '../paths.mjs'
import {BENCHMARKS} from './paper-table.mjs'

const RUNNER = 'ci/bench/paper-vm.mjs'
const TIMEOUT_MS = 900_000
const KINDS = {nvhe: 'split', vhe: 'vhe'}

/**
 * @param {string[]} beds none: this host
 * @param {{isTimed?: boolean}} options `isTimed`: beds' clocks follow the host's and do not count instructions
 * @returns {Promise<{architecture: 'arm64' | 'x86_64', columns: import('./paper-table.mjs').Column[]}[]>}
 */
export async function paper(beds, {isTimed = false} = {}) {
  await bundleScript(RUNNER)
  if (beds.length === 0) return [{architecture: arch, columns: [await here()]}]
  const columns = {}
  for (const name of beds) {
    console.error(`bench: the papers' table in ${name}`)
    const description = bedNamed(name)
    if (description === undefined) throw new Error(`neither a bed nor a board has the name ${name}`)
    columns[description.architecture] ??= []
    columns[description.architecture].push(await inBed(name, description, isTimed))
  }
  return Object.entries(columns).map(([architecture, all]) => ({architecture, columns: all}))
}

function here() {
  const argv = [bundledPath(RUNNER), `${root}/${guestOf(arch)}`, 'timed']
  const run = (names) =>
    spawnSync(process.execPath, [...argv, ...names], {encoding: 'utf8', timeout: TIMEOUT_MS})
  return columnBy(run, {source: 'here', mode: '', unit: 'ns'})
}

async function inBed(name, {architecture, mode}, isTimed) {
  const guest = guestOf(architecture)
  const bed = await bootBed(name, {countsInstructions: !isTimed})
  try {
    const argv = ['node', bundledPath(RUNNER).slice(root.length + 1), guest, isTimed ? 'timed' : 'counted']
    const run = (names) => bed.run({argv: [...argv, ...names], timeoutMs: TIMEOUT_MS})
    const unit = isTimed ? 'ns' : 'instructions'
    return await columnBy(run, {source: name, mode, kind: KINDS[mode], unit})
  } finally {
    await bed.stop()
  }
}

function guestOf(architecture) {
  const guest = `.cache/guests/${architecture}/bare-paper`
  if (existsSync(`${root}/${guest}`)) return guest
  throw new Error(`there is no ${guest}: node ci/test.mjs guests`)
}

/**
 * A runner that dies takes one row along: that row has the reason, and another runner measures the rest.
 * @param {(names: string[]) => object | Promise<object>} run runs paper-vm.mjs with these benchmarks
 */
export async function columnBy(run, about) {
  const lines = []
  for (let names = Object.keys(BENCHMARKS); names.length > 0; ) {
    const {status, signal, stdout, stderr} = await run(names)
    const told = `${stdout}`.split('\n').filter((line) => line !== '')
    lines.push(...told)
    const [died, ...rest] = names.slice(told.length)
    if (died !== undefined)
      lines.push(JSON.stringify({name: died, why: reasonOf(`${stderr}`, status ?? signal)}))
    names = rest
  }
  return columnOf(about, lines.join('\n'))
}

/** Of a crash: Node shows the source, the error, its stack, and last of all its own version. */
function reasonOf(stderr, end) {
  const lines = stderr.split('\n').filter((line) => line !== '' && !line.startsWith('Node.js v'))
  const error = lines.find((line) => /^\w*Error\b/.test(line)) ?? lines.at(-1)
  return error?.replace(/^Error: /, '') ?? `its process ended with ${end}`
}

/** @param {string} lines the output of paper-vm.mjs */
export function columnOf(about, lines) {
  const column = {...about, values: {}, errors: {}, why: {}}
  for (const line of lines.trim().split('\n')) {
    const {name, ns, errorNs, why} = JSON.parse(line)
    if (ns !== undefined) column.values[name] = ns
    if (errorNs !== undefined) column.errors[name] = errorNs
    if (why !== undefined) column.why[name] = why
  }
  return column
}
