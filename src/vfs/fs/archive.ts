// ArchiveFs: the files of archives, read-only. The names are an index in memory; the content stays in the archives.

import type {MemoryFile} from '../../platform/memory-file.ts'
import {PAGE_SIZE} from '../../platform/platform.ts'
import {NO_CLOCK} from '../clock.ts'
import {emptyStatistics, type FileSystem, type FileSystemStatistics} from '../file-system.ts'
import type {HostFsAddon} from '../host-addon.ts'
import type {VirtualFileSystem} from '../virtual-file-system.ts'
import {ArchiveDirectory} from './archive-directory.ts'
import {type MappedHostFiles, mappedHostFiles} from './mapped-host-files.ts'

/** Same as tmpfs: a guest sees these files through an overlay. */
const MAGIC = 0x01021994

/** An open host file that holds the content of files. */
export interface ArchiveSource {
  readonly fd: number
  /** Its path on the host; undefined: it has none. */
  readonly path: string | undefined
  /** Closes it through its opener: Node and the addon each close their own descriptors when a thread ends. */
  close(): void
}

/**
 * The maker fills `root`, and names the descriptors that files are read from, which then belong to this. What is filled in has
 * been checked: names, and that ranges lie in their files. A file that was cut since shows zeros or an early end.
 */
export class ArchiveFs implements FileSystem {
  readonly type = 'archive'
  readonly readOnly = true
  dev = 0
  clock = NO_CLOCK
  /** The host's calls on its sources, once a kernel has admitted it. */
  files: HostFsAddon | undefined
  readonly #sources = new Set<ArchiveSource>()
  #mapped: MappedHostFiles | undefined
  #lastIno = 0
  /** What the files that have a name hold. */
  #bytes = 0
  /** After the field that numbers it. */
  readonly root = new ArchiveDirectory(this)

  /** Where pages of mapped files live. Call before a file is mapped. */
  useMemory(memory: MemoryFile): void {
    this.#mapped = mappedHostFiles(memory)
  }

  get mapped(): MappedHostFiles | undefined {
    return this.#mapped
  }

  own(source: ArchiveSource): void {
    this.#sources.add(source)
  }

  /** Gives what it owns to another one. */
  handOver(owner: ArchiveFs): void {
    for (const source of this.#sources) owner.own(source)
    this.#sources.clear()
  }

  takeIno(): number {
    return ++this.#lastIno
  }

  get heldBytes(): number {
    return this.#bytes
  }

  /** Counts a file that came, or went: negative. */
  hold(bytes: number): void {
    this.#bytes += bytes
  }

  admitted({host}: VirtualFileSystem): void {
    this.files = host.files
  }

  statfs(): FileSystemStatistics {
    return {...emptyStatistics(MAGIC), blocks: Math.ceil(this.#bytes / PAGE_SIZE)}
  }

  dispose(): void {
    for (const source of this.#sources) source.close()
    this.#sources.clear()
  }
}
