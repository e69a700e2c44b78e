// Processes and threads: what programs do with them, on each platform against native, and against gVisor's.

import {allowedCpus, alternate, best, underHv, underRunsc, whyNot} from './measure.mjs'
import {program} from './programs.mjs'
import {emptyRow, row} from './row.mjs'
import {gitRepository, sourceTree} from './trees.mjs'

/** Each of hv's platforms, gVisor's counterpart, and the limit for their ratio. */
const PEERS = [
  {platform: 'kvm', peer: 'systrap', limit: null},
  {platform: 'ptrace', peer: 'ptrace', limit: 1},
]
const FORK_LIMIT = 3
const TWO_BUSY_LIMIT = 0.6
const MEMORY = '--memory=2G'

export function processes({rounds, milliseconds}) {
  const missing = Object.fromEntries(PEERS.map(({peer}) => [peer, whyNot(underRunsc(peer, ['true']))]))
  const rows = []
  for (const {name, argv, limit} of operations(milliseconds))
    rows.push(...measured(name, () => rowsOf(name, alternate(commandsOf(argv, missing), rounds), limit)))
  for (const [peer, reason] of Object.entries(missing))
    if (reason !== undefined) rows.push(emptyRow(`processes/runsc-${peer}`, 'absent', reason))
  return [...rows, ...measured('two-busy', () => twoBusy(rounds))]
}

/** A group that cannot be measured becomes a row that says so, and no other rows are lost. */
function measured(name, rows) {
  try {
    return rows()
  } catch (error) {
    return [emptyRow(`processes/${name}`, 'failed', error.message)]
  }
}

function operations(milliseconds) {
  const own = (name) => [program('processes'), name, `${milliseconds}`]
  const spawn = (...argv) => [...own('spawn'), ...argv]
  const sources = sourceTree()
  const repository = gitRepository()
  return [
    {name: 'fork-wait', argv: own('fork-wait')},
    {name: 'fork-wait-1GiB', argv: own('fork-wait-1GiB'), limit: FORK_LIMIT},
    {name: 'exec-static', argv: spawn(program('true'))},
    {name: 'exec-dynamic', argv: spawn('/bin/true')},
    {name: 'sh-pipeline', argv: spawn('/bin/sh', '-c', 'echo a b c | tr a-z A-Z | wc -c')},
    {name: 'pipe-ping-pong', argv: own('pipe')},
    {name: 'futex-ping-pong', argv: own('futex')},
    {name: 'thread-create-join', argv: own('thread')},
    {name: 'make-j2', argv: spawn('/usr/bin/make', '-B', '-s', '-j2', '-C', sources)},
    {name: 'python3-pass', argv: spawn('/usr/bin/python3', '-c', 'pass')},
    {name: 'git-status', argv: spawn('/usr/bin/git', '-C', repository, 'status', '--short')},
  ]
}

function commandsOf(argv, missing) {
  const commands = {native: argv}
  for (const {platform, peer} of PEERS) {
    commands[platform] = underHv(argv, [`--platform=${platform}`, MEMORY, '--root=/'])
    if (missing[peer] === undefined) commands[`runsc ${peer}`] = underRunsc(peer, argv)
  }
  return commands
}

function rowsOf(name, taken, nativeLimit = null) {
  return PEERS.flatMap(({platform, peer, limit}) => {
    const hv = best(taken[platform]) / 1e3
    const against = (what, limit) =>
      row(`processes/${name}-${platform}`, 'µs', hv, what, best(taken[what]) / 1e3, {limit})
    const named = `runsc ${peer}`
    return [against('native', nativeLimit), ...(taken[named] === undefined ? [] : [against(named, limit)])]
  })
}

/** The same work in one thread and in two. */
function twoBusy(rounds) {
  if (allowedCpus().length < 2) return [emptyRow('processes/two-busy', 'absent', 'needs two CPUs')]

  const busy = (name) => [program('processes'), name, '0']
  const under = (platform, name) => underHv(busy(name), [`--platform=${platform}`])
  const taken = alternate(
    {
      ...{nativeOne: busy('busy-one'), nativeTwo: busy('busy-two')},
      ...{kvmOne: under('kvm', 'busy-one'), kvmTwo: under('kvm', 'busy-two')},
      ...{ptraceOne: under('ptrace', 'busy-one'), ptraceTwo: under('ptrace', 'busy-two')},
    },
    rounds,
  )
  const msOf = (where) => ['One', 'Two'].map((count) => best(taken[where + count]) / 1e6)
  const [nativeOne, nativeTwo] = msOf('native')
  const note = `natively ${(nativeTwo / nativeOne).toFixed(2)}`
  return PEERS.map(({platform}) => {
    const [one, two] = msOf(platform)
    return row(`processes/two-busy-${platform}`, 'ms', two, 'one thread', one, {limit: TWO_BUSY_LIMIT, note})
  })
}
