// Keeps what V8 makes of the bundle's chunks from one run to the next: compiling them takes 16 ms of each start.
//
// A file of the cache is code that runs as the user, and V8 trusts its bytes: it lies in the user's cache directory and is
// taken only when nobody else could have written it. It is named after what it was made of and by whom: the chunk, whose
// own name carries a hash of its text, and this very Node. Without a place to keep it, everything is compiled each time.

import {
  closeSync,
  constants,
  existsSync,
  fstatSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  type Stats,
  statSync,
  writeFileSync,
} from 'node:fs'
import {createRequire} from 'node:module'
import {basename, dirname, isAbsolute, join} from 'node:path'
import {Script} from 'node:vm'

/**
 * Compiles each `.cjs` file that is required from here on with what the cache has of it.
 * @returns keeps what the cache did not have; at the end, because only functions that ran are compiled
 */
export function cacheCode(env: NodeJS.ProcessEnv): () => void {
  const directory = cacheDirectory(env)
  const own = nodeName()
  if (directory === undefined || own === undefined) return () => {}

  const compiled = new Map<string, Script>()
  /** Where the chunks lie, once one was compiled. */
  let chunks: string | undefined
  const {extensions} = createRequire(import.meta.url)
  const compile = extensions['.cjs']
  extensions['.cjs'] = (module, filename) => {
    const path = join(directory, `${basename(filename)}-${own}`)
    const cachedData = read(path)
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
    for (const [path, script] of compiled) write(path, script.createCachedData())
    if (chunks !== undefined) removeOthers(directory, chunks, own)
  }
}

/** The user's own, by the XDG Base Directory Specification; made when it is missing. NODE_DISABLE_COMPILE_CACHE is Node's. */
function cacheDirectory(env: NodeJS.ProcessEnv): string | undefined {
  const home = env.XDG_CACHE_HOME || join(env.HOME || '', '.cache')
  if (!isAbsolute(home) || env.NODE_DISABLE_COMPILE_CACHE) return undefined
  const directory = join(home, 'hvkit')
  try {
    makeBeneathOwn(directory)
    return isOnlyOurs(statSync(directory)) ? directory : undefined
  } catch {
    return undefined
  }
}

/** Makes a directory beneath one of the user's: as root by sudo, nothing is left in somebody else's home. */
function makeBeneathOwn(path: string): void {
  const stat = statSync(path, {throwIfNoEntry: false})
  if (stat !== undefined && !isOurs(stat)) throw new Error(`${path} is somebody else's`)
  if (stat !== undefined) return
  makeBeneathOwn(dirname(path))
  mkdirSync(path, 0o700)
}

/** Its size tells one architecture's from another's, where a home is shared. Without /proc Node does not know where it lies. */
function nodeName(): string | undefined {
  const size = statSync(process.execPath, {throwIfNoEntry: false})?.size
  return size === undefined ? undefined : `${process.version}-${size}`
}

function read(path: string): Buffer | undefined {
  let fd: number | undefined
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW)
    return isOnlyOurs(fstatSync(fd)) ? readFileSync(fd) : undefined
  } catch {
    return undefined
  } finally {
    if (fd !== undefined) closeSync(fd)
  }
}

/** Whole or not at all: V8 would not notice half a file. What cannot be kept is compiled again. */
function write(path: string, data: Buffer): void {
  const unfinished = `${path}.${process.pid}`
  try {
    const fd = openSync(unfinished, 'wx', 0o600)
    try {
      writeFileSync(fd, data)
      fsyncSync(fd)
    } finally {
      closeSync(fd)
    }
    renameSync(unfinished, path)
  } catch {
    rmSync(unfinished, {force: true})
  }
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

function isOurs({uid}: Stats): boolean {
  return uid === process.geteuid!()
}

function isOnlyOurs(stat: Stats): boolean {
  return isOurs(stat) && (stat.mode & 0o022) === 0
}
