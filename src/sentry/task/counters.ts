// Counters: what --stats reports of a run.

/** More than Linux has calls; a guest can ask for four billion. */
const MAX_NUMBERS = 1024

export class Counters {
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

  countRefused(number: number): void {
    this.refused.set(number, (this.refused.get(number) ?? 0) + 1)
  }

  countUnknown(number: number): void {
    this.unknownCalls++
    const count = this.unknown.get(number)
    if (count === undefined && this.unknown.size === MAX_NUMBERS) return
    this.unknown.set(number, (count ?? 0) + 1)
  }
}
