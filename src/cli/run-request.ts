// Turns the words of `hv run` into RunOptions: checks values, and finds the program and the directories on the host.

import {accessSync, constants, statSync} from 'node:fs'
import {resolve} from 'node:path'
import {HvError} from '../errors.ts'
import type {JailChoice} from '../jail/layer.ts'
import {
  guestEnvironment,
  hasTree,
  MAX_CPUS,
  MAX_TASKS,
  parseGdbAddress,
  type RunOptions,
} from '../launch/options.ts'
import {openOutput} from '../output-file.ts'
import {
  parseCount,
  parseDisk,
  parseHostname,
  parseIdentity,
  parseNet,
  parseShare,
  parseSize,
  parseTimeout,
  parseTmpfs,
  parseUnveil,
  parseVolume,
} from './parse-values.ts'
import type {RunArgv} from './read-run-argv.ts'
import {LEFT_OUT} from './run-flags.ts'
import {variablesOf} from './variables.ts'

const STDIN = 0
const STDERR = 2
/** Before the umask. */
const CREATE_MODE = 0o666

/** @throws HvError BAD_ARGUMENT, NOT_FOUND */
export function toRunOptions({flags, program, args}: RunArgv, caller: NodeJS.ProcessEnv): RunOptions {
  const variables = variablesOf(flags, caller)
  const options: RunOptions = {
    program: program ?? '',
    args,
    volumes: [],
    env: {...guestEnvironment(caller.TERM), ...variables},
    givenEnv: variables,
    platform: 'auto',
  }
  const isKernel = flags.some(([name]) => name === 'kernel')
  for (const [name, value] of flags) {
    if (!isKernel || !setKernelFlag(options, name, value)) setFlag(options, name, value)
  }
  checkTogether(options)
  const words = program === undefined ? [] : [program, ...args]
  if (options.kernel !== undefined && !hasTree(options)) {
    return {...options, program: options.kernel, args: words}
  }
  if (options.image !== undefined) return {...options, program: options.image, args: words}
  if (options.kernel !== undefined && options.program === '')
    throw noProgramFor(options.root === undefined ? '--with-libs' : '--root')
  if (options.root === undefined) options.program = findOnHost(options.program, caller.PATH ?? '')
  return options
}

function checkTogether(options: RunOptions): void {
  const {root, image, withLibraries, entrypoint, kernel, initrd, modules, append, reboots, net} = options
  const trees = [root && '--root', image && '--image', withLibraries && '--with-libs'].filter(Boolean)
  if (trees.length > 1) throw bad(`${trees.join(' and ')}: each says what the guest sees`, 'give one of them')
  if (entrypoint !== undefined && image === undefined)
    throw bad('--entrypoint is for an image', 'give --image, or the program behind the flags')
  const given = {initrd, modules, append, reboot: reboots, net}
  const ofKernel = Object.entries(given).find(([, value]) => value)
  if (ofKernel && kernel === undefined) throw bad(`--${ofKernel[0]} is for a kernel`, 'give --kernel')
}

/** Handles flags with another meaning for a kernel's machine. */
function setKernelFlag(options: RunOptions, name: string, value: string): boolean {
  switch (name) {
    case 'disk':
      options.disks = [...(options.disks ?? []), parseDisk(value)]
      return true
    case 'share':
      options.shares = [...(options.shares ?? []), parseShare(value)]
      return true
    default:
      return false
  }
}

