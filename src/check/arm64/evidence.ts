// arm64: all clues about the mode, the strongest first, and the verdict from them.

import type {Facts} from '../facts.ts'
import {hasEl2ForGuests, vhFieldOf} from './capabilities.ts'
import {cluesOfCommandLine} from './command-line.ts'
import {cluesOfInterrupts, readInterrupts} from './interrupts.ts'
import {cluesOfLog} from './kernel-log.ts'
import {cpusOf} from './midr.ts'
import {ALL_MODES, type Clue, KERNEL_AT_EL1, KERNEL_AT_EL2, type Mode, WITHOUT_KVM} from './modes.ts'

export interface Verdict {
  /** What all clues but the dissenting ones allow: one mode, or those that could not be told apart. */
  modes: readonly Mode[]
  agreeing: Clue[]
  /** Weaker clues that contradict the stronger ones. */
  dissenting: Clue[]
}

/** Every check needs it, and reading the kernel's log takes one call per line. */
const verdicts = new WeakMap<Facts, Verdict>()

export function verdictOf(facts: Facts): Verdict {
  const known = verdicts.get(facts)
  if (known) return known
  const verdict = judge(cluesOf(facts))
  verdicts.set(facts, verdict)
  return verdict
}

/** A stronger clue wins: the running kernel's own words over traces of what it does, those over what it was asked for. */
function judge(clues: readonly Clue[]): Verdict {
  let modes: readonly Mode[] = ALL_MODES
  const agreeing: Clue[] = []
  const dissenting: Clue[] = []
  for (const clue of clues) {
    const left = modes.filter((mode) => clue.modes.includes(mode))
    if (left.length === 0) dissenting.push(clue)
    else {
      agreeing.push(clue)
      modes = left
    }
  }
  return {modes, agreeing, dissenting}
}

/** The strongest come first. */
function cluesOf(facts: Facts): Clue[] {
  const {host} = facts
  const log = cluesOfLog(host)
  return [
    ...log.filter(({kind}) => kind === 'kernel log'),
    ...cluesOfKvm(facts),
    ...cluesOfSysfs(facts),
    ...cluesOfInterrupts(readInterrupts(host.read('/proc/interrupts') ?? '')),
    ...log.filter(({kind}) => kind === 'old kernel log'),
    ...cluesOfCores(facts),
    ...cluesOfCommandLine(host.read('/proc/cmdline')),
  ]
}

function cluesOfKvm(facts: Facts): Clue[] {
  const clues: Clue[] = []
  const hasEl2 = hasEl2ForGuests(facts)
  if (hasEl2 !== null) {
    const modes: readonly Mode[] = hasEl2 ? ['vhe-nv2'] : ['vhe', ...KERNEL_AT_EL1]
    clues.push({kind: 'KVM', text: `KVM_CAP_ARM_EL2=${Number(hasEl2)}`, modes})
  }
  // "arm64: Add support for overriding ID registers": with kvm-arm.mode=nvhe the field reads 0 on a core that has VHE.
  const vh = vhFieldOf(facts)
  if (vh !== null) {
    const modes: readonly Mode[] =
      vh === 0 ? ['nvhe', 'protected-nvhe'] : [...KERNEL_AT_EL2, 'hvhe', 'protected-hvhe']
    clues.push({kind: 'vCPU registers', text: `ID_AA64MMFR1_EL1.VH=${vh}`, modes})
  }
  return clues
}

/** KVM is built into the kernel, and registers its device only when it has started. */
function cluesOfSysfs({host}: Facts): Clue[] {
  if (!host.hasModule('kvm')) return []
  if (host.exists('/sys/class/misc/kvm')) {
    return [{kind: 'sysfs', text: 'KVM has its device', modes: [...KERNEL_AT_EL2, ...KERNEL_AT_EL1]}]
  }
  return [{kind: 'sysfs', text: 'KVM is there and has no device', modes: WITHOUT_KVM}]
}

/** A kernel may leave a core's VHE unused: only the lack of VHE is a clue. */
function cluesOfCores({host}: Facts): Clue[] {
  const without = cpusOf(host).cpus.find(({hasVhe}) => hasVhe === false)
  if (!without) return []
  return [
    {
      kind: 'processor',
      text: `${without.name} has no VHE`,
      modes: ['nvhe', 'protected-nvhe', ...WITHOUT_KVM],
    },
  ]
}
