// tell: prints a line for hv's user on standard error while a guest runs.

import {writeSync} from 'node:fs'
import {attempt} from '../errors.ts'

const STDERR = 2

export function tell(line: string): void {
  // If nothing reads it, or not now, the guest goes on.
  attempt(() => writeSync(STDERR, `hv: ${line}\n`))
}
