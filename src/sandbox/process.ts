// The process behind a Sandbox: descriptor 3 leads to its owner, without whom it ends.

import {cacheCode} from '../code-cache.ts'
import {HEAP_MB} from './carrier.ts'
import {ProcessPort} from './process-port.ts'

const OWNER = 3

async function main(): Promise<void> {
  const keepCode = cacheCode(process.env, `-heap-${HEAP_MB}`)
  const {serve} = await import('./serve.ts')
  const port = new ProcessPort(OWNER, {ownerLeft: () => process.exit(), answered: keepCode})
  await serve(port, port.readSettings())
}

// No top-level await: ci/bundle.mjs makes CommonJS of this file.
void main()
