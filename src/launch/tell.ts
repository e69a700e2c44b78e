// tell: prints a line for hv's user on standard error while a guest runs.

import {writeSync} from 'node:fs'

const STDERR = 2

export function tell(line: string): void {
  try {
    writeSync(STDERR, `hv: ${line}\n`)
  } catch {
    // Nothing reads it, or not now: the guest goes on.
  }
}
