// Sentry: one guest: its memory, its tree of files, and the programs that run in it one after another.

import {E2BIG, ENOENT, ENOTDIR, Errno} from '../../abi/errno.ts'
import {S_IFDIR} from '../../abi/file-mode.ts'
import {O_NOCTTY} from '../../abi/open-flags.ts'
import {badArgument, HvError, printable} from '../../errors.ts'
import type {Context, Platform} from '../../platform/platform.ts'
import {Budget, budgetBytes} from '../../vfs/budget.ts'
import {DiskQuota} from '../../vfs/disk-quota.ts'
import type {FileDescription} from '../../vfs/file.ts'
import {PtsNode} from '../../vfs/fs/devpts.ts'
import {Procfs} from '../../vfs/fs/proc.ts'
import {Sysfs} from '../../vfs/fs/sys.ts'
import {toByteString} from '../../vfs/host-calls.ts'
import type {Location, Mount} from '../../vfs/location.ts'
import {disposeMounts} from '../../vfs/mount-tree.ts'
import {nativeHost} from '../../vfs/native-host.ts'
import {resolve} from '../../vfs/path-walk.ts'
import {VirtualFileSystem} from '../../vfs/virtual-file-system.ts'
import {callPatcher} from '../call/call-patcher.ts'
import {CallTable} from '../core/call-table.ts'
import {type Credentials, initialCredentials} from '../core/credentials.ts'
import type {Kernel} from '../core/kernel.ts'
import {OpenDescription} from '../core/open-description.ts'
import type {Process} from '../core/process.ts'
import {ResourceLimits, RLIMIT_NOFILE} from '../core/resource-limits.ts'
import {commOf, type LoadedImage, loadImage} from '../exec/exec.ts'
import {type NewCredentials, newCredentials} from '../exec/new-credentials.ts'
import {closeExecutable} from '../exec/open-executable.ts'
import {Vdso} from '../exec/vdso.ts'
import {FdTable} from '../fd/fd-table.ts'
import {FsContext} from '../fd/fs-context.ts'
import {SentryKernel} from '../kernel.ts'
import {LO} from '../net/loopback.ts'
import {Restrictions} from '../pledge/restrictions.ts'
import {table} from '../syscalls/table.ts'
import {CpuQuota} from '../task/cpu/cpu-quota.ts'
import {Scheduling} from '../task/cpu/scheduling.ts'
import {makeProcess, makeTask} from '../task/make.ts'
import {KernelProcSource} from '../task/proc-source.ts'
import {ProcessAttributes} from '../task/process-attributes.ts'
import type {Run} from '../task/run.ts'
import type {HostTty} from '../tty/host-tty.ts'
import {Job} from '../tty/job.ts'
import {terminalLocation} from '../tty/peer.ts'
import {Terminals} from '../tty/terminals.ts'
import {buildTree} from './guest-tree.ts'
import {userOf} from './host-files.ts'
import {closeHostProgram} from './host-program.ts'
import {DEFAULT_HOSTNAME} from './hostname.ts'
import {addHosts} from './net/hosts-file.ts'
import {hostsLines} from './net/services.ts'
import {openNetwork} from './open-network.ts'
import {ProgramFinder} from './program-finder.ts'
import type {ProgramOptions, SentryOptions} from './sentry-options.ts'

export type {ProgramOptions, SentryOptions}

const TERMINAL_PATH = '/dev/pts/0'
const UMASK = 0o022

export class Sentry {
  readonly kernel: Kernel
  readonly terminals: Terminals
  readonly terminal: HostTty | undefined
  readonly disk: DiskQuota
  /** The rights that a program starts with. */
  readonly credentials: Credentials
  readonly #platform: Platform
  readonly #root: Mount
  readonly #maxOpenFiles: number | undefined
  readonly #programs: ProgramFinder
  readonly #terminalAt: Location | undefined

