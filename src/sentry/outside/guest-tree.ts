// The guest's tree of files: its root, /dev, /proc, /sys, /tmp, the volumes, and what is mounted in memory.

import {EEXIST, Errno} from '../../abi/errno.ts'
import {S_IFDIR, S_IFREG} from '../../abi/file-mode.ts'
import {O_WRONLY} from '../../abi/open-flags.ts'
import {badArgument} from '../../errors.ts'
import type {MemoryFile} from '../../platform/memory-file.ts'
import type {Budget} from '../../vfs/budget.ts'
import type {DiskQuota} from '../../vfs/disk-quota.ts'
import type {FileSystem} from '../../vfs/file-system.ts'
import {createDevFs, type DevOptions} from '../../vfs/fs/dev.ts'
import {openHostFs} from '../../vfs/fs/host.ts'
import {adoptHostFile} from '../../vfs/fs/host-source.ts'
import {Overlay} from '../../vfs/fs/overlay.ts'
import {ROOT, Tmpfs} from '../../vfs/fs/tmpfs.ts'
import {toByteString} from '../../vfs/host-calls.ts'
import type {Location, Mount} from '../../vfs/location.ts'
import {childLocation, disposeMounts, type MountOptions, mount, mountRoot} from '../../vfs/mount-tree.ts'
import type {VirtualFileSystem} from '../../vfs/virtual-file-system.ts'
import type {SentryOptions} from './sentry-options.ts'
import type {OpenedVolume} from './volume.ts'

/** What files in memory are made with. */
interface Counters {
  readonly vfs: VirtualFileSystem
  /** Counts what the tree makes the sentry hold. */
  readonly budget?: Budget
  /** Counts what files in memory hold. */
  readonly disk?: DiskQuota
}

/** Without `root` and `lower`, the tree is empty. The sentry itself can still make what it needs in a read-only root. */
export interface TreeOptions
  extends Counters,
    Pick<SentryOptions, 'root' | 'lower' | 'volumes' | 'tmpfs' | 'readOnly'> {
  terminals?: DevOptions['terminals'] & {readonly fs: FileSystem}
  /** /proc; absent: an empty directory. */
  proc?: FileSystem
  /** /sys; absent: an empty directory. */
  sys?: FileSystem
}

/** Nothing can be made in these, and their content is unknown before the first process exists. */
const KERNELS = ['proc', 'sys']
const DIRECTORY_MODE = 0o755
const TEXT_MODE = 0o644
const STICKY_MODE = 0o1777

/** @throws HvError NOT_FOUND, HOST_SYSCALL, BAD_ARGUMENT */
export function buildTree(memory: MemoryFile, options: TreeOptions): Mount {
  const {vfs, budget, disk, terminals} = options
  const counters = {vfs, budget, disk}
  const rootMount = mountRoot(rootFileSystem(memory, options, counters), vfs, {readOnly: options.readOnly})
  try {
    const {top} = rootMount
    const dev = mount(makeDirectory(top, 'dev'), createDevFs(memory, {terminals, ...counters}), {
      nosuid: true,
    })
    if (terminals !== undefined) mount(makeDirectory(dev.top, 'pts'), terminals.fs, {nosuid: true})
    mount(makeDirectory(dev.top, 'shm'), new Tmpfs(memory, {mode: STICKY_MODE, ...counters}), {
      nosuid: true,
    })
    const proc = makeDirectory(top, 'proc')
    if (options.proc !== undefined) mount(proc, options.proc, {nosuid: true})
    const sys = makeDirectory(top, 'sys')
    if (options.sys !== undefined) mount(sys, options.sys, {readOnly: true, nosuid: true})
    makeDirectory(top, 'tmp', STICKY_MODE)
    const mounts = [...options.volumes, ...(options.tmpfs ?? [])]
    requireOwnPlaces(mounts)
    for (const each of byDepth(mounts)) {
      if ('host' in each) mountVolume(top, each, memory, budget)
      else
        mountAt(top, each.guest, new Tmpfs(memory, {mode: each.mode, maxBytes: each.maxBytes, ...counters}))
    }
    return rootMount
  } catch (error) {
    disposeMounts(rootMount)
    throw error
  }
}

/** Shows one host file at a guest path, read-only. @param file open for reading; the mount closes it */
export function mountFile(
  root: Location,
  file: {fd: number; path: string},
  guestPath: string,
  memory: MemoryFile,
): void {
  mountVolume(root, {host: adoptHostFile(file), guest: guestPath, writable: false}, memory, undefined)
}

