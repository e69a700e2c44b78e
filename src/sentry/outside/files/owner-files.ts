// OwnerFiles: does what a sandbox's owner asks in the guest's tree, from a table of operations. Answers at once, even while a guest runs.

import {
  EEXIST,
  EISDIR,
  ENAMETOOLONG,
  ENOENT,
  ENOTDIR,
  ENOTEMPTY,
  ENXIO,
  EPERM,
  Errno,
} from '../../../abi/errno.ts'
import {MAY_READ, PERMISSION_BITS, S_IFDIR, S_IFREG} from '../../../abi/file-mode.ts'
import {
  O_APPEND,
  O_CREAT,
  O_DIRECTORY,
  O_EXCL,
  O_LARGEFILE,
  O_NONBLOCK,
  O_RDONLY,
  O_TRUNC,
  O_WRONLY,
} from '../../../abi/open-flags.ts'
import type {ByteString} from '../../../vfs/file.ts'
import type {Location} from '../../../vfs/location.ts'
import {
  makeDirectory,
  makeLink,
  makeSymlink,
  removeDirectory,
  renamePath,
  unlinkPath,
} from '../../../vfs/names.ts'
import {type OpenResult, openPath} from '../../../vfs/open.ts'
import {ATTRIBUTES, CREATE, INSPECT, type PathPolicy} from '../../../vfs/path-policy.ts'
import {NAME, PATH_MAX, type PathContext, resolve, resolveLast} from '../../../vfs/path-walk.ts'
import {checkAccess, checkSearch} from '../../../vfs/permissions.ts'
import {clearSetId} from '../../../vfs/set-id-bits.ts'
import type {Credentials} from '../../core/credentials.ts'
import type {Kernel} from '../../core/kernel.ts'
import {changeMode} from '../../fd/change-attributes.ts'
import {invalidateBehind} from '../../memory/invalidate.ts'
import {Changes} from './changes.ts'
import {entryOf, toTime} from './entry.ts'
import {Handles, type Later, Lister, Reader, Writer} from './handles.ts'
import type {FileOperation, FileResult, Place} from './operations.ts'
import {Remover} from './remove.ts'
import {Walk} from './walk.ts'

const DEFAULT_MODE = 0o644
const DONE: FileResult = {answer: {isEnd: true}}

/** The guest's tree, and the processes that may have its files mapped. */
type Tree = Pick<Kernel, 'rootMount' | 'vfs' | 'processes' | 'current'>

type OperationOf<Name extends FileOperation['name']> = Extract<FileOperation, {name: Name}>
type Operations = {
  [Name in FileOperation['name']]: (
    files: OwnerFiles,
    operation: OperationOf<Name>,
    bytes: Uint8Array,
    later: Later,
  ) => FileResult | undefined
}

export class OwnerFiles {
  readonly kernel: Tree
  readonly credentials: Credentials
  readonly walk: Walk
  readonly handles = new Handles()

  /** @param unveiled the part of the tree that programs see, if not all of it */
  constructor(kernel: Tree, credentials: Credentials, unveiled?: () => PathPolicy) {
    this.kernel = kernel
    this.credentials = credentials
    this.walk = new Walk(kernel.rootMount.top, credentials, unveiled)
  }

  /**
   * Never waits.
   * @param later called with the answer of a watch, if none is returned
   * @throws Errno
   */
  answer(operation: FileOperation, bytes: Uint8Array, later: Later): FileResult | undefined {
    const {kernel} = this
    const {current} = kernel
    // There is no /proc/self for an owner.
    kernel.current = undefined
    // Shows what the host has changed since.
    kernel.vfs.nextTurn()
    try {
      return operations[operation.name](this, operation as never, bytes, later)
    } finally {
      kernel.current = current
    }
  }

  close(): void {
    this.handles.closeAll()
  }
}

const operations: Operations = {
  read: (files, {at}, bytes) =>
    files.handles.begin(bytes, true, () => new Reader(files.walk.to(at, openRegular))),
  write: (files, operation, bytes) =>
    files.handles.begin(bytes, operation.isEnd, () => {
      const {modifiedMs} = operation
      return new Writer(
        openToWrite(files, operation),
        modifiedMs === undefined ? undefined : toTime(modifiedMs),
      )
    }),
  list: (files, {at}, bytes) =>
    files.handles.begin(bytes, true, () => new Lister(files.walk.to(at, openDirectory))),
  stat: (files, {at, follows}) => {
    const {inode, name} = files.walk.to(at, (context, start, path) =>
      resolve(context, start, path, follows, INSPECT),
    )
    return {answer: {isEnd: true, entry: entryOf(inode, name)}}
  },
  'make-directory': (files, {at, mode, recursive}) => {
    if (recursive) for (const prefix of prefixesOf(at)) makeIfMissing(files, prefix)
    if (recursive) makeIfMissing(files, at, mode)
    else files.walk.to(at, (context, start, path) => makeDirectory(context, start, path, mode))
    return DONE
  },
  remove: (files, {at, recursive}, bytes) => {
    if (recursive)
      return files.handles.begin(bytes, true, () => files.walk.to(at, removerOf(files.walk.within)))
    files.walk.to(at, removeOne)
    return DONE
  },
  rename: (files, {at, to}) => {
    files.walk.to(at, (context, start, path) =>
      files.walk.to(to, (_, newStart, newPath) => renamePath(context, start, path, newStart, newPath)),
    )
    return DONE
  },
  link: (files, {at, to}) => {
    const target = files.walk.to(to, (context, start, path) => resolve(context, start, path, false))
    files.walk.to(at, (context, start, path) => {
      removeFile(context, start, path)
      makeLink(context, target, start, path)
    })
    return DONE
  },
  symlink: (files, {at, target}) => {
    if (target.length >= PATH_MAX) throw new Errno(ENAMETOOLONG)
    files.walk.to(at, (context, start, path) => {
      removeFile(context, start, path)
      makeSymlink(context, target, start, path)
    })
    return DONE
  },
  change: (files, {at, mode, modifiedMs}) => {
    const location = files.walk.to(at, (context, start, path) =>
      resolve(context, start, path, false, ATTRIBUTES),
    )
    changeMode(files, location, mode)
    location.inode.setAttributes({mtime: toTime(modifiedMs)})
    return DONE
  },
  watch: (files, {at}, bytes) =>
    files.handles.begin(bytes, false, () => {
      const {inode} = files.walk.to(at, (context, start, path) => resolve(context, start, path))
      checkAccess(inode, MAY_READ, files.credentials)
      return new Changes(inode)
    }),
  more: (files, {handle, isEnd}, bytes, later) => files.handles.more(handle, bytes, isEnd, later),
  close: (files, {handle}) => {
    files.handles.close(handle)
    return DONE
  },
}

