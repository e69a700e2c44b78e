// Counters: what --stats says of the sentry.

export class Counters {
  syscalls = 0
  faults = 0
  signals = 0
  /** Calls that the table does not know, by number. */
  readonly unknown = new Map<number, number>()

  countUnknown(number: number): void {
    this.unknown.set(number, (this.unknown.get(number) ?? 0) + 1)
  }
}
