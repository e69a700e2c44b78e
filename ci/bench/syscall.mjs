// One null system call: by VM exit against raw ioctls, and answered by the listening sentry against gVisor.

import {allowedCpus, alternate, best, parseStats, pinned, run, underHv, underRunsc} from './measure.mjs'
import {program} from './programs.mjs'
import {emptyRow, row} from './row.mjs'

const EXIT_LIMIT = 1.25
const LISTENING_LIMIT_NS = 2000

export function exit({rounds, milliseconds}) {
  const call = [program('null-syscall'), `${milliseconds}`]
  const {floor, hv} = alternate(
    {floor: pinned([program('kvm-floor'), `${milliseconds}`]), hv: pinned(underHv(call))},
    rounds,
  )
  const {exits, syscalls} = parseStats(run(pinned(underHv(call, ['--stats']))).stderr)
  const note = `${(exits / syscalls).toFixed(2)} exits a call`
  return [row('exit/null-syscall', 'ns', best(hv), 'raw KVM ioctls', best(floor), {limit: EXIT_LIMIT, note})]
}

export function listening({rounds, milliseconds}) {
  if (allowedCpus().length < 2) return [emptyRow('listening', 'absent', 'needs two CPUs')]

  const call = [program('null-syscall'), `${milliseconds}`]
  const {native, hv} = alternate({native: call, hv: underHv(call)}, rounds)
  const {listened, syscalls} = parseStats(run(underHv(call, ['--stats'])).stderr)
  const note = `${((100 * listened) / syscalls).toFixed(0)} % without an exit`
  return [
    row('listening/null-syscall', 'ns', best(hv), 'wanted', LISTENING_LIMIT_NS, {limit: 1, note}),
    row('listening/native', 'ns', best(hv), 'native', best(native)),
    againstRunsc('systrap', call, best(hv), rounds),
    againstRunsc('ptrace', call, best(hv), rounds),
  ]
}

function againstRunsc(platform, call, hvNs, rounds) {
  const name = `listening/runsc-${platform}`
  try {
    const {runsc} = alternate({runsc: underRunsc(platform, call)}, rounds)
    return row(name, 'ns', hvNs, `runsc ${platform}`, best(runsc), {limit: 1})
  } catch (error) {
    return emptyRow(name, 'absent', error.message)
  }
}