function setFlag(options: RunOptions, name: string, value: string): void {
  switch (name) {
    case 'platform':
      options.platform = value as RunOptions['platform']
      return
    case 'machine':
      options.machine = value as RunOptions['machine']
      return
    case 'root':
      options.root = existing(value, '--root', false)
      return
    case 'image':
      options.image = resolve(value)
      return
    case 'entrypoint':
      options.entrypoint = value
      return
    case 'kernel':
      options.kernel = existing(value, '--kernel', false)
      return
    case 'initrd':
      options.initrd = existing(value, '--initrd', false)
      return
    case 'modules':
      options.modules = existing(value, '--modules', true)
      return
    case 'append':
      options.append = value
      return
    case 'net':
      options.net = parseNet(value)
      return
    case 'reboot':
      options.reboots = true
      return
    case 'with-libs':
      options.withLibraries = true
      return
    case 'volume': {
      const volume = parseVolume(value)
      existing(volume.host, '--volume', false)
      options.volumes.push(volume)
      return
    }
    case 'tmpfs':
      options.tmpfs = [...(options.tmpfs ?? []), parseTmpfs(value)]
      return
    case 'read-only':
      options.readOnly = true
      return
    case 'env':
    case 'env-file':
      // `variablesOf` has them.
      return
    case 'cwd':
      if (!value.startsWith('/')) throw bad(`--cwd ${value} is not absolute`, 'give a path in the guest')
      options.cwd = value
      return
    case 'hostname':
      options.hostname = parseHostname(value)
      return
    case 'memory':
      options.memoryBytes = parseSize(value, '--memory')
      return
    case 'cpu-quota':
      options.cpuQuotaPercent = parseCount(value, {
        of: 'percent',
        most: 100 * MAX_CPUS,
        example: '--cpu-quota 50',
      })
      return
    case 'share':
      throw bad('--share is for a machine of its own', 'give --kernel, or --volume for a program')
    case 'disk':
      if (options.diskBytes !== undefined) throw bad('flag --disk is given twice', 'give one size')
      options.diskBytes = parseSize(value, '--disk')
      return
    case 'unpack-limit':
      options.unpackBytes = parseSize(value, '--unpack-limit')
      return
    case 'cpus':
      options.cpus = parseCount(value, {of: 'CPUs', most: MAX_CPUS, example: '--cpus 2'})
      return
    case 'pids':
      options.maxTasks = parseCount(value, {of: 'processes', most: MAX_TASKS, example: '--pids 100'})
      return
    case 'patch-calls':
      options.patchCalls = value as RunOptions['patchCalls']
      return
    case 'timeout':
      options.timeoutMs = parseTimeout(value, '--timeout')
      return
    case 'cpu-timeout':
      options.cpuTimeoutMs = parseTimeout(value, '--cpu-timeout')
      return
    case 'trace':
      options.trace = {
        fd: value === LEFT_OUT ? STDERR : createFile(value, '--trace'),
        isOn: true,
        showsDurations: true,
      }
      return
    case 'core':
      if (value === '') throw bad('--core names no file', 'give a file, e.g. `--core core`')
      options.core = value
      return
    case 'gdb':
      options.gdb = parseGdbAddress(value)
      return
    case 'pledge':
      options.pledge = value
      return
    case 'unveil':
      options.unveil = [...(options.unveil ?? []), parseUnveil(value)]
      return
    case 'interactive':
    case 'rm':
      return
    case 'tty':
      if (!isTerminal(STDIN))
        throw bad('--tty: standard input is no terminal', 'leave --tty out, or start hv in a terminal')
      return
    case 'no-jail':
      options.jail = choose(options.jail, 'none')
      return
    case 'require-jail':
      options.jail = choose(options.jail, 'required')
      return
    case 'user':
      options.user = value
      return
    case 'drop-to':
      options.dropTo = parseIdentity(value)
      return
    case 'cgroup-parent':
      options.cgroupParent = existing(value, '--cgroup-parent', true)
      return
    case 'stats':
      options.stats = value === 'json' ? 'json' : true
      return
    default:
      throw new TypeError(`flag --${name} is in the table, but nobody reads it`)
  }
}

/** Node's module takes two milliseconds to load, which most starts need not pay. */
const isTerminal = (fd: number): boolean => process.getBuiltinModule('node:tty').isatty(fd)

function choose(before: JailChoice | undefined, choice: JailChoice): JailChoice {
  if (before === undefined || before === choice) return choice
  throw bad('--no-jail and --require-jail exclude each other', 'give one of them')
}

/** @returns the absolute path. @throws HvError BAD_ARGUMENT */
export function existing(path: string, flag: string, mustBeDirectory: boolean): string {
  const absolute = resolve(path)
  const stat = statSync(absolute, {throwIfNoEntry: false})
  if (!stat) throw bad(`${flag}: ${path} does not exist`, 'name a path of this host that does')
  if (mustBeDirectory && !stat.isDirectory())
    throw bad(`${flag}: ${path} is not a directory`, 'name a directory')
  return absolute
}

/** @param flag for the message. @throws HvError BAD_ARGUMENT */
export function createFile(path: string, flag: string): number {
  try {
    return openOutput(path, CREATE_MODE)
  } catch (error) {
    if (error instanceof HvError) throw error
    const reason = (error as NodeJS.ErrnoException).code
    throw new HvError('BAD_ARGUMENT', `${flag}: ${path} cannot be written (${reason})`, 'name another file', {
      cause: error,
    })
  }
}

/** Finds a name on the host as execvp(3) does; a path is left to the loader, which reports what is wrong with it. */
export function findOnHost(program: string, searchPath: string): string {
  if (program === '') throw new HvError('NOT_FOUND', 'no program name: PROGRAM is empty', 'give its path')
  if (program.includes('/')) return program
  for (const directory of searchPath.split(':')) {
    const candidate = `${directory || '.'}/${program}`
    if (isExecutableFile(candidate)) return candidate
  }
  throw new HvError('NOT_FOUND', `${program} is not in PATH`, 'give its path, e.g. `./program`')
}

function isExecutableFile(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return statSync(path).isFile()
  } catch {
    return false
  }
}

const noProgramFor = (flag: string): HvError =>
  bad(`no program for ${flag}`, `give PROGRAM, or leave ${flag} away`)

function bad(message: string, nextStep: string): HvError {
  return new HvError('BAD_ARGUMENT', message, nextStep)
}
