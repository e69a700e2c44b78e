// launch: takes a guest of any kind through its phases: opened, prepared, loaded, running. Only this file has their order.

import {addon} from '../addon.ts'
import type {GdbServer} from '../gdb/server.ts'
import type {Caller} from '../jail/addon.ts'
import type {HostLimits} from '../jail/cgroup.ts'
import {Jail, type JailNeeds} from '../jail/jail.ts'
import type {JailLayer, LaunchErrnos} from '../jail/layer.ts'
import {ownDirectories} from '../jail/own-directories.ts'
import type {CodeCache} from '../kept-code.ts'
import type {PlatformChoice} from '../platform/choice.ts'
import type {CoreFile} from './core-file.ts'
import {writablePaths} from './guest-files.ts'
import type {RunOptions} from './options.ts'

/** How long a sentry has to stop its guest by itself when the guest's time is up. */
const GRACE_MS = 1000
const NS_PER_MS = 1e6

/** What a launch itself takes, of whatever kind its guest is. */
export interface LaunchOptions
  extends Pick<
    RunOptions,
    'shares' | 'cgroupParent' | 'dropTo' | 'gdb' | 'core' | 'stats' | 'timeoutMs' | 'ifStuck'
  > {
  volumes: readonly {host: string; writable: boolean}[]
  /** Default: `best`. */
  jail?: RunOptions['jail']
  code?: CodeCache
  /** Which namespaces this process was started in; undefined: it was not meant to be in any. */
  launchErrnos?: LaunchErrnos
  /** Called before anything is disposed of, which may fail, too. */
  onFailure?: (error: unknown) => void
}

/** Opened: the program's file is, if it is one of the host's. There is no jail yet. */
export interface OpenedGuest<Result> {
  /** What the host enforces, too. */
  readonly limits: HostLimits
  /** It is a machine, or may turn out to be one. */
  readonly mayBeMachine: boolean
  /** The platform of its sentry, if it has one. */
  readonly platform?: PlatformChoice
  /** Opens all else that the user named, and reads nothing that the guest's maker may have made. */
  prepare(launch: Launch): Promise<PreparedGuest<Result>>
}

/** Prepared: after this, nothing can be opened but what lies in the directories that it needs. */
export interface PreparedGuest<Result> {
  readonly needs: GuestNeeds
  /** In the jail: reads what was opened. A file may turn out to be a guest of another kind. */
  load(): Promise<LoadedGuest<Result>>
}

/** Loaded: it has not begun. */
export interface LoadedGuest<Result> {
  start(): RunningGuest<Result> | Promise<RunningGuest<Result>>
}

/** Running, until it has ended. */
export interface RunningGuest<Result> {
  end(): Promise<Result>
}

export type GuestNeeds = Pick<JailNeeds, 'roots' | 'files' | 'caller' | 'isUndecided' | 'hasChildren'> & {
  /** Host directories in which it looks for files later. */
  directories?: readonly string[]
}

/** What the phases of one launch share. */
export class Launch {
  readonly jail: Jail
  /** Listens for gdb. */
  readonly server: GdbServer | undefined
  /** For the first process, or the machine, that dies with a core. */
  readonly core: CoreFile | undefined
  readonly #used: Disposable[]
  readonly #watch: () => void

  /** @param watch starts the watchdog again */
  constructor(jail: Jail, {server, core, used}: LaunchResources, watch: () => void) {
    this.jail = jail
    this.#watch = watch
    this.server = server
    this.core = core
    this.#used = used
  }

  /** It is disposed of when the launch ends, in whichever phase, the last one first. */
  use<Used extends Disposable>(used: Used): Used {
    this.#used.push(used)
    return used
  }

  /** Like `use`. */
  defer(action: () => void): void {
    this.#used.push({[Symbol.dispose]: action})
  }

  /** Does what may take long, without the watchdog. */
  unwatched(action: () => void): void {
    addon.stopWatchdog()
    try {
      action()
    } finally {
      this.#watch()
    }
  }

