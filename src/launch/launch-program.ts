// launchProgram: launches one guest on the calling thread: decides its kind from a command's options, and loads that kind's module.

import {launch, type OpenedGuest} from './launch.ts'
import {refuse} from './options/unfit.ts'
import {hasTree, type RunOptions, type RunResult} from './options.ts'

/** What a command's options name. Each kind is a module of phases, which is loaded when it is needed. */
type GuestSpec =
  | {kind: 'sentry-program'}
  | {kind: 'bare-program'}
  | {kind: 'kernel-machine' | 'kernel-program'; kernel: string}

/** @throws HvError */
export async function launchProgram(options: RunOptions): Promise<RunResult> {
  const result = await launch(() => open(specOf(options), options), options)
  return options.stats ? await compared(result) : result
}

function specOf(options: RunOptions): GuestSpec {
  const {kernel, platform, machine, flat} = options
  if (flat !== undefined && machine === 'linux')
    refuse('`flat` is for bare-metal guests, and `machine` is linux', 'leave one of them out')
  const isBare = machine === 'bare' || flat !== undefined
  if (kernel === undefined) return {kind: isBare ? 'bare-program' : 'sentry-program'}
  if (platform === 'ptrace') refuse('a kernel needs KVM, and `platform` is ptrace', 'leave `platform` out')
  return {kind: hasTree(options) ? 'kernel-program' : 'kernel-machine', kernel}
}

async function open(spec: GuestSpec, options: RunOptions): Promise<OpenedGuest<RunResult>> {
  switch (spec.kind) {
    case 'sentry-program':
      return (await import('./sentry-program.ts')).openSentryProgram(options)
    case 'bare-program':
      return (await import('./bare-program.ts')).openBare(options)
    case 'kernel-machine':
      return (await import('./kernel-machine.ts')).openKernelMachine(options, spec.kernel)
    case 'kernel-program':
      return (await import('./kernel-program.ts')).openKernelProgram(options, spec.kernel)
  }
}

/** Adds the comparison with the other platform, if that is clearly faster. */
async function compared(result: RunResult): Promise<RunResult> {
  const {platform, stats} = result
  if (platform === undefined) return result
  const {fasterPlatform} = await import('../platform/compare.ts')
  const {exits, polled} = stats
  return {...result, faster: fasterPlatform(platform.name, platform.costs, {exits, polled})}
}
