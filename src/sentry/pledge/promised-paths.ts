// PromisedPaths: checks that a pledged process's walks end where its promises allow, and for an allowed purpose.

import type {ByteString} from '../../vfs/file.ts'
import type {Location} from '../../vfs/location.ts'
import type {Intent, PathPolicy} from '../../vfs/path-policy.ts'
import type {Resolution} from '../../vfs/path-walk.ts'
import type {Process} from '../core/process.ts'
import {BrokenPromise} from './broken-promise.ts'
import {grantsAt} from './grants.ts'
import type {Promises} from './promises.ts'
import {needsOf, pathOfEnd, pathOfFailure} from './walked-path.ts'

/** Throws BrokenPromise. Failed walks are judged, too: a program can learn from them that a path is missing. */
export class PromisedPaths implements PathPolicy {
  readonly #promises: Promises
  readonly #process: Pick<Process, 'pid'>
  readonly #top: Location

  /** @param top of the whole tree, whatever chroot(2) says */
  constructor(promises: Promises, process: Pick<Process, 'pid'>, top: Location) {
    this.#promises = promises
    this.#process = process
    this.#top = top
  }

  /** The same, for another process. */
  of(process: Pick<Process, 'pid'>): PromisedPaths {
    return new PromisedPaths(this.#promises, process, this.#top)
  }

  enter(): void {}

  reach(end: Resolution, intent: Intent): void {
    this.#judge(intent, () => pathOfEnd(end, this.#process, this.#top))
  }

  fail(directory: Location, rest: ByteString, intent: Intent): void {
    this.#judge(intent, () => pathOfFailure(directory, rest, this.#process, this.#top))
  }

  #judge(intent: Intent, pathOf: () => ByteString | undefined): void {
    const needs = needsOf(intent)
    const lacking = needs.find((name) => !this.#promises.has(name))
    if (lacking === undefined) return
    const path = pathOf()
    const grants = path === undefined ? [] : grantsAt(path, needs, intent)
    if (!grants.some((name) => this.#promises.has(name))) throw new BrokenPromise([lacking])
  }
}
