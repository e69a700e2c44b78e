// The process behind a Sandbox: descriptor 3 leads to its owner, with whom it ends, and 4 brings it descriptors.

import {closeSync, readdirSync, readFileSync} from 'node:fs'
import {cacheCode} from '../../code-cache.ts'
import {HEAP_MB, isBun} from '../protocol/runtime.ts'

const OWNER = 3
/** The socket that descriptors come through. */
const PASSING = 4
/** Also in abi/open-flags.ts, which would load the sentry before it has its bytecode. */
const O_CLOEXEC = 0o2000000

async function main(): Promise<void> {
  closeInherited()
  const code = cacheCode(process.env, `-heap-${HEAP_MB}`)
  // With its bytecode.
  const {serve} = await import('./serve.ts')
  const {ProcessPort} = await import('./process-port.ts')
  const {launchErrnosOf} = await import('../../jail/layer.ts')
  if (isBun) (await import('../../addon.ts')).addon.limitResource('data', ownBytes() + HEAP_MB * 2 ** 20)
  const port = new ProcessPort(OWNER, PASSING, () => process.exit())
  await serve(port, port.readSettings(), {code, launchErrnos: launchErrnosOf(process.argv[2])})
}

/** What this process itself takes: man 5 proc_pid_status. */
function ownBytes(): number {
  const [, kib] = /^VmData:\s*(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'latin1'))!
  return Number(kib) * 1024
}

/** Descriptors of the owner's other children, which are no business of a sentry. What Node opens closes at execve(2). */
function closeInherited(): void {
  try {
    for (const fd of readdirSync('/proc/self/fd').map(Number)) {
      if (fd > PASSING && !isOfNode(fd)) closeSync(fd)
    }
  } catch {
    // No /proc.
  }
}

function isOfNode(fd: number): boolean {
  try {
    const [, flags] = /^flags:\s*([0-7]+)/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'latin1'))!
    return (Number.parseInt(flags, 8) & O_CLOEXEC) !== 0
  } catch {
    // It was the directory's own descriptor.
    return true
  }
}

// No top-level await: ci/bundle.mjs makes CommonJS of this file.
void main()
