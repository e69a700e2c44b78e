// BrokenPledge: the call that a program was killed for because it had not promised it.

/**
 * What a program was killed for: a call that it had not promised.
 *
 * @example
 * await using sandbox = await Sandbox.create({pledge: 'stdio'})
 * const {signal, broken} = await sandbox.run('/bin/busybox', ['ls', '/'])
 * console.log(signal, broken?.call, broken?.promises, broken?.byItself) // SIGSYS newfstatat [ 'rpath' ] false
 */
export interface BrokenPledge {
  /** The name of the system call. */
  call: string
  /** Any one of these would have allowed it. */
  promises: readonly string[]
  /** It had pledged itself, with pledge(). */
  byItself: boolean
}
