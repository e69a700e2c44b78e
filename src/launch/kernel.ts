// Runs a Linux kernel in its own machine from a run's options, and refuses those that do not apply to it; in its own jail.

import {addon} from '../addon.ts'
import {Jail, type JailNeeds} from '../jail/jail.ts'
import {ownDirectories} from '../jail/own-directories.ts'
import {MEMORY_BYTES} from '../machine/kernel/kernel-machine.ts'
import {runKernel} from '../machine/kernel/run-kernel.ts'
import {requireHeld} from '../vm/open-error.ts'
import {openKernelDebugging} from './kernel-debugging.ts'
import {refuse, refuseUnfit} from './options/unfit.ts'
import {hasTree, type RunOptions, type RunResult} from './options.ts'
import type {Watchdog} from './watchdog.ts'
import {writablePaths} from './writable-paths.ts'

/** hv's own threads do not count as the guest's. */
const MAX_TASKS = 1

/** @throws HvError */
export async function runKernelMachine(
  options: RunOptions,
  kernel: string,
  watchdog: Watchdog,
): Promise<RunResult> {
  if (options.platform === 'ptrace')
    refuse('a kernel needs KVM, and `platform` is ptrace', 'leave `platform` away')
  if (hasTree(options))
    return (await import('./kernel-program.ts')).runKernelProgram(options, kernel, watchdog)
  refuseUnfit(options, 'kernel')
  if (options.gdb !== undefined && options.reboots)
    refuse('`gdb` sees one boot, and `reboots` makes more', 'leave one of them away')
  const {gdb, core, machineCore} = await openKernelDebugging(options)
  const jail = Jail.begin(options.jail ?? 'best', writablePaths(options))
  const {memoryBytes = MEMORY_BYTES, cpus = 1} = options
  jail.limit({memoryBytes, maxTasks: MAX_TASKS, cpus}, options.cgroupParent)
  options.code?.keep()
  const words = options.args.length > 0 ? ['--', ...options.args] : []
  const append = [options.append, ...words].filter(Boolean).join(' ')
  // Another machine is made in the jail, where paths can no longer be opened.
  const {reboots = false} = options
  if (reboots) requireHeld(addon.holdKvm())
  const onMade = (roots: JailNeeds['roots']): void =>
    jail.close({
      ...{roots, directories: ownDirectories(process.env), dropTo: options.dropTo},
      ...{caller: 'kernel', isUndecided: reboots, hasTerminal: false},
      ...{accepts: gdb !== undefined, dumps: core !== undefined},
    })
  try {
    const onLoaded = (): void => {
      watchdog.start()
      gdb?.begin()
    }
    const watching = {onMade, onLoaded, debug: gdb?.debug, onDead: machineCore?.onDead}
    const result = await runKernel({...options, kernel, append}, watching)
    return {...result, jail: jail.layers}
  } finally {
    await gdb?.close()
    core?.close()
  }
}
