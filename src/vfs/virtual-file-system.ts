// VirtualFileSystem: what the file systems of one kernel share: device numbers, changes to the mounts, inodes that no mount shows.

import {FileClock} from './clock.ts'
import type {ByteString} from './file.ts'
import type {FileSystem} from './file-system.ts'
import type {Host} from './host.ts'
import {AnonymousInode, UnmountedFileSystem} from './unmounted.ts'
import {type Changes, WaitQueue} from './wait-queue.ts'

const PIPEFS_MAGIC = 0x50495045
const ANON_INODE_FS_MAGIC = 0x09041934
const NSFS_MAGIC = 0x6e736673
const TMPFS_MAGIC = 0x01021994
/** As Linux begins to number file systems without a device, above those of its own. */
const FIRST_MINOR = 32

export class VirtualFileSystem {
  /** Of the kernel. */
  readonly host: Host
  readonly clock: FileClock
  #nextMinor = FIRST_MINOR
  #lastCookie = 0
  #turn = 0
  readonly #anonymous: UnmountedFileSystem
  readonly #anonymousInodes = new Map<ByteString, AnonymousInode>()
  /** Of pipe(2)'s inodes. */
  readonly pipes: UnmountedFileSystem
  /** Of /proc/PID/ns. */
  readonly namespaces: UnmountedFileSystem
  /** Of hv's own descriptors that the guest was given. */
  readonly hostStreams: UnmountedFileSystem
  /** Of memory that processes share without a file: Linux's is the first of all file systems. */
  readonly sharedMemory: UnmountedFileSystem
  /** Mounts that were added. */
  readonly mountChanges: Changes = {count: 0, waiters: new WaitQueue()}

  constructor(host: Host) {
    this.host = host
    this.clock = new FileClock(host.clock)
    this.#anonymous = this.unmounted('anon_inodefs', ANON_INODE_FS_MAGIC)
    this.pipes = this.unmounted('pipefs', PIPEFS_MAGIC)
    this.namespaces = this.unmounted('nsfs', NSFS_MAGIC)
    this.hostStreams = this.unmounted('hostfs', 0)
    this.sharedMemory = new UnmountedFileSystem('tmpfs', TMPFS_MAGIC, 1, this.clock)
  }

  /** st_dev of a file system without a device: major 0, as Linux numbers them. */
  takeDev(): number {
    const minor = this.#nextMinor++
    return (minor & 0xff) | ((minor & ~0xff) << 12)
  }

  /** The file system is mounted, or used without a mount, for the first time. */
  admit(fs: FileSystem): void {
    if (fs.dev !== 0) return
    fs.dev = this.takeDev()
    fs.clock = this.clock
    fs.admitted?.(this)
  }

  /** For files that no mount shows. @param magic f_type of fstatfs(2) */
  unmounted(type: string, magic: number): UnmountedFileSystem {
    return new UnmountedFileSystem(type, magic, this.takeDev(), this.clock)
  }

  /** The inode whose /proc/self/fd link reads `anon_inode:` and `label`: `[eventfd]`. One for each kind. */
  anonymousInode(label: ByteString): AnonymousInode {
    let inode = this.#anonymousInodes.get(label)
    if (inode === undefined) {
      inode = new AnonymousInode(this.#anonymous, label)
      this.#anonymousInodes.set(label, inode)
    }
    return inode
  }

  /** The number that joins the two events of a move: inotify(7). */
  takeCookie(): number {
    this.#lastCookie = (this.#lastCookie + 1) >>> 0 || 1
    return this.#lastCookie
  }

  /** Changes when the host may have changed what it said before. */
  get turn(): number {
    return this.#turn
  }

  /** The sentry has waited for something. */
  nextTurn(): void {
    this.#turn = (this.#turn + 1) | 0
  }
}
