// Walk: how the paths of a sandbox's owner are walked: with the guest's rights, and through its links no further than it could go itself.

import {RESOLVE_BENEATH, RESOLVE_NO_MAGICLINKS, RESOLVE_NO_SYMLINKS} from '../../../abi/at-flags.ts'
import {ELOOP, Errno} from '../../../abi/errno.ts'
import type {ByteString, Credentials} from '../../../vfs/file.ts'
import type {Location} from '../../../vfs/location.ts'
import type {PathPolicy} from '../../../vfs/path-policy.ts'
import {PathRestriction} from '../../../vfs/path-restriction.ts'
import {type PathContext, resolve} from '../../../vfs/path-walk.ts'
import type {Place} from './operations.ts'

/** Makes one call of the vfs. */
type Step<Result> = (context: PathContext, start: Location, path: ByteString) => Result

export class Walk {
  readonly #root: Location
  readonly #credentials: Credentials
  readonly #unveiled: (() => PathPolicy) | undefined

  /** @param unveiled the part of the tree that programs see, if not all of it */
  constructor(root: Location, credentials: Credentials, unveiled: (() => PathPolicy) | undefined) {
    this.#root = root
    this.#credentials = credentials
    this.#unveiled = unveiled
  }

  /**
   * The owner's own path leads anywhere. A link on it may be a guest's, to make the owner write where the guest may not go.
   * @throws Errno
   */
  to<Result>(place: Place, step: Step<Result>): Result {
    const {path, beneath} = place
    if (beneath === undefined) return this.#followed((context) => step(context, this.#root, path))
    const start = this.#followed((context) => resolve(context, this.#root, beneath))
    return step(this.#context(RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS, start), start, path)
  }

  /** For names in directories that were already found. */
  get within(): PathContext {
    return this.#context(RESOLVE_NO_SYMLINKS, this.#root)
  }

  #followed<Result>(step: (context: PathContext) => Result): Result {
    if (this.#unveiled === undefined) return step(this.#context(RESOLVE_NO_MAGICLINKS, this.#root))
    try {
      return step(this.within)
    } catch (error) {
      if (!(error instanceof Errno) || error.code !== ELOOP) throw error
      return step({...this.#context(RESOLVE_NO_MAGICLINKS, this.#root), policy: this.#unveiled()})
    }
  }

  #context(flags: number, start: Location): PathContext {
    return {
      root: this.#root,
      credentials: this.#credentials,
      restriction: new PathRestriction(flags, start),
    }
  }
}
