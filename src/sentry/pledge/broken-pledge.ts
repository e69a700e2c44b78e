// BrokenPledge: what a program was killed for that had not promised it.

export interface BrokenPledge {
  /** The name of the system call. */
  call: string
  /** Any one of these would have allowed it. */
  promises: readonly string[]
  /** It had pledged itself, by pledge(). */
  byItself: boolean
}
