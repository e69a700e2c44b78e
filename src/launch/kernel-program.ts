// Runs a program on its own kernel, with what the sentry would show it, in a machine whose first process is hv's.

import {getPriority} from 'node:os'
import {addon} from '../addon.ts'
import {Jail} from '../jail/jail.ts'
import {ownDirectories} from '../jail/own-directories.ts'
import {VirtioFs} from '../machine/devices/virtio-fs.ts'
import {connectNetwork, leaveNetwork} from '../machine/kernel/connect-network.ts'
import {KernelMachine, MEMORY_BYTES} from '../machine/kernel/kernel-machine.ts'
import {ConsoleTail} from '../machine/program/console-tail.ts'
import {filesMemory} from '../machine/program/files-memory.ts'
import {INIT, initramfs} from '../machine/program/initramfs.ts'
import {LateServer} from '../machine/program/late-server.ts'
import {ModuleFolder} from '../machine/program/module-folder.ts'
import type {MachineOrder, Size} from '../machine/program/order.ts'
import {ProgramCore} from '../machine/program/program-core.ts'
import {ProgramLink} from '../machine/program/program-link.ts'
import {buildTree} from '../sentry/outside/guest-tree.ts'
import {openHostProgram} from '../sentry/outside/host-program.ts'
import {DEFAULT_HOSTNAME} from '../sentry/outside/hostname.ts'
import {ShownPrograms} from '../sentry/outside/shown-programs.ts'
import {Budget, budgetBytes} from '../vfs/budget.ts'
import {disposeMounts} from '../vfs/mount-tree.ts'
import {nativeHost} from '../vfs/native-host.ts'
import {VirtualFileSystem} from '../vfs/virtual-file-system.ts'
import {type GuestFiles, openGuestFiles, unpackStats} from './guest-files.ts'
import {imageProgram} from './image-program.ts'
import {openKernelDebugging} from './kernel-debugging.ts'
import {endOfProgram} from './machine-program-end.ts'
import {MachineStreams} from './machine-streams.ts'
import {refuseUnfit} from './options/unfit.ts'
import type {RunOptions, RunResult} from './options.ts'
import {foldersOf} from './show-program.ts'
import type {Watchdog} from './watchdog.ts'
import {writablePaths} from './writable-paths.ts'

/** hv's own threads do not count as the guest's. */
const MAX_TASKS = 1
const TAG = 'hv-root'
/** A name that is no module is built in, or missing; the machine's first process reports that. */
const MODULES = [
  ...['virtio_mmio', 'virtiofs', 'vmw_vsock_virtio_transport'],
  ...['virtio_rng', 'virtio_blk', 'virtio_net'],
]

/** @throws HvError */
export async function runKernelProgram(
  options: RunOptions,
  kernel: string,
  watchdog: Watchdog,
): Promise<RunResult> {
  refuseUnfit(options, 'kernel-program')
  const {gdb, core: coreFile, machineCore} = await openKernelDebugging(options)
  const jail = Jail.begin(options.jail ?? 'best', writablePaths(options))
  const {memoryBytes = MEMORY_BYTES, cpus = 1} = options
  const memory = filesMemory(memoryBytes)
  jail.limit({memoryBytes: memoryBytes + memory.size, maxTasks: MAX_TASKS, cpus}, options.cgroupParent)
  const onHost = options.withLibraries ? openHostProgram(options.program) : undefined
  const files = await openGuestFiles(options, foldersOf(options, onHost))
  const folder = options.modules ?? ModuleFolder.usual(kernel)
  const modules = folder === undefined ? undefined : new ModuleFolder(folder)
  const network = options.net === undefined ? undefined : await connectNetwork(options.net)
  options.code?.keep()

  const [server, tail, init] = [new LateServer(), new ConsoleTail(), addon.machineInit()]
  const extras = {
    models: [new VirtioFs(server, TAG)],
    initrd: () => initramfs(init, modules?.read(MODULES) ?? []),
  }
  const append = [`quiet rdinit=${INIT}`, options.append].filter(Boolean).join(' ')
  using machine = new KernelMachine({...options, kernel, append, network}, tail, gdb?.debug, extras)
  const core = coreFile && new ProgramCore(machine.vsock, coreFile, memoryBytes)
  machine.onDead = (dead, end) => {
    const wasStopped = end?.exitCode === null
    if (wasStopped) return
    // The core of a process that died before takes precedence.
    core?.close()
    machineCore?.onDead(dead)
  }
  using streams = new MachineStreams((signal) => machine.stop({exitCode: null, signal, timedOut: false}))
  // The jail sets it to 0.
  const umask = process.umask()
  const roots = [...files.roots, ...machine.roots]
  if (modules !== undefined) roots.push({fd: modules.source.fd, isWritable: false})
  jail.close({
    ...(onHost !== undefined && {files: [onHost.fd]}),
    ...{roots, directories: [...ownDirectories(process.env), ...(files.libraryFolders ?? [])]},
    ...{caller: 'kernel', hasTerminal: streams.size !== undefined, dropTo: options.dropTo},
    ...{accepts: gdb !== undefined, dumps: coreFile !== undefined},
  })

  const shown = await files.read().finally(options.onRead)
  const {tmpfs, readOnly} = options
  const vfs = new VirtualFileSystem(nativeHost)
  const tree = buildTree(memory, {
    vfs,
    ...shown,
    tmpfs,
    readOnly,
    budget: new Budget(budgetBytes(memory.size)),
  })
  try {
    const programs = new ShownPrograms(tree.top, memory, shown.showProgram)
    const program = onHost ? programs.show(onHost, options.env.LD_LIBRARY_PATH) : options.program
    server.serve(tree.top)
    const stop = (): void => machine.stop({exitCode: null, signal: null, timedOut: false})
    const order = orderOf({...options, program}, shown, {terminal: streams.size, umask})
    const link = new ProgramLink(machine.vsock, order, streams, stop)
    streams.begin(link)
    const {stats, ...end} = await machine.run(() => {
      watchdog.start()
      gdb?.begin()
    })
    const all = {...stats, ...unpackStats(shown.unpacked)}
    return {...endOfProgram(order, link, end, tail.reason), stats: all, jail: jail.layers}
  } finally {
    core?.close()
    coreFile?.close()
    await gdb?.close()
    server.close()
    disposeMounts(tree)
    leaveNetwork(network)
  }
}

function orderOf(
  options: RunOptions,
  {config, user}: GuestFiles,
  {terminal, umask}: {terminal: Size | undefined; umask: number},
): MachineOrder {
  const {program, args, env, cwd = '/', image, entrypoint, givenEnv = {}, core} = options
  const {hostname = DEFAULT_HOSTNAME} = options
  const wanted = {program: image === undefined ? program : entrypoint, args, env: givenEnv, cwd: options.cwd}
  return {
    ...(config === undefined ? {program, args, env, cwd} : imageProgram(config, wanted, env)),
    ...{hostname, user, terminal},
    ...{umask, nice: getPriority(), wantsCore: core !== undefined},
  }
}
