// A program on a kernel of its own, with the files that the sentry would show the program: the phases of its launch.

import {getPriority} from 'node:os'
import {connectNetworks} from '../machine/kernel/connect-network.ts'
import type {KernelMachine} from '../machine/kernel/kernel-machine.ts'
import {MEMORY_BYTES} from '../machine/kernel/kernel-options.ts'
import {filesMemory} from '../machine/program/files-memory.ts'
import {MachineLink} from '../machine/program/machine-link.ts'
import type {MachineOrder, Size} from '../machine/program/order.ts'
import {ProgramCore} from '../machine/program/program-core.ts'
import type {MemoryFile} from '../platform/memory-file.ts'
import {type HostProgram, openHostProgram} from '../sentry/outside/host-program.ts'
import {DEFAULT_HOSTNAME} from '../sentry/outside/hostname.ts'
import {ShownPrograms} from '../sentry/outside/shown-programs.ts'
import type {GdbMachine} from './gdb.ts'
import {foldersOf, type GuestFiles, unpackStats} from './guest-files.ts'
import {programOfRun} from './guest-program.ts'
import {KernelTree} from './kernel-tree.ts'
import type {Launch, LoadedGuest, OpenedGuest, PreparedGuest} from './launch.ts'
import {addressesOf, resolvConf} from './machine-network.ts'
import {endOfProgram} from './machine-program-end.ts'
import {MachineStreams} from './machine-streams.ts'
import {refuseUnfit} from './options/unfit.ts'
import type {RunOptions, RunResult} from './options.ts'

/** hv's own threads do not count as the guest's. */
const MAX_TASKS = 1

/** What was opened for it. */
interface Parts {
  launch: Launch
  memory: MemoryFile
  onHost: HostProgram | undefined
  gdb: GdbMachine | undefined
  tree: KernelTree
  streams: MachineStreams
  /** This process's own. */
  umask: number
}

/** @throws HvError */
export function openKernelProgram(options: RunOptions, kernel: string): OpenedGuest<RunResult> {
  refuseUnfit(options, 'kernel-program')
  const {memoryBytes = MEMORY_BYTES, cpus = 1} = options
  const memory = filesMemory(memoryBytes)
  const onHost = options.withLibraries ? openHostProgram(options.program) : undefined
  return {
    limits: {memoryBytes: memoryBytes + memory.size, maxTasks: MAX_TASKS, cpus},
    mayBeMachine: true,
    prepare: (launch) => prepare({...options, kernel, memoryBytes}, {launch, memory, onHost}),
  }
}

async function prepare(
  options: RunOptions & {kernel: string; memoryBytes: number},
  opened: Pick<Parts, 'launch' | 'memory' | 'onHost'>,
): Promise<PreparedGuest<RunResult>> {
  const {launch, memory, onHost} = opened
  const {net = []} = options
  const network = await connectNetworks(net, (act) => launch.defer(act))
  const gdb = launch.server && new (await import('./gdb.ts')).GdbMachine(launch.server)
  const cards = {
    network,
    addresses: addressesOf(net),
    resolv: net.length > 0 ? resolvConf() : undefined,
  }
  const extras = {memory, debug: gdb?.debug, libraries: foldersOf(options, onHost)}
  const tree = launch.use(await KernelTree.open({...options, ...cards}, extras))
  const {machine, roots, libraryFolders} = tree
  const streams = launch.use(
    new MachineStreams((signal) => machine.stop({exitCode: null, signal, timedOut: false})),
  )
  leaveCore(options.memoryBytes, launch, machine)
  // A jail sets it to 0.
  const umask = process.umask()
  return {
    needs: {
      ...{roots, files: onHost && [onHost.fd], directories: libraryFolders},
      ...{caller: 'kernel', hasChildren: streams.size !== undefined},
    },
    load: () => load(options, {...opened, gdb, tree, streams, umask}),
  }
}

/** The core of a process takes precedence over the machine's, which is left if it panics or resets. */
function leaveCore(memoryBytes: number, launch: Launch, machine: KernelMachine): void {
  const {core: file} = launch
  if (file === undefined) return
  const core = new ProgramCore(machine.vsock, file, memoryBytes)
  launch.defer(() => core.close())
  machine.onDead = (dead, end) => {
    const wasStopped = end?.exitCode === null
    if (wasStopped) return
    core.close()
    file.onDead(dead)
  }
}

async function load(options: RunOptions, parts: Parts): Promise<LoadedGuest<RunResult>> {
  const {memory, onHost, gdb, tree, streams, umask} = parts
  const {machine} = tree
  const {mount, shown} = await tree.read().finally(options.onRead)
  const programs = new ShownPrograms(mount.top, memory, shown.showProgram)
  const program = onHost ? programs.show(onHost, options.env.LD_LIBRARY_PATH) : options.program
  const stop = (): void => machine.stop({exitCode: null, signal: null, timedOut: false})
  const order = orderOf({...options, program}, shown, {terminal: streams.size, umask})
  const link = new MachineLink(machine.vsock).start(order, streams, stop)
  streams.begin(link)
  machine.load()
  return {
    start: () => {
      gdb?.begin()
      return {
        end: async () => {
          const {stats, ...end} = await machine.run(Boolean(options.stats))
          const all = {...stats, ...unpackStats(shown.unpacked)}
          return {...endOfProgram(order, link, end, tree.reason), stats: all}
        },
      }
    },
  }
}

function orderOf(
  options: RunOptions,
  {config, user}: GuestFiles,
  {terminal, umask}: {terminal: Size | undefined; umask: number},
): MachineOrder {
  const {hostname = DEFAULT_HOSTNAME, core} = options
  const {cwd = '/', ...program} = programOfRun(options, config)
  return {
    ...{...program, cwd, hostname, user, terminal},
    ...{umask, nice: getPriority(), wantsCore: core !== undefined},
  }
}
