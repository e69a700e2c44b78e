// MappedHostFiles: the pages of mapped host files, by what the host tells files apart by: all names and volumes share them.

import type {MemoryFile} from '../../platform/memory-file.ts'
import {HostPages} from './host-pages.ts'

export class MappedHostFiles {
  readonly #memory: MemoryFile
  readonly #files = new Map<string, HostPages>()

  constructor(memory: MemoryFile) {
    this.#memory = memory
  }

  get isEmpty(): boolean {
    return this.#files.size === 0
  }

  get(identity: string): HostPages | undefined {
    return this.#files.get(identity)
  }

  make(identity: string): HostPages {
    const known = this.#files.get(identity)
    if (known !== undefined) return known
    const pages = new HostPages(this.#memory)
    this.#files.set(identity, pages)
    return pages
  }

  forget(identity: string): void {
    this.#files.delete(identity)
  }
}

const ofMemory = new WeakMap<MemoryFile, MappedHostFiles>()

/** Those of one sandbox. */
export function mappedHostFiles(memory: MemoryFile): MappedHostFiles {
  let files = ofMemory.get(memory)
  if (files === undefined) {
    files = new MappedHostFiles(memory)
    ofMemory.set(memory, files)
  }
  return files
}
