// Keeps what V8 makes of the bundle's chunks from one run to the next: compiling them takes 16 ms of each start.
//
// A file of the cache is code that runs as the user, and V8 trusts its bytes: user-cache.ts gives only what nobody else could
// have written. It is named after what it was made of and by whom: the chunk, whose own name carries a hash of its text, and
// this very Node. Without a place to keep it, everything is compiled each time.

import {existsSync, readdirSync, readFileSync, rmSync, statSync} from 'node:fs'
import {createRequire} from 'node:module'
import {basename, dirname, join} from 'node:path'
import {Script} from 'node:vm'
import {cacheDirectory, readOwn, writeWhole} from '../user-cache.ts'

/**
 * Compiles each `.cjs` file that is required from here on with what the cache has of it.
 * @returns keeps what the cache did not have; at the end, because only functions that ran are compiled
 */
export function cacheCode(env: NodeJS.ProcessEnv): () => void {
  // NODE_DISABLE_COMPILE_CACHE is Node's.
  const directory = env.NODE_DISABLE_COMPILE_CACHE ? undefined : cacheDirectory(env)
  const own = nodeName()
  if (directory === undefined || own === undefined) return () => {}

  const compiled = new Map<string, Script>()
  /** Where the chunks lie, once one was compiled. */
  let chunks: string | undefined
  const {extensions} = createRequire(import.meta.url)
  const compile = extensions['.cjs']
  extensions['.cjs'] = (module, filename) => {
    const path = join(directory, `${basename(filename)}-${own}`)
    const cachedData = readOwn(path)
    const source = readFileSync(filename, 'utf8')
    const script = new Script(`(function (exports, require, module, __filename, __dirname) {${source}\n})`, {
      filename,
      cachedData,
    })
    if (cachedData === undefined || script.cachedDataRejected) {
      compiled.set(path, script)
      chunks = dirname(filename)
    }
    script.runInThisContext()(module.exports, createRequire(filename), module, filename, dirname(filename))
  }
  return () => {
    if (compile === undefined) delete extensions['.cjs']
    else extensions['.cjs'] = compile
    for (const [path, script] of compiled) writeWhole(path, script.createCachedData())
    if (chunks !== undefined) removeOthers(directory, chunks, own)
  }
}

/** Its size tells one architecture's from another's, where a home is shared. Without /proc Node does not know where it lies. */
function nodeName(): string | undefined {
  const size = statSync(process.execPath, {throwIfNoEntry: false})?.size
  return size === undefined ? undefined : `${process.version}-${size}`
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
