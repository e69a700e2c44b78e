// ArchiveFs: the files of archives, read-only. The names are an index in memory; the content stays in the archives.

import type {MemoryFile} from '../../platform/memory-file.ts'
import {allocateDev} from '../anonymous-dev.ts'
import {emptyStatistics, type FileSystem, type FileSystemStatistics} from '../file-system.ts'
import {ArchiveDirectory} from './archive-directory.ts'
import {type MappedHostFiles, mappedHostFiles} from './mapped-host-files.ts'

/** tmpfs's: what the guest sees of it is below an overlay. */
const MAGIC = 0x01021994

/** An open host file that holds the content of files. */
export interface ArchiveSource {
  readonly fd: number
  /** Where the host has it; undefined: nowhere. */
  readonly path: string | undefined
  /** By whom it was opened: Node closes what is its own when a thread ends, and the addon too. */
  close(): void
}

/**
 * Whoever makes one fills `root`, and says from what descriptors its files are read: they are its own then. What is filled in has
 * been checked: names, and that ranges lie in their files. That a file was cut since shows as zeros or an early end.
 */
export class ArchiveFs implements FileSystem {
  readonly type = 'archive'
  readonly readOnly = true
  readonly dev = allocateDev()
  readonly #sources = new Set<ArchiveSource>()
  #mapped: MappedHostFiles | undefined
  #lastIno = 0
  /** Behind the field that numbers it. */
  readonly root = new ArchiveDirectory(this)

  /** Where pages of mapped files live. Before a file is mapped. */
  useMemory(memory: MemoryFile): void {
    this.#mapped = mappedHostFiles(memory)
  }

  get mapped(): MappedHostFiles | undefined {
    return this.#mapped
  }

  own(source: ArchiveSource): void {
    this.#sources.add(source)
  }

  /** What it owned, another one owns. */
  handOver(owner: ArchiveFs): void {
    for (const source of this.#sources) owner.own(source)
    this.#sources.clear()
  }

  takeIno(): number {
    return ++this.#lastIno
  }

  statfs(): FileSystemStatistics {
    return emptyStatistics(MAGIC)
  }

  dispose(): void {
    for (const source of this.#sources) source.close()
    this.#sources.clear()
  }
}
