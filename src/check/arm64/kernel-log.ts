// arm64: what the kernel's log says about EL2 and KVM. Lines of Linux 5.10 to 7.3: arch/arm64/kvm/arm.c,
// arch/arm64/kernel/cpufeature.c and smp.c.

import type {Host} from '../host.ts'
import {ALL_MODES, type Clue, KERNEL_AT_EL2, type Mode} from './modes.ts'

/** arm.c prints it last when one of its steps fails. */
const FAILURE = /^kvm \[\d+\]: error initializing .*/m

const LINES: [pattern: RegExp, modes: readonly Mode[]][] = [
  [/^kvm \[\d+\]: VHE mode initialized/, ['vhe']],
  [/^kvm \[\d+\]: VHE\+NV2 mode initialized/, ['vhe-nv2']],
  // Linux 6.1 leaves the name out.
  [/^kvm \[\d+\]: Hyp (nVHE )?mode initialized/, ['nvhe']],
  [/^kvm \[\d+\]: Hyp hVHE mode initialized/, ['hvhe']],
  [/^kvm \[\d+\]: Protected nVHE mode initialized/, ['protected-nvhe']],
  [/^kvm \[\d+\]: Protected hVHE mode initialized/, ['protected-hvhe']],
  [/^kvm \[\d+\]: HYP mode not available/, ['el1']],
  [/^kvm \[\d+\]: KVM disabled from command line/, ['disabled']],
  [/^CPU: All CPU\(s\) started at EL1/, ['el1']],
  [/^CPU: All CPU\(s\) started at EL2/, ALL_MODES.filter((mode) => mode !== 'el1')],
  [/^CPU features: detected: Virtualization Host Extensions/, [...KERNEL_AT_EL2, 'disabled', 'failed']],
  [/^CPU features: detected: VHE for hypervisor only/, ['hvhe', 'protected-hvhe', 'disabled', 'failed']],
  [/^CPU features: detected: Protected KVM/, ['protected-nvhe', 'protected-hvhe', 'failed']],
  [FAILURE, ['failed']],
]
/** For /var/log/dmesg: a boot's log is smaller. */
const MAX_LENGTH = 8 << 20

/** The log of this boot: /dev/kmsg, or the copy that some distributions make. */
function readLog(host: Host): {text: string; kind: 'kernel log' | 'old kernel log'} | null {
  const current = host.readKernelLog()
  if (current) return {text: strip(current), kind: 'kernel log'}
  const path = '/var/log/dmesg'
  const stat = host.stat(path)
  if (!stat || stat.size > MAX_LENGTH || stat.mtimeMs < bootTimeMs(host)) return null
  const copy = host.read(path)
  return copy === null ? null : {text: strip(copy), kind: 'old kernel log'}
}

export function cluesOfLog(host: Host): Clue[] {
  const log = readLog(host)
  if (!log) return []
  return log.text.split('\n').flatMap((line) =>
    LINES.filter(([pattern]) => pattern.test(line)).map(([, modes]) => ({
      kind: log.kind,
      text: `"${line}"`,
      modes,
    })),
  )
}

/** Why KVM could not start, in the kernel's words, if it tried. */
export function kvmFailureOf(host: Host): string | undefined {
  return FAILURE.exec(readLog(host)?.text ?? '')?.[0]
}

/** Strips `6,339,5140900,-;` of /dev/kmsg and `[    5.140900] ` of dmesg from the lines. */
function strip(log: string): string {
  return log.replace(/^(?:<\d+>)?(?:\d+,\d+,\d+,[^;\n]*;|\[ *\d+\.\d+\] )/gm, '')
}

/** A copy that is older than this boot belongs to another one. */
function bootTimeMs(host: Host): number {
  const seconds = /^btime (\d+)$/m.exec(host.read('/proc/stat') ?? '')?.[1]
  return Number(seconds ?? 0) * 1000
}
