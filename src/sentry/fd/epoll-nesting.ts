// Epolls in epolls: how deep they may nest, how many ways may lead up from a file (fs/eventpoll.c), and walks that end.

import {EINVAL, ELOOP, Errno} from '../../abi/errno.ts'
import {AnonymousDescription} from '../../vfs/anonymous-description.ts'
import type {OpenDescription} from '../core/open-description.ts'

declare module '../core/open-description.ts' {
  interface OpenDescription {
    /** The epolls that watch it. */
    watchers: Set<NestedWatch>
  }
}

/** A file that an epoll watches. */
export interface NestedWatch {
  readonly epoll: NestedEpollDescription
  readonly description: OpenDescription
}

/** The part of an epoll that matters here. */
export abstract class NestedEpollDescription extends AnonymousDescription {
  /** What watches this. */
  readonly watchers = new Set<NestedWatch>()

  abstract watches(): Iterable<NestedWatch>

  /** The watched file was closed. */
  abstract forget(watch: NestedWatch): void
}

/** EP_MAX_NESTS: links in a row. Walks up or down recurse no deeper. */
const MAX_NESTS = 4
/** Indexed by the number of links from a file's own epoll to one that nothing watches. A file may be in any number of epolls directly. */
const MAX_WAYS = [Number.POSITIVE_INFINITY, 500, 100, 50, 10]

/** Checks that `above` may watch `below`. @throws Errno ELOOP: a loop, or a chain that is too long */
export function checkDepth(above: NestedEpollDescription, below: NestedEpollDescription): void {
  const links = depthBelow(below, above, new Map()) + 1 + heightAbove(above, new Map())
  if (links > MAX_NESTS) throw new Errno(ELOOP)
}

/** Checks that no file below a new watch has too many ways up. @throws Errno EINVAL */
export function checkWays({description}: NestedWatch): void {
  const {file} = description
  const below = file instanceof NestedEpollDescription ? filesBelow(file) : [description]
  for (const {watchers} of below) countWays(watchers, 0, [0, 0, 0, 0, 0])
}

/**
 * A pass through nested epolls, in which each is asked, or woken, once. If each of 32 epolls watches each of the next 32,
 * and so on for four levels, a million ways lead down.
 */
class Pass {
  #number = 0
  #depth = 0

  /** Runs as part of the pass that is under way, if there is one. `visit` gets the pass's number. */
  run<T>(visit: (pass: number) => T): T {
    if (this.#depth === 0) this.#number++
    this.#depth++
    try {
      return visit(this.#number)
    } finally {
      this.#depth--
    }
  }
}

/** The passes of one kernel. */
export class EpollPasses {
  /** Runs while one call looks for what is ready. */
  readonly readiness = new Pass()
  /** Runs while one event wakes its waiters. */
  readonly wake = new Pass()
}

/** Infinity when a way down leads to `forbidden`. */
function depthBelow(
  epoll: NestedEpollDescription,
  forbidden: NestedEpollDescription,
  known: Map<NestedEpollDescription, number>,
): number {
  if (epoll === forbidden) return Number.POSITIVE_INFINITY
  let depth = known.get(epoll)
  if (depth !== undefined) return depth
  depth = 0
  for (const {description} of epoll.watches()) {
    const {file} = description
    if (file instanceof NestedEpollDescription)
      depth = Math.max(depth, depthBelow(file, forbidden, known) + 1)
  }
  known.set(epoll, depth)
  return depth
}

function heightAbove(epoll: NestedEpollDescription, known: Map<NestedEpollDescription, number>): number {
  let height = known.get(epoll)
  if (height !== undefined) return height
  height = 0
  for (const watcher of epoll.watchers) height = Math.max(height, heightAbove(watcher.epoll, known) + 1)
  known.set(epoll, height)
  return height
}

function filesBelow(
  epoll: NestedEpollDescription,
  seen = new Set<NestedEpollDescription>(),
  found = new Set<OpenDescription>(),
): Set<OpenDescription> {
  seen.add(epoll)
  for (const {description} of epoll.watches()) {
    const {file} = description
    if (!(file instanceof NestedEpollDescription)) found.add(description)
    else if (!seen.has(file)) filesBelow(file, seen, found)
  }
  return found
}

/** reverse_path_check_proc: stops as soon as there is one way too many. */
function countWays(watchers: Iterable<NestedWatch>, links: number, counts: number[]): void {
  for (const {epoll} of watchers) {
    if (epoll.watchers.size > 0) countWays(epoll.watchers, links + 1, counts)
    else if (++counts[links] > MAX_WAYS[links]) throw new Errno(EINVAL)
  }
}
