// runKernel: runs a Linux kernel on this process's standard streams, from its file to its end.

import type {Readable} from 'node:stream'
import {SIGKILL} from '../../abi/signal.ts'
import {ConsoleKeys, rawTerminal} from '../console/raw-terminal.ts'
import {MachineInput, MachineOutput} from '../console/streams.ts'
import type {Debugger} from '../debug/debugging.ts'
import type {MachineResult} from '../machine-result.ts'
import {stopBySignals} from '../machine-run.ts'
import {connectNetwork, leaveNetwork, type Network} from './connect-network.ts'
import {KernelMachine} from './kernel-machine.ts'
import type {KernelOptions} from './kernel-options.ts'

const STDIN = 0
const STDOUT = 1

/** Callbacks of those that watch the machine. */
export interface KernelWatching {
  /** Called when the machine is made, before a byte of the kernel is read, with descriptors of the directories that it shares. */
  onMade?: (roots: KernelMachine['roots']) => void
  /** Called after that, before the first instruction. */
  onLoaded?: () => void
  debug?: Debugger
  /** Called with a machine that does not end with status 0; with it, a signal to this process counts as such an end. */
  onDead?: KernelMachine['onDead']
}

/** On a terminal, each key goes to the machine; ^A and x ends it. @throws HvError */
export async function runKernel(
  options: Omit<KernelOptions, 'network'> & {net?: Network},
  watching: KernelWatching = {},
): Promise<MachineResult> {
  const hasTerminal = process.stdin.isTTY === true
  const keys = (): Readable => {
    const quit = (): void => machine.stop({exitCode: null, signal: SIGKILL, timedOut: false})
    return hasTerminal ? process.stdin.pipe(new ConsoleKeys(quit)) : process.stdin
  }
  const streams = {input: new MachineInput(keys), output: MachineOutput.toDescriptor(STDOUT)}
  const network = options.net === undefined ? undefined : await connectNetwork(options.net)
  using machine = new KernelMachine({...options, network}, streams, watching.debug)
  machine.onDead = watching.onDead
  using _modes = hasTerminal ? rawTerminal(STDIN) : undefined
  using _signals = watching.onDead && stopBySignals((end) => machine.stop(end))
  watching.onMade?.(machine.roots)
  // While it waits for its debugger, ^A and x end it, too.
  if (hasTerminal && watching.debug !== undefined) streams.input.start()
  try {
    // `await` keeps the resources alive until then.
    return await machine.run(watching.onLoaded)
  } finally {
    leaveNetwork(network)
    if (hasTerminal) process.stdin.destroy()
  }
}
