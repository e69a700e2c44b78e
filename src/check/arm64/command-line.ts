// arm64: what the command line asked the kernel for. The kernel may have done something else.

import {type Clue, MODES, type Mode} from './modes.ts'

/** Documentation/admin-guide/kernel-parameters.txt. Without EL2 none of them has an effect. */
const BY_ARGUMENT: Record<string, readonly Mode[]> = {
  'kvm-arm.mode=none': ['disabled', 'el1'],
  'kvm-arm.mode=nvhe': ['nvhe', 'el1', 'failed'],
  'kvm-arm.mode=protected': ['protected-nvhe', 'protected-hvhe', 'el1', 'failed'],
  'kvm-arm.mode=nested': ['vhe-nv2', 'el1', 'failed'],
  // arch/arm64/kernel/pi/idreg-override.c
  'id_aa64mmfr1.vh=0': ['nvhe', 'protected-nvhe', 'el1', 'disabled', 'failed'],
  'arm64_sw.hvhe=1': ['hvhe', 'protected-hvhe', 'el1', 'disabled', 'failed'],
}

/** Modes that must be asked for. */
const ON_REQUEST: readonly Mode[] = ['disabled', 'protected-nvhe', 'protected-hvhe', 'vhe-nv2']

/** The decisive arguments; a later `kvm-arm.mode` overrides an earlier one. */
export function argumentsOf(commandLine: string): string[] {
  const known = commandLine.split(/\s+/).filter((word) => Object.hasOwn(BY_ARGUMENT, word))
  const mode = known.findLast((word) => word.startsWith('kvm-arm.mode='))
  return [...new Set(known.filter((word) => !word.startsWith('kvm-arm.mode=') || word === mode))]
}

/** @param commandLine null when it cannot be read */
export function cluesOfCommandLine(commandLine: string | null): Clue[] {
  if (commandLine === null) return []
  const words = argumentsOf(commandLine)
  const clues = words.map((word): Clue => ({kind: 'command line', text: word, modes: BY_ARGUMENT[word]}))
  if (words.some((word) => word.startsWith('kvm-arm.mode='))) return clues
  const modes = (Object.keys(MODES) as Mode[]).filter((mode) => !ON_REQUEST.includes(mode))
  return [...clues, {kind: 'command line', text: 'no kvm-arm.mode', modes}]
}
