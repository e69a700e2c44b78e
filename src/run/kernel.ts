// A Linux kernel in a machine of its own by the options of a run, those that mean nothing to it refused; in a jail of its own.

import {errnoName} from '../abi/errno.ts'
import {addon} from '../addon.ts'
import {HvError} from '../errors.ts'
import {Jail, type JailNeeds} from '../jail/jail.ts'
import {ownDirectories} from '../jail/own-directories.ts'
import {MEMORY_BYTES} from '../machine/kernel-machine.ts'
import {runKernel} from '../machine/run-kernel.ts'
import {openError} from '../vm/open-error.ts'
import type {RunOptions, RunResult} from './options.ts'

/** hv's own threads are not the guest's. */
const MAX_TASKS = 1

/** @throws HvError */
export async function runKernelMachine(options: RunOptions, kernel: string): Promise<RunResult> {
  requireKernelOptions(options)
  const server = options.gdb && (await (await import('./gdb-server.ts')).listenForGdb(options.gdb, true))
  const gdb = server && new (await import('./gdb-machine.ts')).GdbMachine(server)
  const jail = Jail.begin(options.jail ?? 'best')
  const {memoryBytes = MEMORY_BYTES, cpus = 1} = options
  jail.limit({memoryBytes, maxTasks: MAX_TASKS, cpus}, options.cgroupParent)
  options.code?.keep()
  const words = options.args.length > 0 ? ['--', ...options.args] : []
  const append = [options.append, ...words].filter(Boolean).join(' ')
  // Another machine is made in the jail, where no path is opened any more.
  const {reboots = false} = options
  const kvmError = reboots ? addon.holdKvm() : 0
  if (kvmError !== 0) throw openError(Object.assign(new Error(errnoName(kvmError)), {errno: kvmError}))
  const onMade = (roots: JailNeeds['roots']): void =>
    jail.close({
      ...{roots, directories: ownDirectories(process.env), dropTo: options.dropTo},
      ...{caller: 'kernel', isUndecided: reboots, hasTerminal: false, accepts: gdb !== undefined},
    })
  try {
    const watching = {onMade, onLoaded: () => gdb?.begin(), debug: gdb?.debug}
    const result = await runKernel({...options, kernel, append}, watching)
    return {...result, jail: jail.layers}
  } finally {
    await gdb?.close()
  }
}

/** What a kernel's machine has no use for. @throws HvError BAD_ARGUMENT */
function requireKernelOptions(options: RunOptions): void {
  const {root, image, withLibraries, volumes, cwd, trace, pledge, unveil, suggestsPromises} = options
  const {core, maxTasks, diskBytes, patchCalls, cpuTimeoutMs, machine, platform} = options
  const unfit: [string, boolean][] = [
    ['`root`', root !== undefined],
    ['`image`', image !== undefined],
    ['`withLibraries`', withLibraries === true],
    ['`volumes`', volumes.length > 0],
    ['`cwd`', cwd !== undefined],
    ['`trace`', trace !== undefined],
    ['`pledge`', pledge !== undefined || suggestsPromises === true],
    ['`unveil`', unveil !== undefined],
    ['`core`', core !== undefined],
    ['`maxTasks`', maxTasks !== undefined],
    ['`diskBytes`', diskBytes !== undefined],
    ['`patchCalls`', patchCalls !== undefined],
    ['`cpuTimeoutMs`', cpuTimeoutMs !== undefined],
    ['`cpuQuotaPercent`', options.cpuQuotaPercent !== undefined],
    ['`machine`', machine !== undefined],
  ]
  const given = unfit.find(([, isGiven]) => isGiven)?.[0]
  if (given !== undefined)
    refuse(`${given} is for programs under the sentry, and \`kernel\` boots a machine`, `leave ${given} away`)
  if (options.gdb !== undefined && options.reboots === true)
    refuse('`gdb` sees one boot, and `reboots` makes more', 'leave one of them away')
  if (platform === 'ptrace') refuse('a kernel needs KVM, and `platform` is ptrace', 'leave `platform` away')
}

function refuse(message: string, nextStep: string): never {
  throw new HvError('BAD_ARGUMENT', message, nextStep)
}
