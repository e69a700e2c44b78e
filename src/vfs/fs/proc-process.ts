// /proc/PID and /proc/PID/task/TID.

import {EINVAL, ENOENT, Errno, ESRCH} from '../../abi/errno.ts'
import {majorOf, minorOf, S_IFDIR} from '../../abi/file-mode.ts'
import type {ByteString} from '../file.ts'
import type {Location, Mount} from '../location.ts'
import {allMounts, detachedLocation, pathOf} from '../mount-tree.ts'
import {NAMESPACES, NamespaceInode} from './nsfs.ts'
import {fdContents, fdinfoContents, locationText} from './proc-fds.ts'
import {magicLink} from './proc-links.ts'
import {netDirectory} from './proc-net.ts'
import {
  type Contents,
  directory,
  type Entries,
  type Entry,
  fixedContents,
  type Owner,
  ProcDirectory,
  ROOT_OWNER,
} from './proc-nodes.ts'
import {pagemap} from './proc-pagemap.ts'
import {coredumpFilter, oomScore, oomScoreAdj} from './proc-process-settings.ts'
import {limitsText, statmText, statText, statusText} from './proc-process-text.ts'
import type {ProcProcess, ProcSource} from './proc-source.ts'
import {changingText, guardedText, text} from './proc-text.ts'

function processOwner(source: ProcSource, tid: number): Owner {
  const process = source.process(tid)
  // The files of a process that is not dumpable are hidden from others of the same user, too.
  return process === undefined || !process.attributes.isDumpable
    ? ROOT_OWNER
    : {uid: process.uids[1], gid: process.gids[1]}
}

/** /proc/PID: an open one keeps its process, whoever has the number later. */
export class ProcessDirectory extends ProcDirectory {
  readonly process: ProcProcess

  constructor(source: ProcSource, process: ProcProcess, parent: ProcDirectory, name: ByteString) {
    const {tid} = process
    super(processContents(source, tid), parent.fs, parent, name, 0o555, processOwner(source, tid))
    this.process = process
  }
}

/** The contents look the process up each time: it may be gone, and then files already open answer ESRCH. */
function processContents(source: ProcSource, tid: number): Contents {
  const entries = taskEntries(source, tid, true)
  entries.task = directory(taskContents(source, processOf(source, tid)))
  return whileAlive(source, tid, fixedContents(entries))
}

/** What a process's directory and a task's share. */
function taskEntries(source: ProcSource, tid: number, isWhole: boolean): Entries {
  const of = processOf(source, tid)
  const mountChanges = () => source.rootMount.vfs.mountChanges
  return {
    auxv: guarded(of, () => Buffer.from(of().program.auxv).toString('latin1'), 0o400),
    cgroup: text(() => '0::/\n'),
    cmdline: text(() => nulTerminated(of().program.argv)),
    comm: text(
      () => `${of().name}\n`,
      (name) => of().setName(name),
    ),
    coredump_filter: coredumpFilter(of),
    cpuset: text(() => '/\n'),
    cwd: processLink(source, of, (process) => process.fs?.cwd),
    environ: guarded(of, () => nulTerminated(of().program.envp), 0o400),
    exe: processLink(source, of, (process) => process.program.executable),
    fd: directory(fdContents(source, of), 0o500),
    fdinfo: directory(fdinfoContents(source, of), 0o500),
    limits: text(() => limitsText(of().limits)),
    maps: guarded(of, () => of().maps()),
    mountinfo: changingText(() => mountinfoText(source.rootMount, rootOf(of())), mountChanges),
    mounts: changingText(() => mountsText(source.rootMount, rootOf(of())), mountChanges),
    net: netDirectory(() => source.netTexts),
    ns: directory(namespaceContents(source, of), 0o511),
    oom_score: text(() => `${oomScore(of())}\n`),
    oom_score_adj: oomScoreAdj(of),
    pagemap: pagemap(of),
    personality: guarded(
      of,
      () => of().attributes.personality.toString(16).padStart(8, '0').concat('\n'),
      0o400,
    ),
    root: processLink(source, of, (process) => process.fs?.root),
    smaps: guarded(of, () => of().smaps()),
    smaps_rollup: guarded(of, () => of().smapsRollup()),
    stat: text(() => statText(of(), isWhole)),
    statm: text(() => statmText(of())),
    status: text(() => statusText(of())),
    // Where it sleeps: Linux tells only callers that may trace, and a kernel without symbols tells nobody.
    wchan: text(() => '0'),
  }
}

/** @returns a function that throws ESRCH once the process is gone */
function processOf(source: ProcSource, tid: number): () => ProcProcess {
  return () => {
    const process = source.process(tid)
    if (process === undefined) throw new Errno(ESRCH)
    return process
  }
}

