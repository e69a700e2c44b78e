// Keeps what V8 makes of the bundle's chunks from one run to the next: compiling them takes 16 ms of each start.
//
// A file of the cache is code that runs as the user, and V8 trusts its bytes: user-cache.ts gives only what nobody else could
// have written. It is named after what it was made of and by whom: the chunk, whose own name carries a hash of its text, and
// this very Node. Without a place to keep it, everything is compiled each time. Only functions that ran are compiled, and programs differ in
// what they make run: so once a minute a run keeps anew what grew.

import {existsSync, readdirSync, readFileSync, rmSync, statSync, utimesSync} from 'node:fs'
import {createRequire} from 'node:module'
import {basename, dirname, join} from 'node:path'
import {Script} from 'node:vm'
import type {CodeCache} from './kept-code.ts'
import {cacheDirectory, readOwn, writeWhole} from './user-cache.ts'

/** To see what grew takes some ten milliseconds. */
const LOOK_AGAIN_MS = 60_000
/** Less is not worth a write. */
const GROWN = 1.02

interface Loaded {
  path: string
  script: Script
  /** Bytes that the cache has; 0: none that V8 takes. */
  kept: number
}

const NONE: CodeCache = {directory: undefined, isCold: () => false, keep: () => {}}

/**
 * Compiles each `.cjs` file that is required from here on with what the cache has of it.
 * @param flags Node's that V8 takes bytecode for the same of, as a name
 */
export function cacheCode(env: NodeJS.ProcessEnv, flags = ''): CodeCache {
  // NODE_DISABLE_COMPILE_CACHE is Node's.
  const directory = env.NODE_DISABLE_COMPILE_CACHE ? undefined : cacheDirectory(env)
  const own = nodeName(flags)
  if (directory === undefined || own === undefined) return NONE

  const loaded: Loaded[] = []
  /** Where the chunks lie, once one was compiled. */
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

function keep(directory: string, loaded: Loaded[]): void {
  const isTime = isTimeToLook(directory)
  for (const {path, script, kept} of loaded) {
    if (kept > 0 && !isTime) continue
    const data = script.createCachedData()
    if (data.length > kept * GROWN) writeWhole(path, data)
  }
}

/** Then not again for a while. */
function isTimeToLook(directory: string): boolean {
  try {
    if (Date.now() - statSync(directory).mtimeMs < LOOK_AGAIN_MS) return false
    utimesSync(directory, new Date(), new Date())
    return true
  } catch {
    // It is gone, or nobody can write there.
    return false
  }
}

/** Its size tells one architecture's from another's, where a home is shared. Without /proc Node does not know where it lies. */
function nodeName(flags: string): string | undefined {
  const size = statSync(process.execPath, {throwIfNoEntry: false})?.size
  return size === undefined ? undefined : `${process.version}-${size}${flags}`
}

/** What this Node made of chunks of other builds, which are gone, or another hv's: the cache does not grow. */
function removeOthers(directory: string, chunks: string, own: string): void {
  try {
    for (const name of readdirSync(directory)) {
      const isGone = !existsSync(join(chunks, name.slice(0, -own.length - 1)))
      if (name.endsWith(`-${own}`) && isGone) rmSync(join(directory, name), {force: true})
    }
  } catch {
    // It is somebody's to tidy up who may.
  }
}
