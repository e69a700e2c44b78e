// The runtime of a sentry's process, the same as its owner's: Node.js or Bun.

import {HEAP_MB} from './carrier.ts'

export const isBun = process.versions.bun !== undefined

/** Goes before the script. */
export function runtimeFlags(): string[] {
  // Bun would obey files in its owner's directory: preload modules, set variables, install packages. JavaScriptCore has
  // no bound for its heap: process.ts sets one.
  if (isBun) return ['--config=/dev/null', '--no-env-file', '--no-install']
  return [`--max-old-space-size=${HEAP_MB}`]
}
