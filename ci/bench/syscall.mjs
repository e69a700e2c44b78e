// One null system call: through a VM exit against raw ioctls, and answered by the polling sentry against gVisor.

import {bundledPath, bundleScript} from '../bundle-script.mjs'
import {arch} from '../paths.mjs'
import {
  allowedCpus,
  alternate,
  best,
  parseStats,
  pinned,
  run,
  underHv,
  underRunsc,
  whyNot,
} from './measure.mjs'
import {program} from './programs.mjs'
import {emptyRow, row} from './row.mjs'

export const JAVASCRIPT_FLOOR = 'ci/bench/javascript-floor.mjs'
const EXIT_LIMITS = {x86_64: 1.25, arm64: 1.35}
const POLLING_LIMIT_NS = 2000
const PLATFORMS = ['systrap', 'ptrace']

export async function exit({rounds, milliseconds, isEmulated}) {
  // A bed has the script as bundled outside.
  const script = isEmulated ? bundledPath(JAVASCRIPT_FLOOR) : await bundleScript(JAVASCRIPT_FLOOR)
  const call = [program('null-trap'), `${milliseconds}`]
  const {floor, javascript, hv} = alternate(
    {
      floor: pinned([program('kvm-floor'), `${milliseconds}`]),
      javascript: pinned([process.execPath, script, `${milliseconds}`]),
      hv: pinned(underHv(call)),
    },
    rounds,
  )
  const {exits, syscalls} = parseStats(run(pinned(underHv(call, ['--stats']))).stderr)
  const note = `${(exits / syscalls).toFixed(2)} exits a call`
  const limit = EXIT_LIMITS[arch]
  return [
    row('exit/null-syscall', 'ns', best(hv), 'raw KVM ioctls', best(floor), {limit, note}),
    row('exit/javascript', 'ns', best(javascript), 'raw KVM ioctls', best(floor), {
      note: 'KVM_RUN and nothing else',
    }),
    ...hypercall(rounds, milliseconds, best(floor)),
  ]
}

/** What the world switch alone costs: a hypercall that the kernel answers, beside an exit that the process answers. */
function hypercall(rounds, milliseconds, exitNs) {
  if (arch !== 'arm64') return []
  const {kernel} = alternate({kernel: pinned([program('kvm-floor'), `${milliseconds}`, 'hypercall'])}, rounds)
  return [row('exit/raw-ioctls', 'ns', exitNs, 'hypercall that KVM answers', best(kernel))]
}

export function polling({rounds, milliseconds}) {
  if (allowedCpus().length < 2) return [emptyRow('polling', 'absent', 'needs two CPUs')]

  const call = [program('null-syscall'), `${milliseconds}`]
  const gvisor = Object.fromEntries(PLATFORMS.map((platform) => [platform, underRunsc(platform, call)]))
  const missing = Object.fromEntries(PLATFORMS.map((platform) => [platform, whyNot(gvisor[platform])]))
  const present = Object.entries(gvisor).filter(([platform]) => missing[platform] === undefined)
  const taken = alternate({native: call, hv: underHv(call), ...Object.fromEntries(present)}, rounds)

  const {polled, syscalls} = parseStats(run(underHv(call, ['--stats'])).stderr)
  const note = `${((100 * polled) / syscalls).toFixed(0)} % without an exit`
  const hv = best(taken.hv)
  return [
    row('polling/null-syscall', 'ns', hv, 'wanted', POLLING_LIMIT_NS, {limit: 1, note}),
    row('polling/native', 'ns', hv, 'native', best(taken.native)),
    ...PLATFORMS.map((platform) => {
      const name = `polling/runsc-${platform}`
      if (missing[platform] !== undefined) return emptyRow(name, 'absent', missing[platform])
      return row(name, 'ns', hv, `runsc ${platform}`, best(taken[platform]), {limit: 1})
    }),
  ]
}
