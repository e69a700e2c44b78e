// inspectHost: what a host can do for hv, finding by finding; each platform's findings end with its proof.

import {arm64} from './arm64/checks.ts'
import {boardOf, checkBoard} from './board.ts'
import {type ArchChecks, type Facts, KVM_DEVICE, makesVms} from './facts.ts'
import {type Finding, type HostReport, PLATFORMS, type PlatformName, type ProveStop} from './finding.ts'
import {Host, type HostOptions, type ProbeKvm} from './host.ts'
import {describeJail} from './jail.ts'
import {checkKvmDevice} from './kvm-device.ts'
import {checkKvmApi, checkKvmCapabilities, checkKvmVm} from './kvm-vm.ts'
import {checkPtrace} from './ptrace/checks.ts'
import {proveRealJail, proveRealStop, proveRealTrap} from './real-proofs.ts'
import {checkProc, describeSurroundings, surroundingsOf} from './surroundings.ts'
import {attempt, comparePlatforms, describeTrap} from './trap-proof.ts'
import {checkVmFeatures} from './vm-features.ts'
import {x86_64} from './x86_64/checks.ts'

const BY_ARCH: Record<string, ArchChecks> = {x86_64, arm64}

/** Looks at the host, or at one that a test makes up; changes nothing, and never throws because of what it finds. */
export async function inspectHost(options: HostOptions): Promise<HostReport> {
  const proofs: HostOptions = {proveTrap: proveRealTrap, proveStop: proveRealStop, proveJail: proveRealJail}
  const {proveTrap, proveStop, proveJail} = {...proofs, ...options}
  const host = new Host(options)
  const arch = BY_ARCH[host.arch]
  const report = {version: 2, arch: host.arch, kernel: host.kernel} as const
  if (!arch) {
    return {
      ...report,
      ...verdictOf({kvm: false, ptrace: false}),
      board: null,
      machine: null,
      findings: [unknownArch(host)],
    }
  }

  const board = boardOf(host, options)
  const facts = await factsOf(host, arch, options.probeKvm, proveStop)
  const machine = arch.machineOf(facts)
  const proc = checkProc(facts)
  const trap = proveTrap && makesVms(facts) ? await attempt(proveTrap) : undefined
  const kvm = about('kvm', [
    ...arch.checks.flatMap((check) => check(facts)),
    ...[checkKvmDevice, checkKvmApi, checkKvmVm, checkKvmCapabilities].flatMap((check) => check(facts)),
    ...checkVmFeatures(facts, arch.features),
    describeTrap(trap, proveTrap ? 'KVM makes no VM' : 'no prover was given'),
  ])
  const ptrace = about('ptrace', checkPtrace(facts))
  return {
    ...report,
    ...verdictOf({kvm: !proc.length && isProven(kvm), ptrace: !proc.length && isProven(ptrace)}),
    board: board.board?.name ?? null,
    machine,
    findings: [
      ...describeSurroundings(facts.surroundings),
      ...proc,
      ...checkBoard(host, machine, board),
      ...kvm,
      ...ptrace,
      ...comparePlatforms(trap?.proof, facts.stop?.proof),
      ...describeJail(host, await proveJail?.()),
    ],
  }
}

function about(platform: PlatformName, findings: readonly Finding[]): Finding[] {
  return findings.map((finding) => ({...finding, platform}))
}

/** @param findings about a platform, its proof last */
function isProven(findings: readonly Finding[]): boolean {
  return findings.at(-1)?.status === 'ok' && findings.every(({status}) => status !== 'fail')
}

function verdictOf(
  platforms: HostReport['platforms'],
): Pick<HostReport, 'usable' | 'platform' | 'platforms'> {
  const platform = PLATFORMS.find((name) => platforms[name]) ?? null
  return {usable: platform !== null, platform, platforms}
}

async function factsOf(
  host: Host,
  arch: ArchChecks,
  probe: ProbeKvm | undefined,
  proveStop: ProveStop | undefined,
): Promise<Facts> {
  const {capabilities, moreCapabilities, features, questions} = arch
  // Not at the top: oclif treats a command whose import fails as one that does not exist.
  const probeKvm = probe ?? (await import('../addon.ts')).addon.probeKvm
  const numbers = [
    ...capabilities.map(({number}) => number),
    ...moreCapabilities,
    ...features.map(({number}) => number),
  ]
  const kvm = probeKvm(KVM_DEVICE, numbers, questions)
  const stop = proveStop && (await attempt(proveStop))
  return {host, surroundings: surroundingsOf(host), kvm, capabilities, stop}
}

function unknownArch(host: Host): Finding {
  const subject = {
    id: 'arch',
    title: 'Architecture',
    status: 'fail',
    evidence: `uname -m: ${host.arch}`,
  } as const
  // An Armv8 board with a kernel for Armv7.
  if (/^armv[78]/.test(host.arch)) {
    return {
      ...subject,
      detail: 'This is a 32-bit kernel: KVM is in 64-bit ones only.',
      fix: 'boot a 64-bit kernel (Raspberry Pi: `arm_64bit=1` in config.txt, which takes kernel8.img)',
    }
  }
  return {
    ...subject,
    detail: `hv has no checks for ${host.arch}.`,
    fix: `use a host of ${Object.keys(BY_ARCH).join(' or ')}`,
  }
}
