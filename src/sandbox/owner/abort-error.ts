// AbortError: why a run has no result: its signal aborted.

/**
 * Why a run has no result: its signal aborted. As with Node's own AbortErrors, `cause` is the signal's reason. The sandbox stays usable.
 *
 * @example
 * const signal = AbortSignal.timeout(500)
 * const run = sandbox.run('/bin/busybox', ['sh', '-c', 'echo begun; sleep 100'], {signal})
 * await run.catch((error) => {
 *   if (error instanceof AbortError) console.log(error.code, error.stdout) // e.g. ABORT_ERR begun
 * })
 */
export class AbortError<Output = string | Uint8Array> extends Error {
  override readonly name = 'AbortError'
  readonly code = 'ABORT_ERR'
  /** What the program had written by then; empty if it had not started. */
  readonly stdout: Output
  /** The same for its standard error. */
  readonly stderr: Output

  constructor(reason: unknown, stdout: Output, stderr: Output) {
    super('the run was aborted', {cause: reason})
    this.stdout = stdout
    this.stderr = stderr
  }
}
