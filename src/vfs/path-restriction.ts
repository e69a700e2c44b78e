// PathRestriction: what openat2(2) forbids a path walk (RESOLVE_*).

import {
  RESOLVE_BENEATH,
  RESOLVE_IN_ROOT,
  RESOLVE_NO_MAGICLINKS,
  RESOLVE_NO_SYMLINKS,
  RESOLVE_NO_XDEV,
} from '../abi/at-flags.ts'
import {ELOOP, Errno, EXDEV} from '../abi/errno.ts'
import type {Location} from './location.ts'
import {isSame} from './mount-tree.ts'

export class PathRestriction {
  readonly #flags: number
  readonly #start: Location

  /** @param start where the walk starts: RESOLVE_BENEATH holds it below */
  constructor(flags: number, start: Location) {
    this.#flags = flags
    this.#start = start
  }

  /** The path, or a link's target, starts with a slash. @throws Errno EXDEV */
  checkAbsolute(from: Location, root: Location): void {
    if (this.#flags & RESOLVE_BENEATH) throw new Errno(EXDEV)
    this.checkStep(from, root)
  }

  /** `..`. @throws Errno EXDEV */
  checkParent(from: Location, to: Location): void {
    if (this.#flags & RESOLVE_BENEATH && isSame(from, this.#start)) throw new Errno(EXDEV)
    this.checkStep(from, to)
  }

  /** One name further. @throws Errno EXDEV at a mount */
  checkStep(from: Location, to: Location): void {
    if (this.#flags & RESOLVE_NO_XDEV && from.mount !== to.mount) throw new Errno(EXDEV)
  }

  /** A symbolic link is about to be followed. @throws Errno ELOOP */
  checkLink(): void {
    if (this.#flags & RESOLVE_NO_SYMLINKS) throw new Errno(ELOOP)
  }

  /** @throws Errno ELOOP, EXDEV */
  checkMagicLink(from: Location, to: Location): void {
    if (this.#flags & RESOLVE_NO_MAGICLINKS) throw new Errno(ELOOP)
    if (this.#flags & (RESOLVE_BENEATH | RESOLVE_IN_ROOT)) throw new Errno(EXDEV)
    this.checkStep(from, to)
  }
}
