// Path resolution: from a byte string to a Location (man 7 path_resolution).

import {ALL_CAPABILITIES} from '../abi/capability.ts'
import {EISDIR, ELOOP, ENAMETOOLONG, ENOENT, ENOTDIR, Errno} from '../abi/errno.ts'
import {S_IFDIR, S_IFLNK} from '../abi/file-mode.ts'
import type {ByteString, Credentials, Inode} from './file.ts'
import {findIn} from './inode.ts'
import type {Location} from './location.ts'
import {ascend, childLocation} from './mount-tree.ts'
import {type Intent, type PathPolicy, READ} from './path-policy.ts'
import type {PathRestriction} from './path-restriction.ts'
import {checkSearch} from './permissions.ts'

/** Longest path, with its NUL (PATH_MAX), and longest name (NAME_MAX), in bytes. */
export const PATH_MAX = 4096
export const NAME_MAX = 255
const MAX_LINKS = 40

/** The walker: a task's root directory and credentials. */
export interface PathContext {
  readonly root: Location
  readonly credentials: Credentials
  /** From openat2(2). */
  readonly restriction?: PathRestriction
  /** The process's policy, if it has one. */
  readonly policy?: PathPolicy | undefined
}

/** Where a path ends. The last name need not exist. */
export interface Resolution {
  /** The directory that holds the last name (the directory itself for `.`, `..` and `/`). */
  readonly parent: Location
  /** '.' or '..' when the path ends in them, '' when it is all slashes. */
  readonly name: ByteString
  /** Undefined when nothing has the last name. */
  readonly found: Location | undefined
  /** The path ended in a slash: only a directory will do. */
  readonly trailingSlash: boolean
}

/**
 * What a path leads to. `start` is the working directory, or the directory of a *at call.
 * @param intent the purpose; only the policy uses it
 * @throws Errno ENOENT (also for the empty path), ENOTDIR, EACCES, ELOOP, ENAMETOOLONG; what the policy throws
 */
export function resolve(
  context: PathContext,
  start: Location,
  path: ByteString,
  followLast = true,
  intent = READ,
): Location {
  const {found} = resolveLast(context, start, path, followLast ? FOLLOW : NO_FOLLOW, intent)
  if (found === undefined) throw new Errno(ENOENT)
  return found
}

/** What to do with a symbolic link at the end of a path. */
export type LastLink = number
export const FOLLOW: LastLink = 0
/** lstat, O_NOFOLLOW: not followed, unless a trailing slash asks for a directory. */
export const NO_FOLLOW: LastLink = 1
/** Calls that make or remove the name itself: never followed; the calls decide what a trailing slash means. */
export const NAME: LastLink = 2
/** open's O_CREAT: followed, even to a missing name. @throws Errno EISDIR for a trailing slash */
export const CREATE: LastLink = 3
/** O_CREAT with O_EXCL or O_NOFOLLOW: like CREATE, but not followed. */
export const CREATE_NO_FOLLOW: LastLink = 4

/**
 * The same, but the last name may be missing.
 * @throws Errno like `resolve`, except for a missing last name
 */
export function resolveLast(
  context: PathContext,
  start: Location,
  path: ByteString,
  lastLink: LastLink,
  intent: Intent,
): Resolution {
  if (path.length === 0) throw new Errno(ENOENT)
  if (path.length >= PATH_MAX) throw new Errno(ENAMETOOLONG)

  const {policy} = context
  const end = walk(context, start, path, lastLink, intent)
  policy?.reach(end, intent)
  return end
}

