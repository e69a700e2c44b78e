// /proc/PID/fd and fdinfo: what a process has open (man 5 proc_pid_fd, proc_pid_fdinfo).

import {ENAMETOOLONG, ENOENT, Errno} from '../../abi/errno.ts'
import {S_IFIFO, S_IFLNK, S_IFREG, S_IFSOCK} from '../../abi/file-mode.ts'
import {O_CLOEXEC} from '../../abi/open-flags.ts'
import {arch} from '../../arch/index.ts'
import type {ByteString} from '../file.ts'
import type {Location} from '../location.ts'
import {detachedLocation, pathOf} from '../mount-tree.ts'
import {PATH_MAX} from '../path-walk.ts'
import {AnonymousInode} from '../unmounted.ts'
import {Memfd} from './memfd.ts'
import {magicLink} from './proc-links.ts'
import type {Contents, Entry} from './proc-nodes.ts'
import type {ProcFd, ProcProcess, ProcSource} from './proc-source.ts'
import {text} from './proc-text.ts'

export function fdContents(source: ProcSource, of: () => ProcProcess): Contents {
  return contentsByFd(source, of, S_IFLNK, (file) =>
    magicLink({
      text: () => fdText(file(), source.current.root),
      location: () => fdLocation(source, file()),
      requireAccess: () => of().requireAccess(),
    }),
  )
}

export function fdinfoContents(source: ProcSource, of: () => ProcProcess): Contents {
  return contentsByFd(source, of, S_IFREG, (file) => text(() => fdinfoText(file())))
}

/** @param entryOf makes the entry of a descriptor, which is looked up when it is read. It throws ENOENT once that is closed */
function contentsByFd(
  source: ProcSource,
  of: () => ProcProcess,
  kind: number,
  entryOf: (file: () => ProcFd) => Entry,
): Contents {
  return {
    *names() {
      for (const [fd] of of().fds()) yield [String(fd), kind]
    },
    find: (name) =>
      findFd(of(), name) === undefined ? undefined : entryOf(() => requireFd(of(), name)).make,
    // A thread sees its process's descriptors, even when the process is not dumpable and its files are root's.
    permits: () => source.current.pid === of().pid,
  }
}

/** man 5 proc_pid_fdinfo. */
function fdinfoText({file, location, closesOnExec}: ProcFd): ByteString {
  const flags = arch.kernelAbi.openFlags(closesOnExec ? file.flags | O_CLOEXEC : file.flags)
  const {ino} = file.inode.attributes()
  const general = `pos:\t${file.position}\nflags:\t0${flags.toString(8)}\nmnt_id:\t${location?.mount.id ?? 0}\nino:\t${ino}\n`
  return general + (file.fdinfo?.() ?? '')
}

function findFd(process: ProcProcess, name: ByteString): ProcFd | undefined {
  for (const [fd, file] of process.fds()) if (String(fd) === name) return file
  return undefined
}

/** @throws Errno ENOENT: it was closed */
function requireFd(process: ProcProcess, name: ByteString): ProcFd {
  const found = findFd(process, name)
  if (found === undefined) throw new Errno(ENOENT)
  return found
}

/** What readlink says about a descriptor (man 5 proc, /proc/PID/fd). */
export function fdText({file, location}: ProcFd, root: Location): ByteString {
  const {inode} = file
  if (inode instanceof Memfd) return inode.label
  if (location !== undefined) return locationText(location, root)
  if (inode.descriptorText !== undefined) return inode.descriptorText
  if (inode instanceof AnonymousInode) return `anon_inode:${inode.label}`
  if (inode.kind === S_IFIFO) return `pipe:[${inode.attributes().ino}]`
  if (inode.kind === S_IFSOCK) return `socket:[${inode.attributes().ino}]`
  return `/dev/${inode.fs.type}`
}

function fdLocation(source: ProcSource, {file, location}: ProcFd): Location {
  return location ?? detachedLocation(source.rootMount.vfs, file.inode)
}

/** A location's path as seen from `root`. @throws Errno ENAMETOOLONG */
export function locationText(location: Location, root: Location): ByteString {
  const {path, removed} = pathOf(location, root)
  const text = removed ? `${path} (deleted)` : path
  if (text.length >= PATH_MAX) throw new Errno(ENAMETOOLONG)
  return text
}
