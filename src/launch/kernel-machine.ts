// A Linux kernel in its own machine, on this process's standard streams: the phases of its launch.

import type {Readable} from 'node:stream'
import {SIGKILL} from '../abi/signal.ts'
import {addon} from '../addon.ts'
import {ConsoleKeys, rawTerminal} from '../machine/console/raw-terminal.ts'
import {MachineInput, MachineOutput} from '../machine/console/streams.ts'
import {connectNetwork, leaveNetwork} from '../machine/kernel/connect-network.ts'
import {KernelMachine, MEMORY_BYTES} from '../machine/kernel/kernel-machine.ts'
import {stopBySignals} from '../machine/machine-run.ts'
import {requireHeld} from '../vm/open-error.ts'
import type {Launch, OpenedGuest, PreparedGuest} from './launch.ts'
import {refuse, refuseUnfit} from './options/unfit.ts'
import type {RunOptions, RunResult} from './options.ts'

const STDIN = 0
const STDOUT = 1
/** hv's own threads do not count as the guest's. */
const MAX_TASKS = 1

/** @throws HvError BAD_ARGUMENT */
export function openKernelMachine(options: RunOptions, kernel: string): OpenedGuest<RunResult> {
  refuseUnfit(options, 'kernel')
  if (options.gdb !== undefined && options.reboots)
    refuse('`gdb` sees one boot, and `reboots` makes more', 'leave one of them away')
  const {memoryBytes = MEMORY_BYTES, cpus = 1} = options
  return {
    limits: {memoryBytes, maxTasks: MAX_TASKS, cpus},
    mayBeMachine: true,
    prepare: (launch) => prepare(options, kernel, launch),
  }
}

/** On a terminal, each key goes to the machine; ^A and x ends it. */
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
  const keys = (): Readable => {
    const quit = (): void => machine.stop({exitCode: null, signal: SIGKILL, timedOut: false})
    return hasTerminal ? process.stdin.pipe(new ConsoleKeys(quit)) : process.stdin
  }
  const streams = {input: new MachineInput(keys), output: MachineOutput.toDescriptor(STDOUT)}
  const network = net && (await connectNetwork(net))
  launch.defer(() => leaveNetwork(network))
  const words = args.length > 0 ? ['--', ...args] : []
  const append = [options.append, ...words].filter(Boolean).join(' ')
  const machine = launch.use(new KernelMachine({...options, kernel, append, network}, streams, gdb?.debug))
  machine.onDead = core?.onDead
  if (hasTerminal) {
    launch.defer(() => process.stdin.destroy())
    launch.use(rawTerminal(STDIN))
  }
  if (core) launch.use(stopBySignals((end) => machine.stop(end)))
  return {
    needs: {roots: machine.roots, caller: 'kernel', isUndecided: reboots, hasChildren: false},
    load: async () => {
      // While it waits for its debugger, ^A and x end it, too.
      if (hasTerminal && gdb !== undefined) streams.input.start()
      machine.load()
      return {
        start: () => {
          gdb?.begin()
          return {end: () => machine.run()}
        },
      }
    },
  }
}