/** @param guesses passes known directories without looking at each: at the last one, one question confirms them all */
function walk(
  context: PathContext,
  start: Location,
  path: ByteString,
  lastLink: LastLink,
  intent: Intent,
  guesses = mayGuess(context),
): Resolution {
  const {policy, restriction} = context
  if (path.startsWith('/')) restriction?.checkAbsolute(start, context.root)
  let current = path.startsWith('/') ? context.root : start
  let rest = path
  let at = 0
  let links = 0
  let parent = current
  let name = ''
  let hadTrailingSlash = false
  let isGuess = false
  try {
    for (;;) {
      while (rest.charCodeAt(at) === SLASH) at++
      if (at >= rest.length) {
        if (isGuess && !current.inode.isInPlace()) return walk(context, start, path, lastLink, intent, false)
        if (hadTrailingSlash && lastLink !== NAME) requireDirectory(current.inode)
        return {parent, name, found: current, trailingSlash: hadTrailingSlash}
      }

      let end = rest.indexOf('/', at)
      if (end < 0) end = rest.length
      name = rest.slice(at, end)
      at = end
      const isLast = restIsSlashes(rest, at)
      hadTrailingSlash = isLast && at < rest.length

      policy?.enter(current)
      requireDirectory(current.inode)
      checkSearch(current.inode, context.credentials)
      const sure = isGuess && isLast && lastLink < NAME ? current.inode.lookupInPlace(name) : undefined
      if (sure !== undefined) isGuess = false
      // A single name is looked up, which also tells its attributes.
      const known = guesses && (!isLast || isGuess) ? current.inode.knownDirectory(name) : undefined
      if (known !== undefined && (!hadTrailingSlash || lastLink < CREATE)) {
        parent = current
        current = childLocation(current, name, known)
        isGuess = true
        continue
      }
      if (isGuess && name !== '.') {
        if (!current.inode.isInPlace()) return walk(context, start, path, lastLink, intent, false)
        isGuess = false
      }
      if (name === '.' || name === '..') {
        if (name === '..') {
          const above = ascend(current, context.root)
          restriction?.checkParent(current, above)
          current = above
        }
        parent = current
        continue
      }
      if (name.length > NAME_MAX) throw new Errno(ENAMETOOLONG)

      if (hadTrailingSlash && lastLink >= CREATE) throw new Errno(EISDIR)
      parent = current
      const inode = sure ?? (isLast ? findIn(current.inode, name) : current.inode.lookup(name))
      if (inode === undefined) return {parent, name, found: undefined, trailingSlash: hadTrailingSlash}
      const child = childLocation(current, name, inode)
      restriction?.checkStep(current, child)
      const follows = !isLast || followsLast(lastLink, hadTrailingSlash)
      if (child.inode.kind !== S_IFLNK || !follows) {
        current = child
        continue
      }

      restriction?.checkLink()
      if (++links > MAX_LINKS) throw new Errno(ELOOP)
      if (child.inode.followMagicLink !== undefined) {
        const target = child.inode.followMagicLink()
        if (target === undefined) throw new Errno(ENOENT)
        restriction?.checkMagicLink(current, target)
        current = target
        continue
      }
      const target = child.inode.readlink()
      if (target.length === 0) throw new Errno(ENOENT)
      if (target.length >= PATH_MAX) throw new Errno(ENAMETOOLONG)
      if (target.startsWith('/')) {
        restriction?.checkAbsolute(current, context.root)
        current = context.root
      }
      rest = target + rest.slice(at)
      at = 0
      parent = current
      name = ''
    }
  } catch (error) {
    policy?.fail(current, name + rest.slice(at), intent)
    throw error
  }
}

const SLASH = 0x2f

/** Guessing is allowed when every directory on the way may be searched and no policy asks about it. */
function mayGuess({credentials, policy, restriction}: PathContext): boolean {
  return credentials.capabilities === ALL_CAPABILITIES && policy === undefined && restriction === undefined
}

function followsLast(lastLink: LastLink, hadTrailingSlash: boolean): boolean {
  if (lastLink === NO_FOLLOW) return hadTrailingSlash
  return lastLink === FOLLOW || lastLink === CREATE
}

function restIsSlashes(path: ByteString, from: number): boolean {
  for (let at = from; at < path.length; at++) {
    if (path.charCodeAt(at) !== SLASH) return false
  }
  return true
}

function requireDirectory(inode: Inode): void {
  if (inode.kind !== S_IFDIR) throw new Errno(ENOTDIR)
}
