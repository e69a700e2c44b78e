// startMachine: boots a machine until its first process starts programs.

import {HvError, printable} from '../../../errors.ts'
import type {KernelTree} from '../../../launch/kernel-tree.ts'
import {NEEDED} from '../../../launch/machine-program-end.ts'
import type {MachineResult} from '../../../machine/machine-result.ts'
import {MachineLink} from '../../../machine/program/machine-link.ts'

export interface StartedMachine {
  readonly link: MachineLink
  readonly end: Promise<MachineResult>
}

/**
 * @param tree it is read; a machine that does not start has ended
 * @throws HvError BAD_KERNEL: it has ended before, or takes longer than it may; as KernelMachine.run
 */
export async function startMachine(
  tree: Pick<KernelTree, 'machine' | 'reason' | 'lastLines'>,
  startTimeoutMs: number,
): Promise<StartedMachine> {
  const {machine} = tree
  let timer: NodeJS.Timeout | undefined
  let began = (): void => {}
  const ready = new Promise<'ready'>((resolve) => {
    began = () => resolve('ready')
  })
  const link = new MachineLink(machine.vsock, began)
  machine.load()
  const end = machine.run(false)
  const late = new Promise<'late'>((resolve) => {
    timer = setTimeout(resolve, startTimeoutMs, 'late')
  })
  const first = await Promise.race([ready, late, end.then(() => 'ended' as const)]).finally(() =>
    clearTimeout(timer),
  )
  if (first === 'ready') return {link, end}
  if (first === 'ended') throw notStarted('', tree.reason, NEEDED)
  machine.stop({exitCode: null, signal: null, timedOut: true})
  await end
  const nextStep = 'look at what it waits for (`append`), or give it more time: `startTimeoutMs`'
  throw notStarted(` in ${startTimeoutMs} ms`, tree.lastLines, nextStep)
}

function notStarted(when: string, console: string, nextStep: string): HvError {
  const said = console === '' ? 'its console said nothing' : `its console said: ${printable(console)}`
  return new HvError('BAD_KERNEL', `the kernel did not start hv's first process${when}; ${said}`, nextStep)
}
