// arm64: the ways in which a kernel and its KVM can share EL1 and EL2: a table; and clues to them.

/** As in the report's `machine.mode`. */
export type Mode =
  | 'vhe'
  | 'vhe-nv2'
  | 'nvhe'
  | 'hvhe'
  | 'protected-nvhe'
  | 'protected-hvhe'
  | 'el1'
  | 'disabled'
  | 'failed'

/** Documentation/admin-guide/kernel-parameters.txt, kvm-arm.mode; Documentation/arch/arm64/booting.rst. */
export const MODES: Record<Mode, {name: string; detail: string}> = {
  vhe: {name: 'VHE', detail: 'the kernel runs at EL2, beside its guests: an exit switches no world.'},
  'vhe-nv2': {
    name: 'VHE with nested virtualization',
    detail: 'the kernel runs at EL2, and guests can have an EL2 of their own.',
  },
  nvhe: {
    name: 'nVHE',
    detail:
      'the kernel runs at EL1 and KVM at EL2: each exit switches between the two worlds, EL1 registers and all.',
  },
  hvhe: {
    name: 'hVHE',
    detail:
      'the kernel runs at EL1; KVM at EL2 uses VHE for itself. Each exit switches the worlds, as in nVHE.',
  },
  'protected-nvhe': {
    name: 'protected nVHE',
    detail: 'the kernel runs at EL1, and a KVM at EL2 that does not trust it keeps them apart.',
  },
  'protected-hvhe': {
    name: 'protected hVHE',
    detail: 'the kernel runs at EL1, and a KVM at EL2 that does not trust it uses VHE for itself.',
  },
  el1: {name: 'no EL2', detail: 'the kernel was started at EL1: there is no KVM without EL2.'},
  disabled: {name: 'disabled', detail: 'KVM is switched off on the kernel command line.'},
  failed: {name: 'failed', detail: 'the kernel has KVM and EL2, and KVM did not start.'},
}

export const ALL_MODES = Object.keys(MODES) as Mode[]

/** The kernel itself is at EL2. */
export const KERNEL_AT_EL2: readonly Mode[] = ['vhe', 'vhe-nv2']
/** KVM at EL2 below a kernel at EL1. */
export const KERNEL_AT_EL1: readonly Mode[] = ['nvhe', 'hvhe', 'protected-nvhe', 'protected-hvhe']
export const WITHOUT_KVM: readonly Mode[] = ['el1', 'disabled', 'failed']

/** `nVHE, hVHE or protected nVHE` */
export function namesOf(modes: readonly Mode[]): string {
  const names = modes.map((mode) => MODES[mode].name)
  return names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} or ${names.at(-1)}`
}

/** Kinds are independent of one another: a kernel that lies in one does not lie in the others. */
export type ClueKind =
  | 'kernel log'
  | 'KVM'
  | 'vCPU registers'
  | 'sysfs'
  | 'interrupts'
  | 'old kernel log'
  | 'processor'
  | 'command line'

/** One thing that was read, and the modes that it leaves possible. */
export interface Clue {
  kind: ClueKind
  /** What was read, verbatim or in a few words. */
  text: string
  modes: readonly Mode[]
}
