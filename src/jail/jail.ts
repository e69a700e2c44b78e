// Jail: what a process that runs a sentry gives up, layer by layer, before it reads a byte of its guest's.

import {closeSync, constants, openSync} from 'node:fs'
import {release} from 'node:os'
import {CAP_CHOWN, CAP_DAC_OVERRIDE, CAP_FOWNER, CAP_KILL} from '../abi/capability.ts'
import {
  EACCES,
  EBUSY,
  EINVAL,
  ENODEV,
  ENOENT,
  ENOSYS,
  ENXIO,
  EOPNOTSUPP,
  EPERM,
  EROFS,
  errnoName,
} from '../abi/errno.ts'
import {addon} from '../addon.ts'
import {badArgument, HvError, printable} from '../errors.ts'
import type {Caller, Changes} from './addon.ts'
import {Cgroup, type HostLimits, mostTasks, ownCgroup} from './cgroup.ts'
import type {JailChoice, JailLayer, JailLayerName, LaunchErrnos} from './layer.ts'

/** What decides which calls the process may make. */
interface CallNeeds {
  caller: Caller
  /** It may become a bare machine: `decide` follows, once that is known. A kernel's machine makes another one for a reset. */
  isUndecided?: boolean
  /** Besides guests' processes: the keeper of the host's terminal, the broker. */
  hasChildren: boolean
  /** It listens on a socket and must accept connections: from gdb, which debugs a machine's vCPUs. */
  accepts?: boolean
  /** It writes a core file, already open, of a machine that dies. */
  dumps?: boolean
}

/** What a sentry needs in its jail. */
export interface JailNeeds extends CallNeeds {
  /** A sentry's platform, or `kernel` for a kernel's machine. */
  caller: Exclude<Caller, 'machine'>
  /** Descriptors of the directories and files that the guest sees: each is moved to a mount of its own. */
  roots: readonly {readonly fd: number; readonly isWritable: boolean}[]
  /** Descriptors of files that are open for reading, and stay so: the guest's program. */
  files?: readonly number[]
  /** hv's own directories that it loads from later. */
  directories: readonly string[]
  dropTo?: {uid: number; gid: number}
}

const NAMESPACES = ['ipc', 'uts', 'net', 'cgroup', 'mnt'] as const
/** A kernel's answers for features that it was built without. */
const WITHOUT_IT: readonly number[] = [ENOSYS, EOPNOTSUPP]
const ABSENT: Partial<Record<JailLayerName, readonly number[]>> = {
  // Without such threads there is nothing to share.
  'core-scheduling': [EINVAL, ENODEV],
  // Before Linux 4.20; an architecture without it; a processor that needs none, or a host that has no control for it.
  speculation: [EINVAL, ENODEV, ENXIO],
  // clone(2), for a flag that the kernel was built without.
  user: [EINVAL],
  pid: [EINVAL],
}
/** None was delegated: it is another's, read-only, has no controllers, or others are in it (EBUSY). */
const NO_CGROUP: readonly number[] = [EACCES, EPERM, EROFS, ENOENT, ENODEV, EBUSY, EOPNOTSUPP]
/** For a parent that was given and takes no child. */
const REMEDIES: ReadonlyMap<number, string> = new Map([
  [EACCES, 'let this user write it: see Delegate in man 5 systemd.resource-control'],
  [EPERM, 'let this user write it: see Delegate in man 5 systemd.resource-control'],
  [EBUSY, 'move the processes that are in it into a child of it'],
  [ENODEV, 'enable cpu, memory and pids in the cgroup.subtree_control above it'],
])
/** Descriptors of the process: a guest's open files on volumes are among them. */
const MOST_FILES = 2 ** 16
/** What root's sentry keeps for its guest's root: in a volume of others' files, root without them is not root. */
const OF_FILES = [CAP_CHOWN, CAP_DAC_OVERRIDE, CAP_FOWNER]

export class Jail {
  readonly layers: JailLayer[] = []
  readonly #choice: JailChoice
  /** How this process came into namespaces of its own; undefined: it was not started for a jail, as that of `hv run`. */
  readonly #launchErrnos: LaunchErrnos | undefined
  #cgroup: Cgroup | undefined
  #changes: Changes = 'any'

