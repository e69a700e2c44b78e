// The host file system: one host directory (or file), read-only or writable, and never anything outside of it.

import {ENAMETOOLONG, ENOENT, EROFS, Errno} from '../../abi/errno.ts'
import {S_IFDIR, S_IFMT} from '../../abi/file-mode.ts'
import {OwnFiles} from '../../own-files.ts'
import type {MemoryFile} from '../../platform/memory-file.ts'
import type {Budget} from '../budget.ts'
import {NO_CLOCK} from '../clock.ts'
import type {ByteString, Inode} from '../file.ts'
import type {FileSystem, FileSystemStatistics} from '../file-system.ts'
import type {HostFsAddon} from '../host-addon.ts'
import {check, STAT_DEV_MAJOR, STAT_DEV_MINOR, STAT_MODE} from '../host-calls.ts'
import type {VirtualFileSystem} from '../virtual-file-system.ts'
import {Freshness} from './freshness.ts'
import {HostDirectory} from './host-directory.ts'
import {HostFile} from './host-file.ts'
import type {HostNode} from './host-node.ts'
import {type HostSource, openHostSource, statOf} from './host-source.ts'
import {type MappedHostFiles, mappedHostFiles} from './mapped-host-files.ts'
import {maxNodes, NodeCache} from './node-cache.ts'

/** Directories kept open, however big a tree is walked. */
const MAX_DIRECTORY_FDS = 64
/** Directories opened one after another for one call: 130 ms. A guest can nest them as deeply as it likes. */
const MAX_STEPS = 16_384

export interface HostFsOptions {
  readOnly: boolean
  /** Where pages of mapped files live. */
  memory: MemoryFile
  /** Counts lists that are being read. */
  budget?: Budget
  /** How far below an open directory another one can be reopened, default 16,384; deeper ones are ENAMETOOLONG. */
  maxSteps?: number
}

/** Mounts a host path, or what was opened before. @throws HvError NOT_FOUND, BAD_ARGUMENT, HOST_SYSCALL */
export function openHostFs(source: string | HostSource, options: HostFsOptions): HostFs {
  const own = options.readOnly || typeof source !== 'string' ? undefined : new OwnFiles(process.env)
  const opened = typeof source === 'string' ? openHostSource(source, own) : source
  return new HostFs(opened, statOf(opened), options)
}

export class HostFs extends Freshness<HostNode> implements FileSystem {
  readonly type = 'hostfs'
  readonly readOnly: boolean
  dev = 0
  clock = NO_CLOCK
  /** The host's calls on its files. */
  readonly files: HostFsAddon
  readonly mapped: MappedHostFiles
  readonly root: Inode
  readonly rootFd: number
  /** The path of its root, without links; undefined: unknown. */
  readonly hostPath: ByteString | undefined
  /** Counts moves and removals of directories: a kept path holds for one of these layouts. */
  layout = 0
  /** What the last hostStat filled in; it is about `fresh` until any other call. */
  readonly stat: Float64Array
  /** Whether files that the guest makes can be given to the guest's user. */
  readonly canChangeOwner = process.geteuid?.() === 0
  /** Least recently used first. */
  readonly #directoryFds = new Map<HostDirectory, number>()
  /** What no guest may change; undefined: it may change nothing at all. */
  readonly own: OwnFiles | undefined
  readonly budget: Budget | undefined
  readonly #maxSteps: number
  /** It may have a descriptor that nobody has asked for yet. */
  lastCreated: HostFile | undefined
  /** Makes the same file the same object; one that is open, mapped or mounted on stays even beyond the cache's limit. */
  readonly nodes: NodeCache<HostNode>
  readonly #hostDev: number
  /** The guest's device numbers for other host file systems mounted beneath. */
  readonly #devs = new Map<number, number>()

