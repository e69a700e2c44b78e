// MappedHostFiles: the pages of mapped host files, shared by all names and volumes, and keyed by the identity that the host gives a file.

import type {MemoryCache, MemoryFile} from '../../platform/memory-file.ts'
import {PAGE_SIZE} from '../../platform/platform.ts'
import type {ByteString} from '../file.ts'
import type {HostFsAddon} from '../host-addon.ts'
import {HostPages} from './host-pages.ts'

/** How much of guest memory the pages of unmapped files may keep. */
const MAX_IDLE_SHARE = 1 / 8

/** The same programs and libraries are mapped again and again: their pages stay for a while after the last user. */
export class MappedHostFiles implements MemoryCache {
  /** Host paths of trees that programs can write to; '/' for an unknown one. */
  readonly writableRoots: ByteString[] = []
  readonly #memory: MemoryFile
  readonly #files = new Map<string, HostPages>()
  /** Unused ones, least recently used first. Their content is not seen before `make` has compared the version. */
  readonly #idle = new Map<string, HostPages>()
  #idlePages = 0

  constructor(memory: MemoryFile) {
    this.#memory = memory
    memory.cache = this
  }

  get isEmpty(): boolean {
    return this.#files.size === 0
  }

  /** Whether programs can write to what lies at a host path, as far as names tell: links and bind mounts make other names. */
  isWritable(path: ByteString): boolean {
    return this.writableRoots.some((root) => root === '/' || path === root || path.startsWith(`${root}/`))
  }

  /** Of the pages that nobody uses. */
  get bytes(): number {
    return this.#idlePages * PAGE_SIZE
  }

  get(identity: string): HostPages | undefined {
    return this.#files.get(identity)
  }

  /** @param version of the present content; undefined: it may change, and nothing would tell */
  make(identity: string, files: HostFsAddon, version: () => string | undefined): HostPages {
    const known = this.#files.get(identity)
    if (known !== undefined) return known
    const now = version()
    const pages = this.#takeIdle(identity, now) ?? new HostPages(this.#memory, files, now)
    this.#files.set(identity, pages)
    return pages
  }

  drop(): void {
    for (const identity of this.#idle.keys()) this.#forget(identity)
  }

  /** Nobody uses its pages now. */
  release(identity: string): void {
    const pages = this.#files.get(identity)!
    this.#files.delete(identity)
    if (pages.version === undefined) pages.drop()
    else this.#keep(identity, pages)
  }

  #keep(identity: string, pages: HostPages): void {
    // Their number is limited through their pages.
    if (pages.count === 0) return
    this.#idle.set(identity, pages)
    this.#idlePages += pages.count
    const most = (this.#memory.size / PAGE_SIZE) * MAX_IDLE_SHARE
    for (const oldest of this.#idle.keys()) {
      if (this.#idlePages <= most) break
      this.#forget(oldest)
    }
  }

  #takeIdle(identity: string, version: string | undefined): HostPages | undefined {
    const pages = this.#idle.get(identity)
    if (pages === undefined) return undefined
    if (pages.version !== version) {
      this.#forget(identity)
      return undefined
    }
    this.#idle.delete(identity)
    this.#idlePages -= pages.count
    return pages
  }

  #forget(identity: string): void {
    const pages = this.#idle.get(identity)!
    this.#idle.delete(identity)
    this.#idlePages -= pages.count
    pages.drop()
  }
}

/** The pages of one sandbox. */
export function mappedHostFiles(memory: MemoryFile): MappedHostFiles {
  const {cache} = memory
  return cache instanceof MappedHostFiles ? cache : new MappedHostFiles(memory)
}
