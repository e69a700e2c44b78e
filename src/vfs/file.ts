// The vfs contracts: Inode (an object in a file system) and FileDescription (what open(2) makes of one).

import type {Capabilities} from '../abi/capability.ts'
import type {StatFields} from '../abi/stat.ts'
import type {Timespec} from '../abi/time.ts'
import type {FileSystem} from './file-system.ts'
import type {Location} from './location.ts'
import type {WaitQueue} from './wait-queue.ts'
import type {Watcher} from './watchers.ts'

/**
 * Names and paths are byte strings: latin1, one char per byte, never UTF-16. Host and user text is translated
 * at the edge (CLI, host file system calls), so that any name a host directory holds survives.
 */
export type ByteString = string

/** What stat(2) tells of an inode. */
export type Attributes = StatFields
/** Since the epoch. */
export type Time = Timespec

/** What setattr may change; absent fields stay. `size` truncates or extends. */
export interface AttributeChanges {
  mode?: number
  uid?: number
  gid?: number
  size?: number
  atime?: Time
  mtime?: Time
}

/** The caller; the vfs checks permissions (in path walk and open), never a file system. */
export interface Credentials {
  readonly uid: number
  readonly gid: number
  readonly groups: readonly number[]
  /** The effective capabilities. */
  readonly capabilities: Capabilities
}

/**
 * An object in a file system: file, directory, link, device, pipe, socket. Every failing operation throws Errno.
 * Operations on the wrong kind: ENOTDIR, EISDIR, EINVAL as Linux does.
 */
export interface Inode {
  readonly fs: FileSystem
  /** The S_IFMT bits of its mode: they never change. */
  readonly kind: number
  /**
   * The mode that it has now, where it costs no look: in memory. Absent: set-ID bits never stand in a file that is open for
   * writing (README.md, "No power").
   */
  readonly mode?: number
  /** Something is mounted on it. The mount tree sets this, and the file system then keeps this object for its file. */
  covered?: boolean
  /** The watchers of its events; the file system keeps this object for its file while there are any. */
  watchers?: Set<Watcher>
  /** Of a watched file, how many names it had after it lost one last: see noteLinks of watchers.ts. */
  linksLeft?: number
  /** The name that it lost last, while descriptions may have been opened by it: see watchers.ts. */
  lostName?: Place
  /** How many have it open for writing; below 0: how many programs execute it. See text-busy.ts. */
  textUse?: number
  /** It does not change, nor do the names in it, though others of its file system may. */
  readonly isReadOnly?: boolean
  /** How many hold it, if its file system counts: open descriptions, working directories. */
  readonly holds?: number
  /**
   * A name that leads here now, or the last one that did. Undefined for the root of a file system and for files that
   * never had a name. Directories always answer right, whatever was renamed; files with several names give one.
   */
  place(): Place | undefined
  attributes(): Attributes
  setAttributes(changes: AttributeChanges): void
  /** @throws Errno ENOENT, ENOTDIR */
  lookup(name: ByteString): Inode
  /** A directory that had this name when last looked up, where a lookup is costly; nothing is mounted on it. */
  knownDirectory(name: ByteString): Inode | undefined
  /** isInPlace and lookup in one look; undefined: only both can tell. */
  lookupInPlace(name: ByteString): Inode | undefined
  /** For a known directory: whether it and all above it are still where they were. */
  isInPlace(): boolean
  create(name: ByteString, mode: number, owner: Credentials): Inode
  mkdir(name: ByteString, mode: number, owner: Credentials): Inode
  symlink(name: ByteString, target: ByteString, owner: Credentials): Inode
  mknod(name: ByteString, mode: number, rdev: number, owner: Credentials): Inode
  link(name: ByteString, target: Inode): void
  unlink(name: ByteString): void
  rmdir(name: ByteString): void
  /** `flags` are renameat2's RENAME_*. Both directories belong to this file system. */
  rename(oldName: ByteString, newDirectory: Inode, newName: ByteString, flags: number): void
  readlink(): ByteString
  /** Its content was read, listed or mapped: updates the time of access, where it is kept here. */
  touchAccess?(): void
  /** Opens what this inode is; `flags` are open(2)'s. O_CREAT, O_EXCL and permissions are already done; O_TRUNC is not. */
  open(flags: number): FileDescription
  /** Present on /proc/self/fd/N and the like: where following the link leads, whatever readlink says. */
  followMagicLink?(): Location | undefined
  /** O_TMPFILE in this directory. Absent: EOPNOTSUPP. */
  createUnnamed?(mode: number, owner: Credentials): Inode
  /** Whether the present caller may do what its mode forbids. Absent: nobody may. */
  permits?(): boolean
  /** What /proc/PID/fd shows where there is no path. */
  readonly descriptorText?: ByteString
  /** hold: opened, or made a working directory; letGo: no longer. Freed with the last name and holder. Absent: nobody counts. */
  hold?(): void
  letGo?(): void
  /** How the host tells its file from others: the same for all names of the file, in all volumes. Absent: it has one object. */
  readonly identity?: string
  /** pin: a socket is bound to its file, which stays even without a name; unpin: no longer. Absent: hold does that. @throws Errno */
  pin?(): void
  unpin?(): void
}

/** Where an inode is in its own file system. */
export interface Place {
  readonly directory: Inode
  readonly name: ByteString
  /** The name is gone: it was unlinked, or its directory removed. */
  readonly removed: boolean
}

