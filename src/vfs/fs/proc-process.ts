// /proc/PID and /proc/PID/task/TID.

import {ENAMETOOLONG, ENOENT, Errno} from '../../abi/errno.ts'
import {S_IFDIR, S_IFIFO, S_IFLNK, S_IFREG, S_IFSOCK} from '../../abi/file-mode.ts'
import {O_CLOEXEC} from '../../abi/open-flags.ts'
import {arch} from '../../arch/index.ts'
import {AnonymousInode} from '../anonymous-inode.ts'
import type {ByteString} from '../file.ts'
import type {Location} from '../location.ts'
import {detachedLocation, pathOf} from '../mount-tree.ts'
import {PATH_MAX} from '../path-walk.ts'
import {Memfd} from './memfd.ts'
import {NAMESPACES, NamespaceInode} from './nsfs.ts'
import {mountinfoText, mountsText} from './proc-mounts.ts'
import {
  type Contents,
  directory,
  fixedContents,
  type Make,
  type Owner,
  ProcMagicLink,
  ROOT_OWNER,
  text,
} from './proc-nodes.ts'
import {pagemap} from './proc-pagemap.ts'
import {coredumpFilter, oomScore, oomScoreAdj} from './proc-process-settings.ts'
import {limitsText, statmText, statText, statusText} from './proc-process-text.ts'
import type {ProcFd, ProcProcess, ProcSource} from './proc-source.ts'

export function processOwner(source: ProcSource, pid: number): Owner {
  const process = source.process(pid)
  // Who is not dumpable keeps its files from others of the same user, too.
  return process === undefined || !process.isDumpable
    ? ROOT_OWNER
    : {uid: process.uids[1], gid: process.gids[1]}
}

/** The contents ask for the process anew each time: it may be gone, and then everything is ENOENT. */
export function processContents(source: ProcSource, pid: number, tid: number): Contents {
  const of = (): ProcProcess => {
    const process = source.process(pid)
    if (process === undefined) throw new Errno(ENOENT)
    return process
  }
  const entries: Record<ByteString, {kind: number; make: Make}> = {
    auxv: text(() => Buffer.from(of().auxv).toString('latin1'), undefined, 0o400),
    cgroup: text(() => '0::/\n'),
    cmdline: text(() => nulTerminated(of().argv)),
    comm: text(
      () => `${of().name}\n`,
      (name) => of().setName(name),
    ),
    coredump_filter: coredumpFilter(of),
    cpuset: text(() => '/\n'),
    cwd: magicLink(source, () => of().cwd),
    environ: text(() => nulTerminated(of().envp), undefined, 0o400),
    exe: magicLink(source, () => of().executable),
    fd: directory(fdContents(source, of), 0o500),
    fdinfo: directory(fdinfoContents(of), 0o500),
    limits: text(() => limitsText(of().limits)),
    maps: text(() => of().maps()),
    mountinfo: text(() => mountinfoText(source.rootMount, of().root)),
    mounts: text(() => mountsText(source.rootMount, of().root)),
    ns: directory(namespaceContents(), 0o511),
    oom_score: text(() => `${oomScore(of())}\n`),
    oom_score_adj: oomScoreAdj(of),
    pagemap: pagemap((first, words) => of().pagemap(first, words)),
    personality: text(() => `${of().personality.toString(16).padStart(8, '0')}\n`, undefined, 0o400),
    root: magicLink(source, () => of().root),
    smaps: text(() => of().smaps()),
    smaps_rollup: text(() => of().smapsRollup()),
    stat: text(() => statText(of(), tid)),
    statm: text(() => statmText(of())),
    status: text(() => statusText(of(), tid)),
  }
  if (tid === pid) entries.task = directory(taskContents(source, of))
  return fixedContents(entries)
}

function taskContents(source: ProcSource, of: () => ProcProcess): Contents {
  return {
    *names() {
      for (const tid of of().tids) yield [String(tid), S_IFDIR]
    },
    find(name) {
      const {pid, tids} = of()
      const tid = tids.find((each) => String(each) === name)
      if (tid === undefined) return undefined
      // The thread that shares the process's id has no task/ below task/PID either.
      const contents = processContents(source, pid, tid)
      return directory(withoutTask(contents)).make
    },
  }
}

function withoutTask(contents: Contents): Contents {
  return {
    *names() {
      for (const entry of contents.names()) if (entry[0] !== 'task') yield entry
    },
    find: (name) => (name === 'task' ? undefined : contents.find(name)),
  }
}

/** Magic links that lead to what nobody can enter. */
function namespaceContents(): Contents {
  return fixedContents(
    Object.fromEntries(
      NAMESPACES.map(([name, kind]) => {
        const inode = new NamespaceInode(kind)
        const link = {text: () => inode.label, location: () => detachedLocation(inode, '')}
        const make: Make = (parent, linkName) => new ProcMagicLink(link, parent.fs, parent, linkName)
        return [name, {kind: S_IFLNK, make}]
      }),
    ),
  )
}

function fdContents(source: ProcSource, of: () => ProcProcess): Contents {
  return {
    *names() {
      for (const [fd] of of().fds()) yield [String(fd), S_IFLNK]
    },
    find(name) {
      if (findFd(of(), name) === undefined) return undefined
      const file = (): ProcFd => {
        const found = findFd(of(), name)
        if (found === undefined) throw new Errno(ENOENT)
        return found
      }
      const link = {text: () => fdText(file(), source.current.root), location: () => fdLocation(file())}
      return (parent, linkName) => new ProcMagicLink(link, parent.fs, parent, linkName)
    },
  }
}

function fdinfoContents(of: () => ProcProcess): Contents {
  return {
    *names() {
      for (const [fd] of of().fds()) yield [String(fd), S_IFREG]
    },
    find(name) {
      if (findFd(of(), name) === undefined) return undefined
      return text(() => {
        const found = findFd(of(), name)
        if (found === undefined) throw new Errno(ENOENT)
        return fdinfoText(found)
      }).make
    },
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

/** What readlink says of a descriptor (man 5 proc, /proc/PID/fd). */
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

function fdLocation({file, location}: ProcFd): Location {
  return location ?? detachedLocation(file.inode, '')
}

/** Its path, seen from `root`. @throws Errno ENAMETOOLONG */
export function locationText(location: Location, root: Location): ByteString {
  const {path, removed} = pathOf(location, root)
  const text = removed ? `${path} (deleted)` : path
  if (text.length >= PATH_MAX) throw new Errno(ENAMETOOLONG)
  return text
}

function magicLink(source: ProcSource, location: () => Location | undefined): {kind: number; make: Make} {
  const textOf = (): ByteString => {
    const found = location()
    if (found === undefined) throw new Errno(ENOENT)
    return locationText(found, source.current.root)
  }
  const link = {text: textOf, location}
  return {kind: S_IFLNK, make: (parent, name) => new ProcMagicLink(link, parent.fs, parent, name)}
}

function nulTerminated(strings: readonly ByteString[]): ByteString {
  return strings.map((each) => `${each}\0`).join('')
}