function openDirectory(context: PathContext, start: Location, path: ByteString): OpenResult {
  const opened = openPath(context, start, path, O_RDONLY | O_DIRECTORY, 0)
  checkSearch(opened.location.inode, context.credentials)
  return opened
}

/** Nothing but regular files: opening a device or fifo has effects, and reading it may wait for ever. */
function openRegular(
  context: PathContext,
  start: Location,
  path: ByteString,
  flags = O_RDONLY,
  mode = 0,
): OpenResult {
  try {
    requireRegular(resolve(context, start, path), flags)
  } catch (error) {
    if (!(flags & O_CREAT) || !(error instanceof Errno) || error.code !== ENOENT) throw error
  }
  const opened = openPath(context, start, path, flags | O_NONBLOCK | O_LARGEFILE, mode)
  try {
    // The host may have put something else there.
    requireRegular(opened.location, flags)
  } catch (error) {
    opened.file.close()
    throw error
  }
  return opened
}

function requireRegular({inode}: Location, flags: number): void {
  if (inode.kind !== S_IFREG) throw new Errno(inode.kind === S_IFDIR ? EISDIR : ENXIO)
  // Only a task may: the files of /proc ask which one writes.
  if (flags & O_WRONLY && inode.fs.type === 'proc') throw new Errno(EPERM)
}

function openToWrite(files: OwnerFiles, {at, mode, how}: OperationOf<'write'>): OpenResult {
  const flags = {append: O_APPEND, replace: O_EXCL, anew: O_TRUNC}[how ?? 'anew']
  if (how === 'replace') files.walk.to(at, removeFile)
  const opened = files.walk.to(at, (context, start, path) =>
    openRegular(context, start, path, O_WRONLY | O_CREAT | flags, mode ?? DEFAULT_MODE),
  )
  const {inode} = opened.file
  try {
    if (flags === O_TRUNC) invalidateBehind(files.kernel.processes.values(), inode, 0)
    clearSetId(files.credentials, inode)
    if (mode !== undefined && mode !== (inode.attributes().mode & PERMISSION_BITS))
      changeMode(files, opened.location, mode)
  } catch (error) {
    opened.file.close()
    throw error
  }
  return opened
}

/** Removes it, if it exists. A directory stays. */
function removeFile(context: PathContext, start: Location, path: ByteString): void {
  try {
    unlinkPath(context, start, path)
  } catch (error) {
    if (!(error instanceof Errno) || error.code !== ENOENT) throw error
  }
}

function removeOne(context: PathContext, start: Location, path: ByteString): void {
  const {found, name} = resolveLast(context, start, path, NAME, CREATE)
  if (found?.inode.kind === S_IFDIR || name === '') removeDirectory(context, start, path)
  else unlinkPath(context, start, path)
}

const removerOf =
  (within: PathContext) =>
  (context: PathContext, start: Location, path: ByteString): Remover => {
    const {found, parent, name, trailingSlash} = resolveLast(context, start, path, NAME, CREATE)
    // Nothing is removed from a directory that cannot be removed itself.
    if (name === '' || name === '.' || name === '..') throw new Errno(ENOTEMPTY)
    if (found === undefined) throw new Errno(ENOENT)
    if (trailingSlash && found.inode.kind !== S_IFDIR) throw new Errno(ENOTDIR)
    return new Remover(within, parent, name)
  }

/** `/a/b` and `/a` for `/a/b/c`, the shortest first. */
function* prefixesOf({path, ...rest}: Place): Iterable<Place> {
  for (const {index} of path.matchAll(/[^/](?=\/+[^/])/g)) yield {...rest, path: path.slice(0, index + 1)}
}

function makeIfMissing(files: OwnerFiles, at: Place, mode = 0o755): void {
  files.walk.to(at, (context, start, path) => {
    try {
      makeDirectory(context, start, path, mode)
    } catch (error) {
      if (!(error instanceof Errno) || error.code !== EEXIST) throw error
      if (resolve(context, start, path).inode.kind !== S_IFDIR) throw new Errno(EEXIST)
    }
  })
}
