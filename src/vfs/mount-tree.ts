// The mount tree: which file system covers what, and how paths cross mount points in both directions.

import {ENOENT, Errno} from '../abi/errno.ts'
import {S_IFDIR} from '../abi/file-mode.ts'
import {POLLERR, POLLPRI} from '../abi/open-flags.ts'
import type {ByteString, Inode} from './file.ts'
import type {FileSystem} from './file-system.ts'
import {leadsTo} from './inode.ts'
import type {Location, Mount} from './location.ts'
import type {VirtualFileSystem} from './virtual-file-system.ts'
import type {Changes} from './wait-queue.ts'

/** A mount and its top refer to each other. */
type Mutable<T> = {-readonly [K in keyof T]: T[K]}

export interface MountOptions {
  readOnly?: boolean | undefined
  nosuid?: boolean
  source?: string
}

/** The root mount of a new tree; its `top` is `/`. */
export function mountRoot(fs: FileSystem, vfs: VirtualFileSystem, options: MountOptions = {}): Mount {
  vfs.admit(fs)
  return createMount(1, fs.root, vfs, undefined, options)
}

/** Mounts `fs` over the directory (or file) at `at`. A later mount at the same place covers the earlier one. */
export function mount(at: Location, fs: FileSystem, options: MountOptions = {}): Mount {
  const covered = descend(at)
  const {vfs} = at.mount
  vfs.admit(fs)
  const child = createMount(nextId(covered.mount), fs.root, vfs, covered, options)
  covered.mount.children.set(covered.inode, child)
  covered.inode.covered = true
  const changes: Mutable<Changes> = vfs.mountChanges
  changes.count++
  changes.waiters.wakeAll(POLLERR | POLLPRI)
  return child
}

/** @param inode its top: the root of a file system, or what is in no tree */
function createMount(
  id: number,
  inode: Inode,
  vfs: VirtualFileSystem,
  at?: Location,
  {source = inode.fs.type, readOnly = false, nosuid = false}: MountOptions = {},
): Mount {
  const top = undefined as unknown as Location
  const created: Mutable<Mount> = {
    ...{id, fs: inode.fs, at, source, readOnly, nosuid},
    ...{children: new Map(), vfs, top},
  }
  created.top = {mount: created, inode, parent: at?.parent, name: at?.name ?? ''}
  return created
}

/** Mounts stay, so the last one's number is their count. */
function nextId(mount: Mount): number {
  let root = mount
  while (root.at !== undefined) root = root.at.mount
  return [...allMounts(root)].length + 1
}

/** A location for what is in no tree: pipes, sockets, host streams. It is the top of a mount of its own. */
export function detachedLocation(vfs: VirtualFileSystem, inode: Inode): Location {
  return createMount(0, inode, vfs).top
}

/** Every mount under `root`, parents first: the order of /proc/mounts. */
export function* allMounts(root: Mount): Iterable<Mount> {
  yield root
  for (const child of root.children.values()) yield* allMounts(child)
}

/** Disposes of every file system in the tree, the deepest first. */
export function disposeMounts(root: Mount): void {
  for (const each of [...allMounts(root)].reverse()) each.fs.dispose()
}

/** What is visible at a location: the top of the last mount on it, or itself. */
function descend(location: Location): Location {
  let current = location
  while (current.inode.covered) {
    const child = current.mount.children.get(current.inode)
    if (child === undefined) break
    current = child.top
  }
  return current
}

export function childLocation(parent: Location, name: ByteString, inode: Inode): Location {
  const isDirectory = inode.kind === S_IFDIR && inode.place() !== undefined
  const child = isDirectory
    ? new DirectoryLocation(parent.mount, inode)
    : {mount: parent.mount, inode, parent, name}
  return inode.covered ? descend(child) : child
}

/** Computes its parent on demand, so that it holds no chain of directories above, which a guest makes as long as it likes. */
class DirectoryLocation implements Location {
  readonly mount: Mount
  readonly inode: Inode

  constructor(mountOfIt: Mount, inode: Inode) {
    this.mount = mountOfIt
    this.inode = inode
  }

  get parent(): Location | undefined {
    const place = this.inode.place()
    return place && locateDirectory(this.mount, place.directory)
  }

  get name(): ByteString {
    return this.inode.place()?.name ?? ''
  }
}

/** `..`: the present parent directory, across mount points, and no higher than `root`. */
export function ascend(location: Location, root: Location): Location {
  if (isSame(location, root)) return location
  let current = location
  while (current.inode === current.mount.top.inode) {
    if (current.mount.at === undefined) return current
    current = current.mount.at
  }
  const place = current.inode.place()
  if (place === undefined) return current.parent ?? current
  if (current.parent !== undefined && current.parent.inode === place.directory) return current.parent
  return locateDirectory(current.mount, place.directory)
}

/** The location of a directory, derived from where its file system says it is. @throws Errno ENOENT */
export function locateDirectory(mountOfIt: Mount, directory: Inode): Location {
  if (directory === mountOfIt.top.inode) return mountOfIt.top
  if (directory.place() === undefined) throw new Errno(ENOENT)
  return new DirectoryLocation(mountOfIt, directory)
}

export function isSame(a: Location, b: Location): boolean {
  return a.inode === b.inode && a.mount === b.mount
}

/** What pathOf says about a location. */
export interface PathName {
  /** Absolute, as seen from the given root. */
  path: ByteString
  /** The name is gone: Linux appends " (deleted)" in /proc, and getcwd fails with ENOENT. */
  removed: boolean
  /** Not below the given root: Linux prepends "(unreachable)" in getcwd. */
  unreachable: boolean
}

/** The path of a location as a task with this root sees it: getcwd(2), d_path in /proc. */
export function pathOf(location: Location, root: Location): PathName {
  const names: ByteString[] = []
  let removed = false
  let current = location
  while (!isSame(current, root)) {
    if (current.inode === current.mount.top.inode) {
      if (current.mount.at === undefined) return {path: join(names), removed, unreachable: true}
      current = current.mount.at
      continue
    }
    const place = currentPlace(current)
    removed ||= place.removed
    names.push(place.name)
    current = place.parent
  }
  return {path: join(names), removed, unreachable: false}
}

function join(names: ByteString[]): ByteString {
  return `/${names.reverse().join('/')}`
}

function currentPlace(location: Location): {parent: Location; name: ByteString; removed: boolean} {
  const place = location.inode.place()
  const {parent, name} = location
  if (place === undefined) return {parent: parent ?? location.mount.top, name, removed: false}
  if (parent?.inode === place.directory && name === place.name) return {parent, name, removed: place.removed}
  // For a file with several names: the one that it was reached by, while that name still leads to it.
  if (parent !== undefined && leadsTo(parent.inode, name, location.inode))
    return {parent, name, removed: false}
  return {parent: locateDirectory(location.mount, place.directory), name: place.name, removed: place.removed}
}