  /** The platform stays the caller's. @throws HvError */
  constructor(platform: Platform, options: SentryOptions) {
    this.#platform = platform
    this.credentials = initialCredentials(userOf(options))
    this.#maxOpenFiles = options.maxOpenFiles
    this.disk = new DiskQuota(options.diskBytes)
    const budget = new Budget(budgetBytes(platform.memory.size))
    const vfs = new VirtualFileSystem(options.host ?? nativeHost)
    const terminals = new Terminals(vfs, budget, () => this.kernel, this.credentials, options.terminal)
    this.terminals = terminals
    this.terminal = terminals.host
    const source = new KernelProcSource(() => this.kernel, options.maxOpenFiles)
    this.#root = buildTree(platform.memory, {
      ...options,
      ...{vfs, budget, disk: this.disk, terminals},
      proc: new Procfs(source, budget),
      sys: new Sysfs(source, [LO], budget),
    })
    if (options.services !== undefined) addHosts(this.#root.top, hostsLines(options.services))
    const {showProgram} = options
    this.#programs = new ProgramFinder(this.#root.top, this.credentials, platform.memory, showProgram)
    this.kernel = new SentryKernel(
      platform,
      CallTable.of(table),
      this.#root,
      options.hostname ?? DEFAULT_HOSTNAME,
      budget,
      options.maxTasks,
    )
    if (options.broker !== undefined)
      openNetwork(this.kernel, this.#root.top, options.broker, options.netRate)
    this.#limitCpus(options.cpuQuotaPercent)
    this.kernel.vdso = new Vdso(platform.memory)
    this.kernel.patchCalls = callPatcher(platform, () => this.#countPatch(), options.patchCalls)
    if (this.terminal !== undefined) this.#terminalAt = this.#resolve(TERMINAL_PATH)
  }

  /** For a program's streams. */
  openTerminal(flags: number): FileDescription {
    return this.#terminalAt!.inode.open(flags | O_NOCTTY)
  }

  /**
   * Loads a program as a new process, pid 1's child, the first of `run`. `kernel.run` runs it; `end` takes away what it leaves.
   * @throws HvError NOT_FOUND, NOT_EXECUTABLE, BAD_ELF, NO_INTERPRETER, BAD_ARGUMENT, OUT_OF_MEMORY, SANDBOX_FULL
   */
  load(options: ProgramOptions, run: Run): Process {
    return this.kernel.runs.begin(run, () => this.#load(options, run))
  }

  #load(options: ProgramOptions, run: Run): Process {
    const root = this.#root.top
    let cwd: Location
    let pid: number
    try {
      pid = this.#takePid()
      cwd = this.#directory(options.cwd ?? '/')
    } catch (error) {
      closeHostProgram(options.onHost)
      if (options.executable !== undefined) closeExecutable(options.executable)
      throw error
    }
    const executable = options.executable ?? this.#programs.find(options, cwd)
    const context = this.#platform.createContext()
    try {
      const rights = newCredentials(this.credentials, executable.description.location!, {
        hasNoNewPrivileges: options.noNewPrivileges === true,
        isShared: false,
      })
      const personality = (options.personality ?? 0) & ~rights.clearedPersonality
      this.kernel.initialFpState = context.readFpState()
      const limits = new ResourceLimits(this.#maxOpenFiles)
      const image = loadImage(this.kernel, root, limits, {
        executable,
        // A host path would name nothing in the guest.
        argv: [
          ...(executable.script ?? [
            options.onHost !== undefined ? executable.path : toByteString(options.program),
          ]),
          ...options.args.map(toByteString),
        ],
        envp: Object.entries(options.env).map(([name, value]) => toByteString(`${name}=${value}`)),
        ...{credentials: rights.credentials, isSecure: rights.isSecure, personality},
      })
      context.writeRegisters(image.registers)
      const {path} = executable
      return this.#start(options, {pid, run, cwd, context, limits, image, path, rights, personality})
    } catch (error) {
      context.dispose()
      throw asHvError(error, options.program)
    } finally {
      closeExecutable(executable)
    }
  }

  /** Ends what the run's first program left running, and frees what it held. */
  end(run: Run): void {
    this.kernel.runs.end(run)
    this.#platform.memory.trim()
  }

  dispose(): void {
    disposeMounts(this.#root)
  }

  #limitCpus(percent: number | undefined): void {
    if (percent === undefined) return
    const {cpuUse, timers} = this.kernel
    cpuUse.quota = new CpuQuota(percent, cpuUse.meter, timers, cpuUse.cpus)
  }

  #start(options: ProgramOptions, parts: Parts): Process {
    const {pid, run, cwd, context, limits, image, path, rights, personality} = parts
    const {kernel} = this
    const {space, program} = image
    const budget = kernel.budget.part()
    const attributes = new ProcessAttributes()
    attributes.personality = personality
    attributes.isDumpable = rights.isDumpable
    attributes.hasNoNewPrivileges = options.noNewPrivileges === true
    const process = makeProcess(kernel, {
      ...{pid, run, space, limits, budget, program, syscalls: kernel.calls},
      ...{job: new Job(pid), attributes, restrictions: new Restrictions()},
    })
    kernel.init.family.adopt(process)
    const fds = new FdTable(kernel.budget)
    const opened = new Map<FileDescription, OpenDescription>()
    options.streams.forEach((file, fd) => {
      if (file === undefined) return
      const description = opened.get(file) ?? new OpenDescription(file, this.#locationOf(file))
      opened.set(file, description)
      fds.replace(fd, description)
    })
    fds.limit = limits.get(RLIMIT_NOFILE).soft
    const task = makeTask({
      ...{tid: pid, kernel, process, context, fds},
      fs: new FsContext(this.#root.top, cwd, options.umask ?? UMASK),
      credentials: rights.credentials,
      name: commOf(path),
      scheduling: new Scheduling(options.nice),
    })
    try {
      this.terminal?.startWith(process)
      options.terminal?.giveTo(process)
      options.restrict?.(task)
    } catch (error) {
      space.release()
      kernel.init.family.disown(process)
      throw error
    }
    kernel.start(process, task)
    return process
  }

  /** @throws HvError SANDBOX_FULL */
  #takePid(): number {
    try {
      return this.kernel.pids.take()
    } catch (error) {
      if (!(error instanceof Errno)) throw error
      const {maxTasks} = this.kernel.pids
      throw new HvError(
        'SANDBOX_FULL',
        `there are ${maxTasks} processes and threads in the guest, and there may be no more`,
        'wait until some have ended, or raise `maxTasks`',
      )
    }
  }

  #countPatch(): void {
    const {charged} = this.kernel.runs
    if (charged !== undefined) charged.counters.patchedSites++
  }

  #locationOf(file: FileDescription): Location | undefined {
    return file.inode instanceof PtsNode ? terminalLocation(this.#root, file.inode.device.rdev) : undefined
  }

  #resolve(path: string): Location {
    const root = this.#root.top
    return resolve({root, credentials: this.credentials}, root, path)
  }

  #directory(path: string): Location {
    try {
      const location = this.#resolve(toByteString(path))
      if (location.inode.kind !== S_IFDIR) throw new Errno(ENOTDIR)
      return location
    } catch (error) {
      if (!(error instanceof Errno)) throw error
      const why = error.code === ENOENT ? 'is not there' : `cannot be entered: ${error}`
      throw badArgument(`\`cwd\` ${printable(path)} ${why} in the guest`, 'name a directory of the guest')
    }
  }
}

interface Parts {
  pid: number
  run: Run
  cwd: Location
  context: Context
  limits: ResourceLimits
  image: LoadedImage
  /** Path of the executable. */
  path: string
  rights: NewCredentials
  personality: number
}

function asHvError(error: unknown, program: string): unknown {
  if (!(error instanceof Errno)) return error
  const name = printable(program)
  if (error.code === E2BIG) {
    return badArgument(`the arguments of ${name} are too long`, 'give fewer or shorter ones')
  }
  return new HvError('OUT_OF_MEMORY', `${name} does not fit its memory: ${error}`, 'raise `memoryBytes`')
}
