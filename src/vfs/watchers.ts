// Watchers: told about what happens to an inode: inotify(7). Where nobody watches, telling costs one look at the file system.

import {S_IFDIR} from '../abi/file-mode.ts'
import {IN_DELETE_SELF, IN_ISDIR, IN_MOVE_SELF} from '../abi/inotify.ts'
import type {ByteString, Inode, Place} from './file.ts'
import {leadsTo} from './inode.ts'
import type {Location} from './location.ts'
import {ownString} from './own-string.ts'

export interface Watcher {
  /**
   * @param event IN_* bits
   * @param name in the watched directory; undefined: it happened to the watched inode itself
   * @param isUnlinked the name by which it was done is gone
   */
  tell(event: number, name: ByteString | undefined, cookie: number, isUnlinked: boolean): void
  /** The watched inode is gone. */
  gone(): void
}

/**
 * The inode that has the watchers of this one's file: another one, where each name of a file has an inode object of its own.
 * @returns itself if nobody watches the file
 */
export function watchedInode(inode: Inode): Inode {
  if (inode.watchers !== undefined || inode.identity === undefined) return inode
  return inode.fs.watched?.get(inode.identity) ?? inode
}

/** Precondition for `inode`, here and in removeWatcher: a watchedInode. */
export function addWatcher(inode: Inode, watcher: Watcher): void {
  const {fs, identity} = inode
  inode.watchers ??= new Set()
  inode.watchers.add(watcher)
  fs.watches = (fs.watches ?? 0) + 1
  if (identity === undefined) return
  fs.watched ??= new Map()
  fs.watched.set(identity, inode)
}

export function removeWatcher(inode: Inode, watcher: Watcher): void {
  if (!inode.watchers?.delete(watcher)) return
  const {fs, identity} = inode
  fs.watches!--
  if (inode.watchers.size > 0) return
  inode.watchers = undefined
  if (identity !== undefined) fs.watched!.delete(identity)
}

/** Call before a name of it goes: afterwards its file system may not know whether it has others. */
export function noteLinks(inode: Inode): void {
  if (!inode.fs.watches || inode.kind === S_IFDIR) return
  const watched = watchedInode(inode)
  if (watched.watchers !== undefined) watched.linksLeft = inode.attributes().nlink - 1
}

/** The name by which the inode was reached. */
type LocationName = Partial<Pick<Location, 'parent' | 'name'>>

/**
 * Tells what was done with an open file to its watchers, and to those of the directory that it is in.
 * @param reached matters for an inode with several names
 */
export function tell(inode: Inode, event: number, reached?: LocationName): void {
  if (!inode.fs.watches) return
  const place = placeOf(inode, reached)
  tellAt(place, inode, event, place?.removed)
}

/** The same for a change of attributes or size. IN_EXCL_UNLINK holds nothing of these back: fsnotify_change names no path. */
export function tellChange(inode: Inode, event: number, reached?: LocationName): void {
  if (inode.fs.watches) tellAt(placeOf(inode, reached), inode, event)
}

function tellAt(place: Place | undefined, inode: Inode, event: number, isUnlinked = false): void {
  if (place !== undefined) tellEntry(place.directory, event, place.name, inode, 0, isUnlinked)
  tellSelf(inode, event, isUnlinked)
}

/** The name by which it was reached, also if that is the one that it lost last; otherwise that was renamed. */
function placeOf(inode: Inode, {parent, name = ''}: LocationName = {}): Place | undefined {
  const directory = parent?.inode
  if (directory !== undefined) {
    if (directory.watchers !== undefined && leadsTo(directory, name, inode))
      return {directory, name, removed: false}
    const {lostName} = inode
    if (lostName?.directory === directory && lostName.name === name) return lostName
  }
  return inode.place()
}

/** A name of the inode is gone, which descriptions may still have been opened by. */
export function noteLost(inode: Inode, directory: Inode, name: ByteString): void {
  if (inode.holds !== 0) inode.lostName = {directory, name: ownString(name), removed: true}
}

/** Tells an event of a directory's entry. */
export function tellEntry(
  directory: Inode,
  event: number,
  name: ByteString,
  inode: Inode,
  cookie = 0,
  isUnlinked = false,
): void {
  if (directory.watchers === undefined) return
  for (const watcher of [...directory.watchers])
    watcher.tell(event | directoryBit(inode), name, cookie, isUnlinked)
}

/** Tells its own watchers alone. IN_MOVE_SELF and IN_DELETE_SELF do not say whether it is a directory. */
export function tellSelf(inode: Inode, event: number, isUnlinked = false): void {
  const {watchers} = watchedInode(inode)
  if (watchers === undefined) return
  const mask = event === IN_MOVE_SELF ? event : event | directoryBit(inode)
  for (const watcher of [...watchers]) watcher.tell(mask, undefined, 0, isUnlinked)
}

/** A name or a description of it is gone: with the last one, its watches end. */
export function tellIfGone(inode: Inode): void {
  if (!inode.fs.watches) return
  const watched = watchedInode(inode)
  if (watched.watchers === undefined || isAlive(inode) || isAlive(watched)) return
  for (const watcher of [...watched.watchers]) {
    watcher.tell(IN_DELETE_SELF, undefined, 0, false)
    watcher.gone()
  }
}

function directoryBit({kind}: Inode): number {
  return kind === S_IFDIR ? IN_ISDIR : 0
}

function isAlive(inode: Inode): boolean {
  if ((inode.holds ?? 0) > 0) return true
  if (inode.kind === S_IFDIR) return inode.place()?.removed !== true
  try {
    return inode.attributes().nlink > 0
  } catch {
    return (inode.linksLeft ?? 0) > 0
  }
}