/** A new file in place of what has the name: the host's own does not change, nor what a link leads to. A volume's is left as it is. */
export function replaceFile(root: Location, directory: string, name: string, text: string): void {
  const parent = makeDirectory(root, directory)
  const old = find(parent, name)
  if (parent.mount !== root.mount || (old !== undefined && old.mount !== root.mount)) return
  if (old !== undefined) parent.inode.unlink(name)
  const file = parent.inode.create(name, TEXT_MODE, ROOT).open(O_WRONLY)
  file.write(Buffer.from(text), 0)
  file.close()
}

/** Makes a symbolic link at a guest path, if nothing is there. */
export function makeLink(root: Location, path: string, target: string): void {
  const names = toByteString(path).split('/').filter(Boolean)
  const last = names.pop() as string
  const parent = names.reduce((location, name) => makeDirectory(location, name), root)
  if (find(parent, last) === undefined) parent.inode.symlink(last, toByteString(target), ROOT)
}

function rootFileSystem(memory: MemoryFile, {root, lower}: TreeOptions, counters: Counters): FileSystem {
  lower?.useMemory(memory)
  if (lower !== undefined) return new Overlay(lower, memory, counters)
  if (root === undefined) return new Tmpfs(memory, {mode: DIRECTORY_MODE, ...counters})
  return new Overlay(openHostFs(root, {readOnly: true, memory, budget: counters.budget}), memory, counters)
}

/** @throws HvError BAD_ARGUMENT */
function requireOwnPlaces(mounts: readonly {guest: string}[]): void {
  const taken = new Set<string>()
  for (const {guest} of mounts) {
    const place = namesOf(guest).join('/')
    if (taken.has(place))
      throw badArgument(`${guest}: two volumes have this place`, 'give each a place of its own')
    taken.add(place)
  }
}

/** What is mounted inside of something else comes after it, in whichever order they were given. */
function byDepth<T extends {guest: string}>(mounts: readonly T[]): T[] {
  const depth = ({guest}: T): number => namesOf(guest).length
  return [...mounts].sort((one, other) => depth(one) - depth(other))
}

const namesOf = (guest: string): string[] =>
  toByteString(guest)
    .split('/')
    .filter((name) => name !== '' && name !== '.')

function mountVolume(
  root: Location,
  {host, guest, writable}: OpenedVolume,
  memory: MemoryFile,
  budget: Budget | undefined,
): void {
  const fs = openHostFs(host, {readOnly: !writable, memory, budget})
  mountAt(root, guest, fs, {readOnly: !writable, source: guest})
}

/** Makes the place if it is not there. The tree owns the file system only if this returns. @throws HvError BAD_ARGUMENT */
function mountAt(root: Location, guest: string, fs: FileSystem, options: MountOptions = {}): void {
  try {
    mount(placeFor(root, guest, fs.root.kind), fs, {...options, nosuid: true})
  } catch (error) {
    fs.dispose()
    throw error
  }
}

function placeFor(root: Location, guest: string, kind: number): Location {
  const names = namesOf(guest)
  const last = names.pop()
  if (last === undefined || names.includes('..') || last === '..') {
    throw badArgument(`${guest}: not a place for a volume`, 'give an absolute path below /')
  }
  const [top = last] = names
  if (KERNELS.includes(top) || (top === 'dev' && names.length === 0)) {
    const message = `${guest}: what is in /${top} is the guest kernel's own`
    throw badArgument(message, 'mount the volume elsewhere')
  }
  try {
    const parent = names.reduce((location, name) => makeDirectory(location, name), root)
    return kind === S_IFDIR ? makeDirectory(parent, last) : makeFile(parent, last)
  } catch (error) {
    if (!(error instanceof Errno)) throw error
    const message = `${guest} is not there, and cannot be made: ${error}`
    throw badArgument(message, 'make it in the volume around it, or mount elsewhere')
  }
}

export function makeDirectory(parent: Location, name: string, mode = DIRECTORY_MODE): Location {
  return find(parent, name, S_IFDIR) ?? childLocation(parent, name, parent.inode.mkdir(name, mode, ROOT))
}

function makeFile(parent: Location, name: string): Location {
  return (
    find(parent, name, S_IFREG) ??
    childLocation(parent, name, parent.inode.create(name, DIRECTORY_MODE, ROOT))
  )
}

/** Finds what is there; something of another kind is in the way. */
export function find(parent: Location, name: string, kind?: number): Location | undefined {
  let found: Location
  try {
    found = childLocation(parent, name, parent.inode.lookup(name))
  } catch (error) {
    if (error instanceof Errno && error.code !== EEXIST) return undefined
    throw error
  }
  if (kind === undefined || found.inode.kind === kind) return found
  throw badArgument(`/${name} in the guest's tree is in the way`, 'mount the volume elsewhere')
}
