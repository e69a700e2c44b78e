// checkHost: what this host can do for hv, finding by finding, with the proof at the end.

import {type Capability, type Check, type Facts, KVM_DEVICE} from './facts.ts'
import type {Finding, HostReport, ProveTrap} from './finding.ts'
import {Host, type HostOptions} from './host.ts'
import {checkKvmDevice} from './kvm-device.ts'
import {checkKvmApi, checkKvmCapabilities, checkKvmVm} from './kvm-vm.ts'
import {describeSurroundings, surroundingsOf} from './surroundings.ts'
import {proveTrap} from './trap-proof.ts'
import {CAPABILITIES} from './x86_64/capabilities.ts'
import {CHECKS} from './x86_64/checks.ts'

interface ArchChecks {
  capabilities: readonly Capability[]
  checks: readonly Check[]
}

const BY_ARCH: Record<string, ArchChecks> = {x86_64: {capabilities: CAPABILITIES, checks: CHECKS}}

/**
 * Looks at the host; changes nothing. Nothing about a host makes it throw.
 * @throws HvError ADDON_MISSING
 */
export async function checkHost(options: HostOptions = {}): Promise<HostReport> {
  const host = new Host({proveTrap: proveRealTrap, ...options})
  const arch = BY_ARCH[host.arch]
  const report = {version: 1, arch: host.arch, kernel: host.kernel} as const
  if (!arch) return {...report, usable: false, platform: null, findings: [unknownArch(host)]}

  const {capabilities} = arch
  // Not at the top: oclif takes a command whose import fails for one that does not exist.
  const probeKvm = options.probeKvm ?? (await import('../addon.ts')).addon.probeKvm
  const kvm = probeKvm(
    KVM_DEVICE,
    capabilities.map(({number}) => number),
  )
  const facts: Facts = {host, surroundings: surroundingsOf(host), kvm, capabilities}
  const findings = [
    ...describeSurroundings(facts.surroundings),
    ...arch.checks.flatMap((check) => check(facts)),
    ...[checkKvmDevice, checkKvmApi, checkKvmVm, checkKvmCapabilities].flatMap((check) => check(facts)),
    await proveTrap(facts),
  ]
  const isProven = findings.at(-1)?.status === 'ok'
  const usable = isProven && findings.every(({status}) => status !== 'fail')
  return {...report, usable, platform: usable ? 'kvm' : null, findings}
}

const proveRealTrap: ProveTrap = async () => {
  const {measureTrap} = await import('../platform/proof.ts')
  return {ok: true, ...measureTrap()}
}

function unknownArch(host: Host): Finding {
  return {
    id: 'arch',
    title: 'Architecture',
    status: 'fail',
    detail: `hv has no checks for ${host.arch}.`,
    evidence: `uname -m: ${host.arch}`,
    mend: `use a host of ${Object.keys(BY_ARCH).join(' or ')}`,
  }
}
