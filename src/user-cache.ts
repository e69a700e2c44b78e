// The user's cache directory, in which hv keeps files that it can afford to lose, and that nobody else could have written.

import {
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  type Stats,
  statSync,
  writeFileSync,
} from 'node:fs'
import {dirname, isAbsolute, join} from 'node:path'

/** hv's own directories there: its bytecode and measurements, and the layers of images. */
const CACHES = ['hvkit', 'hvkit-images'] as const
type CacheName = (typeof CACHES)[number]

/** A directory of hv's own there, as the XDG Base Directory Specification says; made if missing. undefined when there is none to trust. */
export function cacheDirectory(env: NodeJS.ProcessEnv, name: CacheName = 'hvkit'): string | undefined {
  const home = cacheHome(env)
  if (home === undefined) return undefined
  const directory = join(home, name)
  try {
    makeBeneathOwn(directory)
    return isOnlyOurs(statSync(directory)) ? directory : undefined
  } catch {
    return undefined
  }
}

/** Where all of them are, or would be, and oclif's, with what a shell runs that completes words for `hv`. */
export function cachePaths(env: NodeJS.ProcessEnv): string[] {
  const home = cacheHome(env)
  return home === undefined ? [] : [...CACHES, 'hv'].map((name) => join(home, name))
}

function cacheHome(env: NodeJS.ProcessEnv): string | undefined {
  const home = env.XDG_CACHE_HOME || join(env.HOME || '', '.cache')
  return isAbsolute(home) ? home : undefined
}

/** Makes a directory only below one of the user's: under sudo, root leaves nothing in another user's home. */
function makeBeneathOwn(path: string): void {
  const stat = statSync(path, {throwIfNoEntry: false})
  if (stat !== undefined && !isOurs(stat)) throw new Error(`${path} is somebody else's`)
  if (stat !== undefined) return
  makeBeneathOwn(dirname(path))
  mkdirSync(path, 0o700)
}

/** undefined when it is missing, or not ours alone. */
export function readOwn(path: string): Buffer | undefined {
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

/**
 * Writes it whole or not at all; what cannot be kept is made again.
 * @param isDurable even if the machine stops: a reader would not notice half a file. It may take as long as hv's start
 */
export function writeWhole(path: string, data: Buffer | string, isDurable = true): void {
  // In another PID namespace, a process may have the same pid.
  const unfinished = `${path}.${process.pid}-${process.hrtime.bigint()}`
  try {
    const fd = openSync(unfinished, 'wx', 0o600)
    try {
      writeFileSync(fd, data)
      if (isDurable) fsyncSync(fd)
    } finally {
      closeSync(fd)
    }
    renameSync(unfinished, path)
  } catch {
    removeUnfinished(unfinished)
  }
}

function removeUnfinished(path: string): void {
  try {
    rmSync(path, {force: true})
  } catch {
    // `node --permission` or the file system forbids writing: then there is no cache.
  }
}

function isOurs({uid}: Stats): boolean {
  return uid === process.geteuid!()
}

function isOnlyOurs(stat: Stats): boolean {
  return isOurs(stat) && (stat.mode & 0o022) === 0
}
