// A Linux kernel in its own machine, on this process's standard streams: the phases of its launch.

import type {Readable} from 'node:stream'
import {addon} from '../addon.ts'
import {ConsoleKeys, rawTerminal} from '../machine/console/raw-terminal.ts'
import {MachineInput, MachineOutput} from '../machine/console/streams.ts'
import {connectNetworks} from '../machine/kernel/connect-network.ts'
import {KernelMachine} from '../machine/kernel/kernel-machine.ts'
import {MEMORY_BYTES} from '../machine/kernel/kernel-options.ts'
import {stopBySignals} from '../machine/machine-run.ts'
import {requireHeld} from '../vm/open-error.ts'
import type {Launch, OpenedGuest, PreparedGuest} from './launch.ts'
import {MachineControl} from './machine-control.ts'
import {refuse, refuseUnfit} from './options/unfit.ts'
import type {RunOptions, RunResult} from './options.ts'
import {traceLine} from './trace.ts'

const STDIN = 0
const STDOUT = 1
/** hv's own threads do not count as the guest's. */
const MAX_TASKS = 1

/** @throws HvError BAD_ARGUMENT */
export function openKernelMachine(options: RunOptions, kernel: string): OpenedGuest<RunResult> {
  refuseUnfit(options, 'kernel')
  if (options.gdb !== undefined && options.reboots)
    refuse('`gdb` sees one boot, and `reboots` makes more', 'leave one of them out')
  if (options.net?.some(({address}) => address !== undefined))
    refuse('an address of `net` is for a program that `kernel` runs', 'give the kernel `ip=…` by `append`')
  const {memoryBytes = MEMORY_BYTES, cpus = 1} = options
  return {
    limits: {memoryBytes, maxTasks: MAX_TASKS, cpus},
    mayBeMachine: true,
    prepare: (launch) => prepare(options, kernel, launch),
  }
}

/** On a terminal, each key goes to the machine; ^A and then a key is for hv. */
async function prepare(
  options: RunOptions,
  kernel: string,
  launch: Launch,
): Promise<PreparedGuest<RunResult>> {
  const {reboots = false, net, args} = options
  const {server, core} = launch
  const gdb = server && new (await import('./gdb.ts')).GdbMachine(server)
  // Another machine is made in the jail, where paths can no longer be opened.
  if (reboots) requireHeld(addon.holdKvm())
  const hasTerminal = process.stdin.isTTY === true
  const keys = (): Readable =>
    hasTerminal ? process.stdin.pipe(new ConsoleKeys(control.keys)) : process.stdin
  const streams = {input: new MachineInput(keys), output: MachineOutput.toDescriptor(STDOUT)}
  const network = await connectNetworks(net, (act) => launch.defer(act))
  const words = args.length > 0 ? ['--', ...args] : []
  const append = [options.append, ...words].filter(Boolean).join(' ')
  const line = await traceLine(launch, options.trace)
  const machine = launch.use(new KernelMachine({...options, kernel, append, network}, streams, gdb?.debug))
  const control = new MachineControl(machine, launch)
  machine.traceLine = line
  machine.onDead = (dead, end) => {
    // A user who has a core of the machine and then ends it wants that core.
    const isByUser = typeof end?.signal === 'number'
    if (!(core?.isUsed && isByUser)) core?.onDead(dead)
  }
  if (hasTerminal) {
    launch.defer(() => process.stdin.destroy())
    launch.use(rawTerminal(STDIN))
  }
  launch.use(control.listen())
  if (core) launch.use(stopBySignals((end) => machine.stop(end), ['SIGHUP', 'SIGINT', 'SIGTERM']))
  return {
    needs: {roots: machine.roots, caller: 'kernel', isUndecided: reboots, hasChildren: false},
    load: async () => {
      // Keys after ^A work before the kernel's driver wants input.
      if (hasTerminal) streams.input.start()
      machine.load()
      return {
        start: () => {
          gdb?.begin()
          return {end: () => machine.run(Boolean(options.stats))}
        },
      }
    },
  }
}
