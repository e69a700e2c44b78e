// UnveilRules: the part of the file tree that a process sees once something is unveiled. OpenBSD's unveil(2).

import {E2BIG, EACCES, ENOENT, ENOMEM, EPERM, Errno} from '../../abi/errno.ts'
import {S_IFDIR, S_IFLNK} from '../../abi/file-mode.ts'
import {Budget, COST} from '../../vfs/budget.ts'
import type {ByteString, Inode} from '../../vfs/file.ts'
import type {Location} from '../../vfs/location.ts'
import {ascend, isSame} from '../../vfs/mount-tree.ts'
import {
  ATTRIBUTES,
  CONNECT,
  CREATE,
  DEVICE,
  EXECUTE,
  INSPECT,
  type Intent,
  type PathPolicy,
  READ,
  WRITE,
} from '../../vfs/path-policy.ts'
import {FOLLOW, type PathContext, type Resolution, resolveLast} from '../../vfs/path-walk.ts'

/** Of READ, WRITE, EXECUTE and CREATE. */
export type Permissions = number

const LETTERS = new Map([
  ['r', READ],
  ['w', WRITE],
  ['x', EXECUTE],
  ['c', CREATE],
])
/** OpenBSD's UNVEIL_MAX_VNODES: a guest must not fill the sentry's memory. */
const MAX_ENTRIES = 128

/** @returns undefined when it has anything but r, w, x and c */
export function parsePermissions(text: string): Permissions | undefined {
  let permissions = 0
  for (const letter of text) {
    const bit = LETTERS.get(letter)
    if (bit === undefined) return undefined
    permissions |= bit
  }
  return permissions
}

/**
 * Remembers a directory itself, whatever it is renamed to; another file by its name in its directory. The nearest
 * entry above a path decides about it. A path without an entry above does not exist: ENOENT. Directories on the way to an
 * entry may be walked through and looked at, no more: realpath(3) needs that.
 */
export class UnveilRules implements PathPolicy {
  readonly #top: Location
  /** Directories by identity, other names by their directory's identity and a slash. */
  readonly #entries = new Map<string, Permissions>()
  /** Directories on the way to an entry. */
  readonly #way = new Set<string>()
  /** Of locked rules: the same for those that are a copy of the other. */
  #lock: object | undefined
  /** From the first entry on: locking without one hides nothing. */
  inForce = false

  readonly #budget: Budget

  /**
   * @param top of the whole tree, whatever chroot(2) says
   * @param budget counts directories on the way: E2BIG beyond it
   */
  constructor(top: Location, budget = new Budget()) {
    this.#top = top
    this.#budget = budget
  }

  /** For a forked process. @throws Errno ENOMEM */
  copy(budget: Budget): UnveilRules {
    const copy = new UnveilRules(this.#top, budget)
    budget.take(this.#way.size * COST.unveiledWay, ENOMEM)
    for (const [entry, permissions] of this.#entries) copy.#entries.set(entry, permissions)
    for (const directory of this.#way) copy.#way.add(directory)
    copy.#lock = this.#lock
    copy.inForce = this.inForce
    return copy
  }

  lock(): void {
    this.#lock ??= {}
  }

  /** Whether the others hide everything that these hide, now and later. */
  isAs(other: UnveilRules | undefined): boolean {
    if (other === undefined) return false
    return other === this || (this.#lock !== undefined && this.#lock === other.#lock)
  }

  /**
   * Unveils what a path leads to; its last name may be missing. The walk is the caller's own, under no policy.
   * @throws Errno EPERM: locked, or more than an earlier call gave; E2BIG; ENOENT, ENOTDIR and the like
   */
  add(context: PathContext, start: Location, path: ByteString, permissions: Permissions): void {
    if (this.#lock !== undefined) throw new Errno(EPERM)
    const way = new Set<string>()
    const policy = {enter: ({inode}: Location) => void way.add(identityOf(inode)), reach() {}, fail() {}}
    const end = resolveLast({...context, policy}, start, path, FOLLOW, INSPECT)

    const entry = entryOf(end)
    const before = this.#entries.get(entry)
    if (before === undefined && this.#entries.size >= MAX_ENTRIES) throw new Errno(E2BIG)
    if (before !== undefined && permissions & ~before) throw new Errno(EPERM)
    for (const directory of this.#upwards(end.found ?? end.parent)) way.add(identityOf(directory.inode))
    const fresh = [...way].filter((directory) => !this.#way.has(directory))
    this.#budget.take(fresh.length * COST.unveiledWay, E2BIG)
    this.inForce = true
    this.#entries.set(entry, permissions)
    for (const directory of fresh) this.#way.add(directory)
  }

  enter(directory: Location): void {
    if (!this.#isOnWay(directory.inode) && this.#cover(directory) === undefined) throw new Errno(ENOENT)
  }

  reach(end: Resolution, intent: Intent): void {
    const {found, parent} = end
    if (found !== undefined && isNameless(found)) return
    const permissions = this.#permissionsAt(end)
    if (permissions === undefined) {
      if (intent !== INSPECT || found === undefined || !this.#leadsOn(found, parent)) throw new Errno(ENOENT)
    } else if (permissionsFor(intent) & ~permissions) {
      throw new Errno(EACCES)
    }
  }

  /** Using a hidden file as a directory must fail in the same way as using a missing one. */
  fail(directory: Location): void {
    this.enter(directory)
  }

  #permissionsAt(end: Resolution): Permissions | undefined {
    const {found, parent} = end
    if (found?.inode.kind === S_IFDIR) return this.#cover(found)
    return this.#entries.get(entryOf(end)) ?? this.#cover(found?.parent ?? parent)
  }

  /** The nearest entry at or above a directory. */
  #cover(directory: Location): Permissions | undefined {
    for (const above of this.#upwards(directory)) {
      const permissions = this.#entries.get(identityOf(above.inode))
      if (permissions !== undefined) return permissions
    }
    return undefined
  }

  *#upwards(from: Location): Iterable<Location> {
    for (let at = from; ; ) {
      yield at
      const above = ascend(at, this.#top)
      if (isSame(above, at)) return
      at = above
    }
  }

  /** Whether it leads to an entry: a directory on the way, or a link in one, which may be followed anyway. */
  #leadsOn({inode}: Location, parent: Location): boolean {
    return this.#isOnWay(inode) || (inode.kind === S_IFLNK && this.#isOnWay(parent.inode))
  }

  #isOnWay(inode: Inode): boolean {
    return inode.kind === S_IFDIR && this.#way.has(identityOf(inode))
  }
}

function entryOf({found, parent, name}: Resolution): string {
  if (found?.inode.kind === S_IFDIR) return identityOf(found.inode)
  // A magic link leads out of the directory that it is in.
  const directory = found?.parent ?? parent
  return `${identityOf(directory.inode)}/${found?.name ?? name}`
}

/** Not the object: file systems drop unused ones and make them anew. */
function identityOf(inode: Inode): string {
  const {dev, ino} = inode.attributes()
  return `${dev}:${ino}`
}

/** Pipes and the like, reached through /proc/self/fd: they have no path. */
function isNameless({mount, parent, inode}: Location): boolean {
  return parent === undefined && mount.at === undefined && inode.kind !== S_IFDIR
}

function permissionsFor(intent: Intent): Permissions {
  let permissions = intent & (READ | WRITE | EXECUTE | CREATE)
  if (intent & INSPECT) permissions |= READ
  if (intent & ATTRIBUTES) permissions |= WRITE
  if (intent & DEVICE) permissions |= CREATE
  if (intent & CONNECT) permissions |= WRITE
  return permissions
}
