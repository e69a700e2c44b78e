// table.ts: one row per system call: the one truth about what is supported. A table, so it may be long.
// arm64 has no number where Linux dropped the legacy call. `args` are the trace's kinds, one word an argument.

import type {Row} from './syscall.ts'

export const table: readonly Row[] = [
  // Files and directories.

  // Memory.

  // Signals and timers.

  // Time.

  // Processes, identity, system.
]