  constructor(source: HostSource, stat: Float64Array, options: HostFsOptions) {
    super()
    this.files = source.files
    this.rootFd = source.fd
    this.hostPath = source.path
    this.stat = stat
    this.readOnly = options.readOnly
    this.own = source.own
    if (!this.readOnly && this.own === undefined) throw new TypeError('a writable volume needs its OwnFiles')
    this.mapped = mappedHostFiles(options.memory)
    if (!this.readOnly) this.mapped.writableRoots.push(this.hostPath ?? '/')
    this.budget = options.budget
    this.#maxSteps = options.maxSteps ?? MAX_STEPS
    this.nodes = new NodeCache(maxNodes(options.memory))
    this.#hostDev = hostDev(stat)
    const isDirectory = (stat[STAT_MODE] & S_IFMT) === S_IFDIR
    this.root = isDirectory ? new HostDirectory(this) : new HostFile(this)
  }

  override admitted(vfs: VirtualFileSystem): void {
    super.admitted(vfs)
    this.#devs.clear()
  }

  statfs(): FileSystemStatistics {
    const out = new Float64Array(8)
    check(this.files.hostStatFs(this.rootFd, out))
    const [magic, bsize, blocks, bfree, bavail, files, ffree, namelen] = out
    return {magic, bsize, blocks, bfree, bavail, files, ffree, namelen}
  }

  dispose(): void {
    this.lastCreated?.dropCreated()
    for (const fd of this.#directoryFds.values()) this.files.hostClose(fd)
    this.#directoryFds.clear()
    this.nodes.clear()
    this.files.hostClose(this.rootFd)
  }

  /** Call before every change: the vfs checks too, but this is the wall. @throws Errno EROFS */
  startChange(): void {
    if (this.readOnly) throw new Errno(EROFS)
    this.fresh = undefined
  }

  /** st_dev for what `stat` describes. */
  devOfStat(): number {
    const key = hostDev(this.stat)
    if (key === this.#hostDev) return this.dev
    let dev = this.#devs.get(key)
    if (dev === undefined) {
      dev = this.takeDev()
      this.#devs.set(key, dev)
    }
    return dev
  }

  /** An O_PATH descriptor of a directory; valid until the next call of this method. @throws Errno ENOENT, ESTALE */
  directoryFd(directory: HostDirectory): number {
    if (directory.parent === undefined) return this.rootFd
    const cached = this.#directoryFds.get(directory)
    if (cached !== undefined) {
      this.#directoryFds.delete(directory)
      this.#directoryFds.set(directory, cached)
      return cached
    }
    return this.#openDirectory(directory)
  }

  /** Like directoryFd, for a directory that may no longer have a name; undefined: it is not open. */
  openDirectoryFd(directory: HostDirectory): number | undefined {
    return this.#directoryFds.get(directory)
  }

  /** The directory was removed, or is no longer the one that we knew. */
  forgetDirectory(directory: HostDirectory): void {
    const fd = this.#directoryFds.get(directory)
    if (fd === undefined) return
    this.#directoryFds.delete(directory)
    this.files.hostClose(fd)
  }

  /** Opens from the nearest open ancestor, name by name: no path is ever too long, and no link is followed. @throws Errno ENAMETOOLONG */
  #openDirectory(directory: HostDirectory): number {
    const missing: HostDirectory[] = []
    let at = directory
    while (at.parent !== undefined && !this.#directoryFds.has(at)) {
      if (at.isRemoved) throw new Errno(ENOENT)
      if (missing.length >= this.#maxSteps) throw new Errno(ENAMETOOLONG)
      missing.push(at)
      at = at.parent
    }
    let fd = this.directoryFd(at)
    for (const next of missing.reverse()) {
      fd = next.admit(check(this.files.hostOpenDirectory(fd, next.name)))
      this.#keepOpen(next, fd)
    }
    return fd
  }

  #keepOpen(directory: HostDirectory, fd: number): void {
    this.#directoryFds.set(directory, fd)
    if (this.#directoryFds.size <= MAX_DIRECTORY_FDS) return
    const [oldest, oldFd] = this.#directoryFds.entries().next().value as [HostDirectory, number]
    this.#directoryFds.delete(oldest)
    this.files.hostClose(oldFd)
  }
}

function hostDev(stat: Float64Array): number {
  return stat[STAT_DEV_MAJOR] * 2 ** 32 + stat[STAT_DEV_MINOR]
}