  private constructor(choice: JailChoice, launchErrnos: LaunchErrnos | undefined) {
    this.#choice = choice
    this.#launchErrnos = launchErrnos
  }

  /**
   * Call before there is a platform: a guest's processes are born in the jail.
   * @param writable paths of the directories of the host that the guest may write
   * @param launchErrnos how this process came into namespaces; undefined: it was not started for a jail
   */
  static begin(choice: JailChoice, writable: readonly string[], launchErrnos?: LaunchErrnos): Jail {
    const jail = new Jail(choice, launchErrnos)
    if (choice === 'none') return jail
    for (const name of ['user', 'pid'] as const) {
      if (launchErrnos === undefined) jail.layers.push({name, status: 'absent'})
      else jail.#lay(name, () => launchErrnos[name])
    }
    jail.#lay('core-scheduling', () => addon.shareNoCore())
    jail.#lay('speculation', () => addon.limitSpeculation())
    jail.#lay('landlock-reach', () => addon.restrictReach(writable))
    return jail
  }

  /**
   * Limits that the host enforces as well as the sentry. Like `begin`, call it before there is a platform.
   * @param parent directory of a cgroup to make a child in; default: the one that this process is in
   * @throws HvError BAD_ARGUMENT when there is no such child
   */
  limit(limits: HostLimits, parent?: string): void {
    if (this.#choice === 'none') {
      if (parent !== undefined) throw badParent(parent, 'there is no jail', 'leave one of the two out')
      return
    }
    addon.limitResource('nofile', MOST_FILES)
    if (this.#launchErrnos?.user === 0 && countsTasksByNamespace())
      addon.limitResource('nproc', mostTasks(limits))
    const errno = attempt(() => {
      this.#cgroup = new Cgroup(limits, ownCgroup(), parent)
      return 0
    })
    if (parent !== undefined && errno !== 0) throw badParent(parent, errnoName(errno), REMEDIES.get(errno))
    this.#note('cgroup-limits', errno, NO_CGROUP.includes(errno))
  }

  /**
   * After this, only what lies in `roots` and `directories` can be opened. What is open stays open.
   * @throws HvError JAIL_INCOMPLETE if all layers are required; BAD_ARGUMENT, HOST_SYSCALL: it cannot become `dropTo`
   */
  close(needs: JailNeeds): void {
    const {roots, dropTo} = needs
    const isWanted = this.#choice !== 'none'
    if (dropTo !== undefined) requireRoot()
    this.#cgroup?.holdCpu()
    if (isWanted) this.#confineFiles(needs)
    // `dropTo` holds in a jail or not.
    if (isWanted || dropTo !== undefined) this.#giveUpRights(needs)
    if (!isWanted) return
    this.#changes = this.#changesOf(roots)
    this.#lay('seccomp', () => this.#filterCalls(needs))
    // The guest's umask decides. Some modes could not be changed later.
    process.umask(0)
    if (this.#choice === 'required') this.#requireAll()
  }

  /** Narrows what was undecided: a filter on top of the one that is there. @throws HvError HOST_SYSCALL */
  decide(needs: Omit<CallNeeds, 'isUndecided'>): void {
    if (!this.#isOn('seccomp')) return
    const errno = this.#filterCalls(needs)
    if (errno !== 0)
      throw new HvError(
        'HOST_SYSCALL',
        `this host lays no second filter: ${errnoName(errno)}`,
        'run `hv check`',
      )
  }

  #confineFiles({directories, roots, files = []}: JailNeeds): void {
    const own = directories.map((path) => openSync(path, constants.O_RDONLY | constants.O_DIRECTORY))
    try {
      this.#enterNamespaces(directories, roots, files)
      this.#restrictFiles(roots, own)
    } finally {
      for (const fd of own) closeSync(fd)
    }
  }

  #giveUpRights({roots, caller, dropTo}: JailNeeds): void {
    const kept = keptCapabilities(roots.length > 0 && dropTo === undefined, caller === 'ptrace')
    this.#lay('capabilities', () => addon.giveUpRights(kept, dropTo?.uid, dropTo?.gid))
    // `dropTo` is a promise, whether layers are required or not.
    if (dropTo !== undefined && process.geteuid?.() !== dropTo.uid)
      throw new HvError('HOST_SYSCALL', `this host does not let root become user ${dropTo.uid}`)
  }

  #changesOf(roots: JailNeeds['roots']): Changes {
    if (!roots.some(({isWritable}) => isWritable)) return 'none'
    return this.#isOn('mnt') ? 'any' : 'through open files'
  }

