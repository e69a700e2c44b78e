// The runtime of a sentry's process, which is its owner's: Node.js, or Bun.

import {HEAP_MB} from './carrier.ts'

export const isBun = process.versions.bun !== undefined

/** In front of the script. */
export function runtimeFlags(): string[] {
  // Bun would do what files say that lie where its owner is: preload modules, set variables, install packages. JavaScriptCore has
  // no bound for its heap: process.ts sets one.
  if (isBun) return ['--config=/dev/null', '--no-env-file', '--no-install']
  return [`--max-old-space-size=${HEAP_MB}`]
}
