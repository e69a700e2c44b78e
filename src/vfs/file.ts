// What inodes and file descriptions speak of: attributes, callers, places, locks, pages. Their classes: inode.ts, file-description.ts.

import type {Capabilities} from '../abi/capability.ts'
import type {StatFields} from '../abi/stat.ts'
import type {Timespec} from '../abi/time.ts'
import type {Inode} from './inode.ts'

export type {FileDescription} from './file-description.ts'
export type {Inode} from './inode.ts'

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
  /** Tells futexes apart: what all Mappables of one file share. Absent: the Mappable itself. */
  readonly futexObject?: object
}
