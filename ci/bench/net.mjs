// Sockets on the loopback interface: what they cost on each platform, against native, and against gVisor's own stack.

import {alternate, best, underHv, underRunsc, whyNot} from './measure.mjs'
import {program} from './programs.mjs'
import {emptyRow, row} from './row.mjs'

/** Each of hv's platforms and gVisor's counterpart. */
const PEERS = [
  {platform: 'kvm', peer: 'systrap'},
  {platform: 'ptrace', peer: 'ptrace'},
]
const OPERATIONS = [
  {name: 'tcp-round-trip', unit: 'µs', ns: 1e3},
  {name: 'tcp-stream-1GiB', unit: 'ms', ns: 1e6},
  {name: 'udp-round-trip', unit: 'µs', ns: 1e3},
  {name: 'connection', unit: 'µs', ns: 1e3},
]

export function net({rounds, milliseconds}) {
  const missing = Object.fromEntries(PEERS.map(({peer}) => [peer, whyNot(underRunsc(peer, ['true']))]))
  const rows = OPERATIONS.flatMap((operation) => measured(operation, rounds, milliseconds, missing))
  for (const [peer, reason] of Object.entries(missing))
    if (reason !== undefined) rows.push(emptyRow(`net/runsc-${peer}`, 'absent', reason))
  return rows
}

function measured(operation, rounds, milliseconds, missing) {
  const {name, unit, ns} = operation
  const argv = [program('net'), name, `${milliseconds}`]
  const commands = {native: argv}
  for (const {platform, peer} of PEERS) {
    commands[platform] = underHv(argv, [`--platform=${platform}`])
    if (missing[peer] === undefined) commands[`runsc ${peer}`] = underRunsc(peer, argv)
  }
  let taken
  try {
    taken = alternate(commands, rounds)
  } catch (error) {
    return [emptyRow(`net/${name}`, 'failed', error.message)]
  }
  return PEERS.flatMap(({platform, peer}) =>
    ['native', `runsc ${peer}`]
      .filter((against) => taken[against] !== undefined)
      .map((against) =>
        row(`net/${name}-${platform}`, unit, best(taken[platform]) / ns, against, best(taken[against]) / ns),
      ),
  )
}
