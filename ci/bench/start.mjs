// What it costs to run a program that does nothing: `hv run` against an empty node.

import {median, run, underHv} from './measure.mjs'
import {program} from './programs.mjs'
import {row} from './row.mjs'

const WALL_LIMIT = 1.8
const RESIDENT_LIMIT = 1.6

export function start({startRounds}) {
  const {NODE_EXTRA_CA_CERTS: certificates, ...bare} = process.env
  const commands = {node: [process.execPath, '-e', '0'], hv: underHv([program('true')])}
  const here = startUps(commands, startRounds)
  const rows = [
    row('start/wall', 'ms', here.hv.wallMs, 'node -e 0', here.node.wallMs, {limit: WALL_LIMIT}),
    row('start/peak-resident', 'MiB', here.hv.residentMiB, 'node -e 0', here.node.residentMiB, {
      limit: RESIDENT_LIMIT,
    }),
  ]
  if (certificates === undefined) return rows
  // Node 20 takes 35 ms to read them at each start, its own and hv's: without them hv's share is larger.
  const {hv, node} = startUps(commands, startRounds, bare)
  const note = 'without NODE_EXTRA_CA_CERTS'
  return [...rows, row('start/wall-bare', 'ms', hv.wallMs, 'node -e 0', node.wallMs, {note})]
}

/**
 * Runs each command in turn, whole.
 * @param {Record<string, string[]>} commands
 * @returns {Record<string, {wallMs: number, residentMiB: number}>} medians
 */
export function startUps(commands, startRounds, env = process.env) {
  const taken = Object.entries(commands).map(([name, argv]) => ({name, argv, uses: []}))
  // The first run after an update saves V8's bytecode for all later ones: src/code-cache.ts.
  for (const {argv} of taken) usage(argv, env)
  for (let round = 0; round < startRounds; round++) {
    for (const {argv, uses} of taken) uses.push(usage(argv, env))
  }
  const summary = (uses) => ({
    wallMs: median(uses.map(({wallMs}) => wallMs)),
    residentMiB: median(uses.map(({residentMiB}) => residentMiB)),
  })
  return Object.fromEntries(taken.map(({name, uses}) => [name, summary(uses)]))
}

function usage(argv, env) {
  const [wallNs, residentKiB, status] = run([program('usage'), ...argv], env).words.map(Number)
  if (status !== 0) throw new Error(`${argv.join(' ')}: wait status ${status}`)
  return {wallMs: wallNs / 1e6, residentMiB: residentKiB / 1024}
}