/** A text that can be opened only by callers that may trace the process. It is of the program that runs then, not of a later one. */
function guarded(of: () => ProcProcess, read: () => ByteString, mode?: number): Entry {
  return guardedText(() => {
    of().requireAccess()
    const {program} = of()
    return () => (of().program === program ? read() : '')
  }, mode)
}

/** A directory that is still held has no names once the process is gone. */
function whileAlive(source: ProcSource, tid: number, contents: Contents): Contents {
  const isAlive = (): boolean => source.process(tid) !== undefined
  return {
    *names() {
      if (isAlive()) yield* contents.names()
    },
    find: (name) => (isAlive() ? contents.find(name) : undefined),
  }
}

function taskContents(source: ProcSource, of: () => ProcProcess): Contents {
  return {
    *names() {
      for (const tid of of().tids) yield [String(tid), S_IFDIR]
    },
    find(name) {
      const tid = of().tids.find((each) => String(each) === name)
      if (tid === undefined) return undefined
      const entries = taskEntries(source, tid, false)
      entries.children = text(() => childrenText(processOf(source, tid)()))
      return directory(whileAlive(source, tid, fixedContents(entries)), 0o555, processOwner(source, tid)).make
    },
    subdirectories: () => of().tids.length,
  }
}

/** Linux tells which thread has which children; here they are all the first thread's. */
function childrenText({pid, tid, childPids}: ProcProcess): ByteString {
  return pid === tid ? childPids.map((child) => `${child} `).join('') : ''
}

/** @throws Errno EINVAL: a zombie sees no mounts */
function rootOf({fs}: ProcProcess): Location {
  if (fs === undefined) throw new Errno(EINVAL)
  return fs.root
}

/** Magic links whose targets nobody can enter. */
function namespaceContents(source: ProcSource, of: () => ProcProcess): Contents {
  const {vfs} = source.rootMount
  return fixedContents(
    Object.fromEntries(
      NAMESPACES.map(([name, kind]) => {
        const inode = new NamespaceInode(vfs.namespaces, kind)
        const link = magicLink({
          text: () => inode.label,
          location: () => detachedLocation(vfs, inode),
          requireAccess: () => of().requireAccess(),
        })
        return [name, link]
      }),
    ),
  )
}

function processLink(
  source: ProcSource,
  of: () => ProcProcess,
  locationOf: (process: ProcProcess) => Location | undefined,
): Entry {
  const location = (): Location => {
    const found = locationOf(of())
    if (found === undefined) throw new Errno(ENOENT)
    return found
  }
  const textOf = (): ByteString => locationText(location(), source.current.root)
  return magicLink({text: textOf, location, requireAccess: () => of().requireAccess()})
}

function nulTerminated(strings: readonly ByteString[]): ByteString {
  return strings.map((each) => `${each}\0`).join('')
}

function mountsText(tree: Mount, root: Location): ByteString {
  let lines = ''
  for (const {mount, path} of visibleMounts(tree, root)) {
    lines += `${escapeBlanks(mount.source)} ${escapeBlanks(path)} ${mount.fs.type} `
    lines += `${options(mount)}${ownOptions(mount)} 0 0\n`
  }
  return lines
}

function mountinfoText(tree: Mount, root: Location): ByteString {
  let lines = ''
  for (const {mount, path} of visibleMounts(tree, root)) {
    const {id, at} = mount
    const parent = at === undefined ? 0 : at.mount.id
    const {dev} = mount.fs
    lines += `${id} ${parent} ${majorOf(dev)}:${minorOf(dev)} / ${escapeBlanks(path)} ${options(mount)} - `
    lines += `${mount.fs.type} ${escapeBlanks(mount.source)} ${access(mount)}${ownOptions(mount)}\n`
  }
  return lines
}

function* visibleMounts(tree: Mount, root: Location): Iterable<{mount: Mount; path: ByteString}> {
  for (const mount of allMounts(tree)) {
    const {path, unreachable} = pathOf(mount.top, root)
    if (!unreachable) yield {mount, path}
  }
}

function access(mount: Mount): string {
  return mount.readOnly || mount.fs.readOnly ? 'ro' : 'rw'
}

function options(mount: Mount): string {
  return `${access(mount)}${mount.nosuid ? ',nosuid' : ''},relatime`
}

function ownOptions({fs}: Mount): string {
  return fs.options === undefined ? '' : `,${fs.options}`
}

/** Blanks and backslashes in octal, since blanks separate the columns. */
function escapeBlanks(text: ByteString): ByteString {
  return text.replace(/[ \t\n\\]/g, (char) => `\\${char.charCodeAt(0).toString(8).padStart(3, '0')}`)
}
