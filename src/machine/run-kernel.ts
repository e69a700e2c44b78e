// runKernel: a Linux kernel on this process's standard streams, from its file to how it ended.

import {KernelMachine} from './kernel-machine.ts'
import type {KernelOptions} from './kernel-options.ts'
import type {MachineResult} from './machine-result.ts'
import {MachineInput, MachineOutput} from './streams.ts'

const STDOUT = 1

/**
 * @param onMade called when the machine is made, before a byte of the kernel is read, with descriptors of the directories that it shares
 * @throws HvError
 */
export async function runKernel(
  options: KernelOptions,
  onMade: (roots: KernelMachine['roots']) => void = () => {},
): Promise<MachineResult> {
  const input = new MachineInput(() => process.stdin)
  using machine = new KernelMachine(options, {input, output: MachineOutput.toDescriptor(STDOUT)})
  onMade(machine.roots)
  return machine.run()
}