export interface DirectoryEntry {
  name: ByteString
  ino: number
  /** DT_* */
  type: number
}

/**
 * What open(2) makes: a file description, shared by dup'ed descriptors. `flags` are the status flags (O_APPEND, O_NONBLOCK …).
 * read and write return how many bytes they moved (short counts allowed) and throw Errno; when they would block they
 * throw Errno(EAGAIN) always, and the sentry decides whether the task sleeps on `readiness` or the guest gets EAGAIN.
 */
export interface FileDescription {
  /** An overlay's own, where the file is open in one of its layers. */
  inode: Inode
  flags: number
  /** The file offset, for files that have one. */
  position: number

  /** `position` undefined: use and advance the file offset. @throws Errno ESPIPE for a position on a stream */
  read(target: Uint8Array, position?: number): number
  write(source: Uint8Array, position?: number): number
  /** @returns the new offset */
  seek(offset: number, whence: number): number
  /** The next entries from the current offset; [] at the end. The file itself supplies `.` and `..`. */
  readDirectory(maxEntries: number): DirectoryEntry[]
  /** Puts the offset back so that the entry at index `count` of the last readDirectory comes next. */
  unreadDirectory(count: number): void
  truncate(size: number): void
  /** fallocate(2). @returns how many bytes of the range are done: a long allocation does a part, and is called again */
  allocate(mode: number, offset: number, length: number): number
  sync(): void
  /** When a read that waits since `sinceNs` ends with what there is, maybe nothing (VTIME). CLOCK_MONOTONIC; absent or undefined: never. */
  readDeadlineNs?(sinceNs: number): number | undefined
  /** poll(2) bits that hold now: POLLIN 1, POLLOUT 4, POLLERR 8, POLLHUP 16. */
  readiness(): number
  /** Woken when readiness may have changed. Undefined: always ready. */
  readonly waiters?: WaitQueue
  /** A host descriptor to watch while something waits in `waiters`; the sentry calls `waiters.wakeAll()` when it is ready. */
  readonly hostFd?: number
  /** @returns bytes; the request's argument is a guest address that only the sentry follows, through `memory` */
  ioctl(request: number, argument: number, memory: IoctlMemory): number
  /** For mmap: the MemoryFile pages of this file, or undefined (ENODEV). */
  readonly mappable?: Mappable
  /** write(2) takes everything and looks at nothing: /dev/null. */
  readonly discardsWrites?: boolean
  /** Further lines of /proc/PID/fdinfo. */
  fdinfo?(): ByteString
  /** Each part of a writev(2) is a separate write: eventfds. */
  readonly writesRecords?: boolean
  /** The calling process is about to close a descriptor of it; others may stay. */
  descriptorClosed?(): void
  /** For files of writable volumes: locks that host processes see. Undefined: it has none. */
  openHostLocks?(): FileLocking | undefined
  /** The last reference is gone. Never throws. */
  close(): void
  /** The name by which it was opened: the sentry sets it. */
  openedAt?: Location
  /** A fifo opened without O_NONBLOCK: false while open(2) still sleeps in `waiters` for the other end. Absent: true. */
  isOpenComplete?(): boolean
}

/** Locks on the host: F_RDLCK, F_WRLCK or F_UNLCK. They never wait. @returns false: another holder's lock is in the way */
export interface FileLocking {
  /** Bytes [start, end); Infinity: to the end of the file, wherever it is. */
  lockRange(type: number, start: number, end: number): boolean
  /** Another holder's lock that keeps a range from being locked. */
  conflict(type: number, start: number, end: number): LockedRange | undefined
  /** flock(2). */
  lockWhole(type: number): boolean
  /** Releases all locks. */
  close(): void
}

/** What F_GETLK tells about a record lock. [start, end) in bytes; Infinity for "to the end of the file, wherever it is". */
export interface LockedRange {
  /** F_RDLCK or F_WRLCK. */
  readonly type: number
  readonly start: number
  readonly end: number
  /** -1 for a file description's; 0 for a process that has no pid in the guest (fcntl(2)). */
  readonly pid: number
}

/** How an ioctl handler reaches its argument. @throws Errno EFAULT */
export interface IoctlMemory {
  read(address: number, length: number): Uint8Array
  write(address: number, bytes: Uint8Array): void
}

/**
 * A file whose pages can be mapped. Shared mappings get the file's own pages; the file keeps read, write and truncate
 * coherent with them. `pageIndex` counts 4096-byte pages of the file.
 */
export interface Mappable {
  /**
   * The MemoryFile offset of a page, with a reference taken for the caller (`memory.free` gives it back).
   * @throws Errno ENXIO when the page lies wholly past the end of the file (the guest gets SIGBUS)
   */
  sharedPage(pageIndex: number): number
  /** Whether `sharedPage` need not read anything for the page. Absent: unknown. */
  hasPage?(pageIndex: number): boolean
  /** Of memory: whether anybody has touched the page. Absent: there is a file, which has it. */
  isResident?(pageIndex: number): boolean
  /** A mapping of the page is (or may have been) written: it must reach the file on sync and at the latest on unmap. */
  markDirty(pageIndex: number): void
  /** Writes dirty pages of the range back. */
  flush(firstPage: number, pages: number): void
  /** No program can write to the file. Absent: one may be able to. */
  readonly isConstant?: boolean
  /** What all Mappables of one file share: it tells futexes apart. Absent: the Mappable itself. */
  readonly identity?: object
}
