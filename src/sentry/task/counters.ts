// Counters: what --stats reports of a run.

import {Traffic} from '../core/traffic.ts'

/** More than Linux has calls; a guest can ask for four billion. */
const MAX_NUMBERS = 1024
const MAX_RULES = 20

export class Counters {
  readonly traffic = new Traffic()
  syscalls = 0
  faults = 0
  /** Call sites that make their calls through the platform's gate. */
  patchedSites = 0
  /** Started so far: threads are tasks. */
  processes = 0
  tasks = 0
  /** Calls that are not in the table. */
  unknownCalls = 0
  /** The same by number, for the first MAX_NUMBERS that came. */
  readonly unknown = new Map<number, number>()

  /** Calls that have a row and were answered ENOSYS, and ptrace, by number: no more than there are rows. */
  readonly refused = new Map<number, number>()

  countStart(isFirstTask: boolean): void {
    this.tasks++
    if (isFirstTask) this.processes++
  }

  /** Entries of --allow-net that would have allowed what was refused: the first MAX_RULES of them. */
  readonly neededRules = new Set<string>()

  /** @param rule for a call that would have left the sandbox: what would have allowed it */
  countRefused(number: number, rule?: string): void {
    this.refused.set(number, (this.refused.get(number) ?? 0) + 1)
    if (rule !== undefined) this.noteRule(rule)
  }

  noteRule(rule: string): void {
    if (this.neededRules.size < MAX_RULES) this.neededRules.add(rule)
  }

  countUnknown(number: number): void {
    this.unknownCalls++
    const count = this.unknown.get(number)
    if (count === undefined && this.unknown.size === MAX_NUMBERS) return
    this.unknown.set(number, (count ?? 0) + 1)
  }
}
