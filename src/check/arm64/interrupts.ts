// arm64: which timer the kernel kept for itself and which it gave to guests: /proc/interrupts, readable by everyone.

import {type Clue, KERNEL_AT_EL1, KERNEL_AT_EL2, type Mode} from './modes.ts'

export interface Interrupt {
  /** `GICv3`, `GICv2`, `AIC-FIQ`, … */
  controller: string
  /** The controller's number for the interrupt: on a GIC the INTID. */
  number: number
  name: string
}

/**
 * The GIC's numbers for the timers' private interrupts (Arm BSA, "PPI assignments"), and which kernel uses which
 * (drivers/clocksource/arm_arch_timer.c, arch_timer_select_ppi): at EL2 the EL2 physical timer (6.12) or its virtual one
 * (7.3); at EL1 with an EL2 below it the EL1 physical timer; otherwise the virtual one, because a hypervisor owns the other.
 */
const TIMERS: Record<number, {name: string; modes: readonly Mode[]}> = {
  26: {name: 'the EL2 physical timer', modes: [...KERNEL_AT_EL2, 'disabled', 'failed']},
  28: {name: 'the EL2 virtual timer', modes: [...KERNEL_AT_EL2, 'disabled', 'failed']},
  30: {name: 'the EL1 physical timer', modes: [...KERNEL_AT_EL1, 'disabled', 'failed']},
  27: {name: 'the EL1 virtual timer', modes: ['el1']},
}

/** Linux 7.3 moved the columns: `GICv3      28 Level     arch_timer`. */
const LINE = /^ *\d+:(?: +\d+)+ +([A-Za-z]\S*) +(\d+) +\S+ +(.+?) *$/gm

export function readInterrupts(text: string): Interrupt[] {
  return [...text.matchAll(LINE)].map(([, controller, number, name]) => ({
    controller,
    number: Number(number),
    name,
  }))
}

export function cluesOfInterrupts(interrupts: readonly Interrupt[]): Clue[] {
  const has = (name: string): boolean => interrupts.some((each) => each.name === name)
  const clues: Clue[] = []
  // kvm_timer_hyp_init: guests get the physical timer only where the kernel does not need it itself.
  if (has('kvm guest ptimer')) {
    clues.push({kind: 'interrupts', text: 'guests have the EL1 physical timer', modes: KERNEL_AT_EL2})
  } else if (has('kvm guest vtimer')) {
    clues.push({kind: 'interrupts', text: 'guests have no physical timer', modes: KERNEL_AT_EL1})
  }
  const own = interrupts.find(({name, controller}) => name === 'arch_timer' && controller.startsWith('GIC'))
  const timer = own && TIMERS[own.number]
  if (timer) {
    clues.push({kind: 'interrupts', text: `arch_timer is ${own.number}, ${timer.name}`, modes: timer.modes})
  }
  return clues
}

/** The controller of the kernel's timer, by its driver's name. */
export function controllerOf(interrupts: readonly Interrupt[]): string | undefined {
  return interrupts.find(({name}) => name === 'arch_timer')?.controller
}
