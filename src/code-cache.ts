// Keeps V8's bytecode for the bundle's chunks from one run to the next: compiling them takes 16 ms of each start.
//
// A file of the cache is code that runs as the user, and V8 trusts its bytes: user-cache.ts returns only files that nobody else could
// have written. It is named after its chunk, whose own name carries a hash of its text, and after this very Node. Without a place to
// keep it, everything is compiled each time. Only functions that ran are compiled, and programs run different ones: so once a minute a run
// saves the files that have grown.

import {existsSync, readdirSync, readFileSync, rmSync, statSync, utimesSync} from 'node:fs'
import {createRequire} from 'node:module'
import {basename, dirname, join} from 'node:path'
import {Script} from 'node:vm'
import type {CodeCache} from './kept-code.ts'
import {cacheDirectory, readOwn, writeWhole} from './user-cache.ts'

/** Checking what has grown takes some ten milliseconds. */
const LOOK_AGAIN_MS = 60_000
/** Growth below this is not worth a write. */
const GROWN = 1.02

interface CachedScript {
  path: string
  script: Script
  /** Bytes in the cache; 0: none that V8 accepts. */
  kept: number
}

const NONE: CodeCache = {directory: undefined, isCold: () => false, keep: () => {}}

/**
 * Compiles each `.cjs` file that is required from here on with its bytecode in the cache.
 * @param flags a name for those of Node's flags that V8's bytecode depends on
 */
export function cacheCode(env: NodeJS.ProcessEnv, flags = ''): CodeCache {
  // NODE_DISABLE_COMPILE_CACHE is Node's.
  const directory = env.NODE_DISABLE_COMPILE_CACHE ? undefined : cacheDirectory(env)
  const own = nodeName(flags)
  if (directory === undefined || own === undefined) return NONE

  const loaded: CachedScript[] = []
  /** The folder of the chunks, once one had to be compiled. */
  let chunks: string | undefined
  const {extensions} = createRequire(import.meta.url)
  extensions['.cjs'] = (module, filename) => {
    const path = join(directory, `${basename(filename)}-${own}`)
    const cachedData = readOwn(path)
    const source = readFileSync(filename, 'utf8')
    const script = new Script(`(function (exports, require, module, __filename, __dirname) {${source}\n})`, {
      filename,
      cachedData,
    })
    const kept = cachedData === undefined || script.cachedDataRejected ? 0 : cachedData.length
    if (kept === 0) chunks = dirname(filename)
    loaded.push({path, script, kept})
    script.runInThisContext()(module.exports, createRequire(filename), module, filename, dirname(filename))
  }
  return {
    directory,
    isCold: () => chunks !== undefined,
    keep() {
      keep(directory, loaded)
      if (chunks !== undefined) removeOthers(directory, chunks, own)
    },
  }
}

function keep(directory: string, loaded: CachedScript[]): void {
  const isTime = isTimeToLook(directory)
  for (const {path, script, kept} of loaded) {
    if (kept > 0 && !isTime) continue
    const data = script.createCachedData()
    if (data.length > kept * GROWN) writeWhole(path, data)
  }
}

/** If it is, then not again for a while. */
function isTimeToLook(directory: string): boolean {
  try {
    if (Date.now() - statSync(directory).mtimeMs < LOOK_AGAIN_MS) return false
    utimesSync(directory, new Date(), new Date())
    return true
  } catch {
    // The directory is gone, or not writable.
    return false
  }
}

/** Node's size distinguishes architectures that share a home. Without /proc Node does not know its own path. */
function nodeName(flags: string): string | undefined {
  const size = statSync(process.execPath, {throwIfNoEntry: false})?.size
  return size === undefined ? undefined : `${process.version}-${size}${flags}`
}

/** Removes this Node's bytecode for chunks that are gone, of other builds or another hv, so that the cache does not grow. */
function removeOthers(directory: string, chunks: string, own: string): void {
  try {
    for (const name of readdirSync(directory)) {
      const isGone = !existsSync(join(chunks, name.slice(0, -own.length - 1)))
      if (name.endsWith(`-${own}`) && isGone) rmSync(join(directory, name), {force: true})
    }
  } catch {
    // Another user, who may, can tidy up.
  }
}
