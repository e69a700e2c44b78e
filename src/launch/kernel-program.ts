// A program on a kernel of its own, with the files that the sentry would show the program: the phases of its launch.

import {getPriority} from 'node:os'
import {addon} from '../addon.ts'
import {VirtioFs} from '../machine/devices/virtio-fs.ts'
import {connectNetworks} from '../machine/kernel/connect-network.ts'
import {KernelMachine} from '../machine/kernel/kernel-machine.ts'
import {MEMORY_BYTES} from '../machine/kernel/kernel-options.ts'
import {encodeCards} from '../machine/program/card-address.ts'
import {ConsoleTail} from '../machine/program/console-tail.ts'
import {filesMemory} from '../machine/program/files-memory.ts'
import {INIT, initramfs} from '../machine/program/initramfs.ts'
import {LateServer} from '../machine/program/late-server.ts'
import {ModuleFolder} from '../machine/program/module-folder.ts'
import type {MachineOrder, Size} from '../machine/program/order.ts'
import {ProgramCore} from '../machine/program/program-core.ts'
import {ProgramLink} from '../machine/program/program-link.ts'
import {encodeMounts} from '../machine/program/tree-mounts.ts'
import type {MemoryFile} from '../platform/memory-file.ts'
import {buildTree, replaceFile} from '../sentry/outside/guest-tree.ts'
import {type HostProgram, openHostProgram} from '../sentry/outside/host-program.ts'
import {DEFAULT_HOSTNAME} from '../sentry/outside/hostname.ts'
import {ShownPrograms} from '../sentry/outside/shown-programs.ts'
import {Budget, budgetBytes} from '../vfs/budget.ts'
import {disposeMounts} from '../vfs/mount-tree.ts'
import {nativeHost} from '../vfs/native-host.ts'
import {VirtualFileSystem} from '../vfs/virtual-file-system.ts'
import type {GdbMachine} from './gdb.ts'
import {foldersOf, type GuestFiles, type OpenedFiles, openGuestFiles, unpackStats} from './guest-files.ts'
import {programOfRun} from './guest-program.ts'
import type {Launch, LoadedGuest, OpenedGuest, PreparedGuest} from './launch.ts'
import {addressesOf, resolvConf} from './machine-network.ts'
import {endOfProgram} from './machine-program-end.ts'
import {MachineStreams} from './machine-streams.ts'
import {refuseUnfit} from './options/unfit.ts'
import type {RunOptions, RunResult} from './options.ts'

/** hv's own threads do not count as the guest's. */
const MAX_TASKS = 1
const TAG = 'hv-root'
/** A name that is no module is built in, or missing; the machine's first process reports that. */
const MODULES = [
  ...['virtio_mmio', 'virtiofs', 'vmw_vsock_virtio_transport'],
  ...['virtio_rng', 'virtio_blk', 'virtio_net'],
]

/** What was opened for it. */
interface Parts {
  launch: Launch
  memory: MemoryFile
  onHost: HostProgram | undefined
  files: OpenedFiles
  gdb: GdbMachine | undefined
  tail: ConsoleTail
  server: LateServer
  machine: KernelMachine
  streams: MachineStreams
  /** This process's own. */
  umask: number
  /** Its /etc/resolv.conf, if not the tree's own. */
  resolv: string | undefined
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
  const {launch, onHost} = opened
  const files = await openGuestFiles(options, foldersOf(options, onHost))
  const folder = options.modules ?? ModuleFolder.usual(options.kernel)
  const modules = folder === undefined ? undefined : new ModuleFolder(folder)
  const network = await connectNetworks(options.net, (act) => launch.defer(act))
  const gdb = launch.server && new (await import('./gdb.ts')).GdbMachine(launch.server)

  const [server, tail, init] = [new LateServer(), new ConsoleTail(), addon.machineInit()]
  const {net = []} = options
  const lists = {mounts: encodeMounts(options), cards: encodeCards(addressesOf(net))}
  const extras = {
    models: [new VirtioFs(server, TAG)],
    initrd: () => initramfs(init, modules?.read(MODULES) ?? [], lists),
  }
  const append = [`quiet rdinit=${INIT}`, options.append].filter(Boolean).join(' ')
  const machine = launch.use(new KernelMachine({...options, append, network}, tail, gdb?.debug, extras))
  const resolv = net.length > 0 ? resolvConf() : undefined
  const streams = launch.use(
    new MachineStreams((signal) => machine.stop({exitCode: null, signal, timedOut: false})),
  )
  leaveCore(options.memoryBytes, launch, machine)
  // A jail sets it to 0.
  const umask = process.umask()
  const roots = [...files.roots, ...machine.roots]
  if (modules !== undefined) roots.push({fd: modules.source.fd, isWritable: false})
  return {
    needs: {
      ...{roots, files: onHost && [onHost.fd], directories: files.libraryFolders},
      ...{caller: 'kernel', hasChildren: streams.size !== undefined},
    },
    load: () => load(options, {...opened, files, gdb, tail, server, machine, streams, umask, resolv}),
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
  const {launch, memory, onHost, files, gdb, tail, server, machine, streams, umask, resolv} = parts
  const shown = await files.read().finally(options.onRead)
  const {tmpfs, readOnly} = options
  const vfs = new VirtualFileSystem(nativeHost)
  const budget = new Budget(budgetBytes(memory.size))
  const tree = buildTree(memory, {vfs, ...shown, tmpfs, readOnly, budget})
  launch.defer(() => disposeMounts(tree))
  launch.defer(() => server.close())
  if (resolv !== undefined) replaceFile(tree.top, 'etc', 'resolv.conf', resolv)
  const programs = new ShownPrograms(tree.top, memory, shown.showProgram)
  const program = onHost ? programs.show(onHost, options.env.LD_LIBRARY_PATH) : options.program
  server.serve(tree.top)
  const stop = (): void => machine.stop({exitCode: null, signal: null, timedOut: false})
  const order = orderOf({...options, program}, shown, {terminal: streams.size, umask})
  const link = new ProgramLink(machine.vsock, order, streams, stop)
  streams.begin(link)
  machine.load()
  return {
    start: () => {
      gdb?.begin()
      return {
        end: async () => {
          const {stats, ...end} = await machine.run()
          const all = {...stats, ...unpackStats(shown.unpacked)}
          return {...endOfProgram(order, link, end, tail.reason), stats: all}
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
