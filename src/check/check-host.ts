// checkHost: what this host can do for hv, finding by finding, with the proof at the end.

import {arm64} from './arm64/checks.ts'
import {boardOf, checkBoard} from './board.ts'
import {type ArchChecks, type Facts, KVM_DEVICE} from './facts.ts'
import type {Finding, HostReport, ProveTrap} from './finding.ts'
import {Host, type HostOptions} from './host.ts'
import {checkKvmDevice} from './kvm-device.ts'
import {checkKvmApi, checkKvmCapabilities, checkKvmVm} from './kvm-vm.ts'
import {describeSurroundings, surroundingsOf} from './surroundings.ts'
import {proveTrap} from './trap-proof.ts'
import {x86_64} from './x86_64/checks.ts'

const PROOF_BYTES = 16 << 20
const BY_ARCH: Record<string, ArchChecks> = {x86_64, arm64}

/**
 * Looks at the host; changes nothing. Nothing about a host makes it throw.
 * @throws HvError ADDON_MISSING; BAD_ARGUMENT and BOARD_INVALID for the board that `options` name
 */
export async function checkHost(options: HostOptions = {}): Promise<HostReport> {
  const host = new Host({proveTrap: proveRealTrap, ...options})
  const arch = BY_ARCH[host.arch]
  const report = {version: 1, arch: host.arch, kernel: host.kernel} as const
  if (!arch) {
    return {
      ...report,
      usable: false,
      platform: null,
      board: null,
      machine: null,
      findings: [unknownArch(host)],
    }
  }

  const board = boardOf(host, options)
  const facts = await factsOf(host, arch, options)
  const machine = arch.machineOf(facts)
  const findings = [
    ...describeSurroundings(facts.surroundings),
    ...checkBoard(host, machine, board),
    ...arch.checks.flatMap((check) => check(facts)),
    ...[checkKvmDevice, checkKvmApi, checkKvmVm, checkKvmCapabilities].flatMap((check) => check(facts)),
    await proveTrap(facts),
  ]
  const isProven = findings.at(-1)?.status === 'ok'
  const usable = isProven && findings.every(({status}) => status !== 'fail')
  const name = board.board?.name ?? null
  return {...report, usable, platform: usable ? 'kvm' : null, board: name, machine, findings}
}

async function factsOf(host: Host, arch: ArchChecks, options: HostOptions): Promise<Facts> {
  const {capabilities, moreCapabilities, questions} = arch
  // Not at the top: oclif takes a command whose import fails for one that does not exist.
  const probeKvm = options.probeKvm ?? (await import('../addon.ts')).addon.probeKvm
  const numbers = [...capabilities.map(({number}) => number), ...moreCapabilities]
  const kvm = probeKvm(KVM_DEVICE, numbers, questions)
  return {host, surroundings: surroundingsOf(host), kvm, capabilities}
}

const proveRealTrap: ProveTrap = async () => {
  const [{KvmPlatform}, {measureTrap}] = await Promise.all([
    import('../platform/kvm/kvm.ts'),
    import('../platform/proof.ts'),
  ])
  using platform = new KvmPlatform(PROOF_BYTES)
  return {ok: true, ...measureTrap(platform)}
}

function unknownArch(host: Host): Finding {
  const subject = {
    id: 'arch',
    title: 'Architecture',
    status: 'fail',
    evidence: `uname -m: ${host.arch}`,
  } as const
  // A board of Armv8 with a kernel for Armv7.
  if (/^armv[78]/.test(host.arch)) {
    return {
      ...subject,
      detail: 'This is a 32-bit kernel: KVM is in 64-bit ones only.',
      mend: 'boot a 64-bit kernel (Raspberry Pi: `arm_64bit=1` in config.txt, which takes kernel8.img)',
    }
  }
  return {
    ...subject,
    detail: `hv has no checks for ${host.arch}.`,
    mend: `use a host of ${Object.keys(BY_ARCH).join(' or ')}`,
  }
}
