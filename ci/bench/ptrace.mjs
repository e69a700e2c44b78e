// The ptrace platform: one null system call against raw ptrace(2), and programs' operations against gVisor's ptrace platform.

import {alternate, best, pinned, underHv, underRunsc, whyNot} from './measure.mjs'
import {program} from './programs.mjs'
import {emptyRow, row} from './row.mjs'
import {startUps} from './start.mjs'

const FLOOR_LIMIT = 1.3
/** The names that operation.c knows. */
const OPERATIONS = [
  'getpid',
  'read',
  'write',
  'open-close',
  'open-close-file',
  'stat',
  'stat-file',
  'mmap-touch-munmap',
  'fault-in-order',
  'fault-scattered',
  'fault-new-in-order',
  'fault-new-scattered',
]
const FLAGS = ['--platform=ptrace']

export function ptrace({rounds, milliseconds, startRounds}) {
  const rows = [nullSyscall(rounds, milliseconds)]
  const missing = whyNot(underRunsc('ptrace', ['true']))
  if (missing !== undefined) return [...rows, emptyRow('ptrace/runsc', 'absent', missing)]

  for (const operation of OPERATIONS) rows.push(againstRunsc(operation, rounds, milliseconds))
  const nothing = [program('true')]
  const {hv, runsc} = startUps(
    {hv: underHv(nothing, FLAGS), runsc: underRunsc('ptrace', nothing)},
    startRounds,
  )
  return [...rows, row('ptrace/start', 'ms', hv.wallMs, 'runsc ptrace', runsc.wallMs, {limit: 1})]
}

function nullSyscall(rounds, milliseconds) {
  const {floor, hv} = alternate(
    {
      floor: pinned([program('ptrace-floor'), `${milliseconds}`]),
      hv: pinned(underHv([program('null-trap'), `${milliseconds}`], FLAGS)),
    },
    rounds,
  )
  const note = 'raw ptrace writes all registers, hv the result alone'
  return row('ptrace/null-syscall', 'ns', best(hv), 'raw ptrace', best(floor), {limit: FLOOR_LIMIT, note})
}

/** Both on one CPU: when free to choose, runsc takes up to four times as long. */
function againstRunsc(operation, rounds, milliseconds) {
  const call = [program('operation'), operation, `${milliseconds}`]
  const {hv, runsc} = alternate(
    {hv: pinned(underHv(call, FLAGS)), runsc: pinned(underRunsc('ptrace', call))},
    rounds,
  )
  return row(`ptrace/${operation}`, 'ns', best(hv), 'runsc ptrace', best(runsc), {limit: 1})
}