  #isOn(layer: JailLayerName): boolean {
    return this.layers.some(({name, status}) => name === layer && status === 'on')
  }

  #filterCalls({
    caller,
    hasChildren,
    isUndecided = false,
    accepts = false,
    dumps = false,
  }: CallNeeds): number {
    return addon.filterCalls(caller, hasChildren, isUndecided, accepts, dumps, this.#changes)
  }

  #enterNamespaces(
    directories: readonly string[],
    roots: JailNeeds['roots'],
    files: readonly number[],
  ): void {
    const [read, written] = fdsOf(roots)
    let errors: Record<string, number> = {}
    const failure = attempt(() => {
      errors = addon.enterNamespaces(directories, [...read, ...files], written)
      return 0
    })
    for (const name of NAMESPACES) this.#lay(name, () => failure || errors[name])
  }

  #restrictFiles(roots: JailNeeds['roots'], own: readonly number[]): void {
    const [read, written] = fdsOf(roots)
    this.#lay('landlock-files', () => addon.restrictFiles([...own, ...read], written))
  }

  #lay(name: JailLayerName, act: () => number): void {
    const errno = attempt(act)
    this.#note(name, errno, (ABSENT[name] ?? WITHOUT_IT).includes(errno))
  }

  #note(name: JailLayerName, errno: number, isAbsent: boolean): void {
    if (errno === 0) {
      this.layers.push({name, status: 'on'})
      return
    }
    this.layers.push({name, status: isAbsent ? 'absent' : 'refused', errno: errnoName(errno)})
  }

  #requireAll(): void {
    const missing = this.layers.filter(
      ({name, status}) => status === 'refused' || (status === 'absent' && name === 'seccomp'),
    )
    if (missing.length === 0) return
    const names = missing.map(({name, errno}) => `${name} (${errno})`).join(', ')
    throw new HvError(
      'JAIL_INCOMPLETE',
      `this host refuses a part of the jail: ${names}`,
      `${this.#remedy()}, or leave out \`jail\``,
    )
  }

  #remedy(): string {
    if (process.geteuid?.() === 0) return "let hv's container have CAP_SYS_ADMIN for namespaces"
    if (this.#launchErrnos) return 'let users have namespaces (`hv check`), run as root'
    return 'run as root: a user of `hv run` has no namespaces'
  }
}

function badParent(
  parent: string,
  reason: string,
  nextStep = 'name a directory of a cgroup v2, as `cgroupParent`',
): HvError {
  return badArgument(`${printable(parent)} takes no cgroup of hv's: ${reason}`, nextStep)
}

/** @throws HvError BAD_ARGUMENT */
function requireRoot(): void {
  if (process.geteuid?.() === 0) return
  throw badArgument('only root can become another user', 'run as root, or leave out `dropTo`')
}

/** Since Linux 5.14, RLIMIT_NPROC counts a user's tasks in each user namespace; before, it counted them on the whole host. */
function countsTasksByNamespace(): boolean {
  const [major, minor] = release().split('.').map(Number)
  return major > 5 || (major === 5 && minor >= 14)
}

/** Of root's capabilities; a process without any keeps none. */
function keptCapabilities(showsFiles: boolean, traces: boolean): number[] {
  // A guest's processes run as another user.
  return [...(showsFiles ? OF_FILES : []), ...(traces ? [CAP_KILL] : [])]
}

/** @returns an errno, or 0 */
function attempt(act: () => number): number {
  try {
    return act()
  } catch (error) {
    const {errno} = error as {errno?: number}
    if (errno === undefined) throw error
    // Node's errnos are negative.
    return Math.abs(errno)
  }
}

/** Of what is only read, and of what is written, too. */
function fdsOf(roots: JailNeeds['roots']): [read: number[], written: number[]] {
  const where = (wanted: boolean): number[] =>
    roots.filter(({isWritable}) => isWritable === wanted).map(({fd}) => fd)
  return [where(false), where(true)]
}