  /** Disposes of what is in use: the guest becomes one of another kind. */
  letGo(): void {
    disposeAll(this.#used)
  }

  /** The guest is of one kind now, and the jail allowed for two. @throws HvError HOST_SYSCALL */
  decide(caller: Caller, hasChildren: boolean): void {
    const dumps = caller === 'machine' && this.core !== undefined
    this.jail.decide({caller, hasChildren, accepts: this.server !== undefined, dumps})
  }
}

/** What a launch lets go of when it ends. */
interface LaunchResources {
  server?: GdbServer
  core?: CoreFile
  readonly used: Disposable[]
}

/** All of them, also when one of them fails. */
function disposeAll(used: Disposable[]): void {
  const last = used.pop()
  if (last === undefined) return
  try {
    last[Symbol.dispose]()
  } finally {
    disposeAll(used)
  }
}

/** @returns what the guest gives, and the layers of the jail that it ran in. @throws HvError */
export async function launch<Result>(
  open: () => OpenedGuest<Result> | Promise<OpenedGuest<Result>>,
  options: LaunchOptions,
): Promise<Result & {jail: readonly JailLayer[]}> {
  const opened: LaunchResources = {used: []}
  startWatchdog(options, endOf(options))
  try {
    const guest = await open()
    if (guest.platform !== undefined) await compileAndMeasure(guest.platform, options)
    await openObservers(opened, guest.mayBeMachine, options)
    return await toEnd(guest, options, opened)
  } catch (error) {
    options.onFailure?.(error)
    throw error
  } finally {
    try {
      // gdb lets go of a program that still has its memory.
      await opened.server?.close()
      disposeAll(opened.used)
    } finally {
      opened.core?.close()
      // It is the command's: a Sandbox beside it in this process leaves it alone.
      if (options.ifStuck !== undefined) addon.stopWatchdog()
    }
  }
}

async function toEnd<Result>(
  guest: OpenedGuest<Result>,
  options: LaunchOptions,
  opened: LaunchResources,
): Promise<Result & {jail: readonly JailLayer[]}> {
  const {dropTo, code} = options
  const jail = Jail.begin(options.jail ?? 'best', writablePaths(options), options.launchErrnos)
  jail.limit(guest.limits, options.cgroupParent)
  let endNs = endOf(options)
  const watch = (): void => startWatchdog(options, Math.max(endNs, addon.monotonicNs()))
  const {needs, load} = await guest.prepare(new Launch(jail, opened, watch))
  code?.keep()
  jail.close({
    ...{...needs, dropTo, directories: [...ownDirectories(process.env), ...(needs.directories ?? [])]},
    ...{accepts: opened.server !== undefined, dumps: guest.mayBeMachine && opened.core !== undefined},
  })
  const loaded = await load()
  endNs = endOf(options)
  startWatchdog(options, endNs)
  const running = await loaded.start()
  return {...(await running.end()), jail: jail.layers}
}

/** When the guest's time is up if it begins now. */
const endOf = ({timeoutMs = 0}: LaunchOptions): number => addon.monotonicNs() + timeoutMs * NS_PER_MS

/** A second after the end of the guest's time the watchdog ends this process, should the sentry be stuck. */
function startWatchdog({timeoutMs, ifStuck}: LaunchOptions, endNs: number): void {
  if (timeoutMs === undefined || ifStuck === undefined) return
  addon.startWatchdog(endNs + GRACE_MS * NS_PER_MS, ifStuck.status, ifStuck.line)
}

/** First of all, because it runs programs, and because nothing can be measured in a jail. */
async function compileAndMeasure(platform: PlatformChoice, {code, stats}: LaunchOptions): Promise<void> {
  // The first start of a build compiles the code that programs need; later starts find it.
  if (code?.directory !== undefined && code.isCold()) {
    const {warmUp} = await import('../sentry/outside/warm-up.ts')
    await warmUp(platform, code.directory)
  }
  if (stats) await (await import('../platform/compare.ts')).measureAll()
}

/** gdb's socket and the core's file, for which there is no place in a jail. @throws HvError BAD_ARGUMENT */
async function openObservers(
  opened: LaunchResources,
  mayBeMachine: boolean,
  options: LaunchOptions,
): Promise<void> {
  const {gdb, core} = options
  if (gdb)
    opened.server = await (await import('./gdb.ts')).listenForGdb(gdb, writablePaths(options), mayBeMachine)
  if (core) opened.core = new (await import('./core-file.ts')).CoreFile(core)
}
