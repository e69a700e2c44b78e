// devpts: the directory of terminals, /dev/pts: a node for each, which comes and goes with its terminal. man 4 pts.

import {EIO, ENOENT, Errno} from '../../abi/errno.ts'
import {directoryEntryType, majorOf, minorOf, S_IFCHR, S_IFDIR} from '../../abi/file-mode.ts'
import type {Budget} from '../budget.ts'
import type {FileClock} from '../clock.ts'
import {PTMX_DEV} from '../devices.ts'
import {DirectoryDescription} from '../directory-description.ts'
import type {
  Attributes,
  ByteString,
  Credentials,
  DirectoryEntry,
  FileDescription,
  Place,
  Time,
} from '../file.ts'
import {emptyStatistics, type FileSystem, type FileSystemStatistics} from '../file-system.ts'
import {Inode, newAttributes, StoredInode} from '../inode.ts'

/** /proc/sys/kernel/pty/max. */
export const MOST_TERMINALS = 4096
const DEVPTS_MAGIC = 0x1cd1
const BLOCK_SIZE = 1024
const PTMX = 'ptmx'
const ROOT_INO = 1
const PTMX_INO = 2
/** A terminal's inode number is its number plus this. */
const FIRST_INO = 3

/** What a node leads to. */
export interface PtsDevice {
  readonly rdev: number
  readonly mode: number
  readonly owner: Pick<Credentials, 'uid' | 'gid'>
  /** @throws Errno */
  open(inode: Inode, flags: number): FileDescription
}

export class Devpts implements FileSystem {
  readonly type = 'devpts'
  readonly readOnly = false
  dev = 0
  clock: FileClock
  readonly options = 'gid=5,mode=620,ptmxmode=666'
  readonly budget: Budget | undefined
  readonly root: Inode
  readonly nodes = new Map<ByteString, PtsNode>()

  /** @param openMultiplexer what open(2) of its ptmx does */
  constructor(openMultiplexer: PtsDevice['open'], clock: FileClock, budget?: Budget) {
    this.clock = clock
    this.budget = budget
    this.root = new PtsDirectory(this)
    const owner = {uid: 0, gid: 0}
    const ptmx = {rdev: PTMX_DEV, mode: S_IFCHR | 0o666, owner, open: openMultiplexer}
    this.nodes.set(PTMX, new PtsNode(this, PTMX, PTMX_INO, ptmx))
  }

  get terminalCount(): number {
    return this.nodes.size - 1
  }

  /** A terminal's node, by its number. */
  add(device: PtsDevice): PtsNode {
    const number = minorOf(device.rdev)
    const name = String(number)
    const node = new PtsNode(this, name, FIRST_INO + number, device)
    this.nodes.set(name, node)
    return node
  }

  remove(node: PtsNode): void {
    if (this.nodes.get(node.name) === node) this.nodes.delete(node.name)
  }

  statfs(): FileSystemStatistics {
    return emptyStatistics(DEVPTS_MAGIC)
  }

  dispose(): void {}
}

class PtsDirectory extends Inode {
  readonly fs: Devpts
  readonly #born: Time

  constructor(fs: Devpts) {
    super(S_IFDIR)
    this.fs = fs
    this.#born = fs.clock.now()
  }

  override lookup(name: ByteString): Inode {
    const node = this.fs.nodes.get(name)
    if (node === undefined) throw new Errno(ENOENT)
    return node
  }

  override attributes(): Attributes {
    const attributes = newAttributes(this.fs, ROOT_INO, S_IFDIR | 0o755, this.#born)
    return {...attributes, nlink: 2, blksize: BLOCK_SIZE}
  }

  override open(flags: number): FileDescription {
    return new DirectoryDescription(this, flags, () => [...this.#list()])
  }

  *#list(): Iterable<DirectoryEntry> {
    for (const {name, ino, kind} of this.fs.nodes.values()) yield {name, ino, type: directoryEntryType(kind)}
  }
}

export class PtsNode extends StoredInode<Devpts> {
  readonly name: ByteString
  readonly ino: number
  readonly device: PtsDevice

  constructor(fs: Devpts, name: ByteString, ino: number, device: PtsDevice) {
    super(fs, ino, device.mode, device.owner)
    this.name = name
    this.ino = ino
    this.device = device
  }

  override place(): Place {
    return {directory: this.fs.root, name: this.name, removed: this.#isGone}
  }

  get #isGone(): boolean {
    return this.fs.nodes.get(this.name) !== this
  }

  override attributes(): Attributes {
    const {dev} = this.fs
    const nlink = this.#isGone ? 0 : 1
    return {...this.stored, dev, nlink, rdev: this.device.rdev, blksize: BLOCK_SIZE, btime: this.stored.ctime}
  }

  /** It was read or written: w(1) shows from this how long nobody has typed. */
  touch(isWritten: boolean): void {
    if (isWritten) this.stored.mtime = this.fs.clock.now()
    else this.stored.atime = this.fs.clock.now()
  }

  /** @throws Errno EIO when its terminal is gone */
  override open(flags: number): FileDescription {
    if (this.#isGone) throw new Errno(EIO)
    return this.device.open(this, flags)
  }
}

/** Major numbers of Unix98's terminals. */
export function isTerminalDev(rdev: number): boolean {
  const major = majorOf(rdev)
  return major >= 136 && major <= 143
}
