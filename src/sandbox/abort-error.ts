// AbortError: why a run has no result: its signal aborted.

/** As Node's own AbortErrors: `cause` is the signal's reason. The sandbox can be used on. */
export class AbortError<Output = string | Uint8Array> extends Error {
  override readonly name = 'AbortError'
  readonly code = 'ABORT_ERR'
  /** What the program had written by then; empty if it had not started. */
  readonly stdout: Output
  readonly stderr: Output

  constructor(reason: unknown, stdout: Output, stderr: Output) {
    super('the run was aborted', {cause: reason})
    this.stdout = stdout
    this.stderr = stderr
  }
}
