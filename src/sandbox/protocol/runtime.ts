// The runtime of a sentry's process, the same as its owner's: Node.js or Bun.

/** Bounds what a guest can make a sentry remember; the guest's memory and output are not in it. */
export const HEAP_MB = 512

export const isBun = process.versions.bun !== undefined

/** Where V8's bytecode and measured costs of traps are kept, and where archives are unpacked: nothing else of the owner's. */
export function runtimeEnvironment(): Record<string, string> {
  const names = ['HOME', 'XDG_CACHE_HOME', 'TMPDIR']
  return Object.fromEntries(
    names.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]])),
  )
}

/** Goes before the script. */
export function runtimeFlags(): string[] {
  // Bun would obey files in its owner's directory: preload modules, set variables, install packages. JavaScriptCore has
  // no bound for its heap: process.ts sets one.
  if (isBun) return ['--config=/dev/null', '--no-env-file', '--no-install']
  return [`--max-old-space-size=${HEAP_MB}`]
}
