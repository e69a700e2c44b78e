// RunOptions and RunResult: what one run of a guest program takes and returns. The contract with the commands.

import type {UnpackProgress} from '../image/unread.ts'
import type {JailLayer} from '../jail/layer.ts'
import type {CodeCache} from '../kept-code.ts'
import type {DiskOptions} from '../machine/kernel/kernel-options.ts'
import type {ChosenPlatform} from '../platform/choice.ts'
import type {FasterPlatform} from '../platform/compare.ts'
import type {ProgramResult} from '../sentry/outside/program-result.ts'
import type {CommandOptions} from './options/command.ts'
import type {MachineOptions} from './options/kernel.ts'
import type {ProgramStart} from './options/program.ts'
import type {Settings} from './options/settings.ts'

export type {UnpackProgress} from '../image/unread.ts'
export {RESET_STATUS} from '../machine/machine-result.ts'
export type {FasterPlatform} from '../platform/compare.ts'

export interface RunOptions extends Settings, MachineOptions, CommandOptions, ProgramStart {
  /**
   * Without `root`: a host path with a slash in it; the command has already searched PATH. With `image`: the name for messages.
   * With `root`: a guest path, or a bare name that the sentry looks up in the PATH of `env`, inside the guest's tree.
   */
  program: string
  /** The arguments after argv[0]; argv[0] is `program` as given. */
  args: string[]
  /** The guest's whole environment. */
  env: Record<string, string>
  /** The part of `env` that the user gave. */
  givenEnv?: Record<string, string>
  /** With `kernel`: its disks, raw images or host block devices. */
  disks?: readonly DiskOptions[]
  /** Called again and again while a root or an image is unpacked; the guest has not started. */
  onUnpack?: (progress: UnpackProgress) => void
  /** Called when nothing is left to unpack. */
  onRead?: () => void
  /** How this process ends if it has not returned a second after `timeoutMs`. `line`: on standard error. */
  ifStuck?: {status: number; line: string}
  /** Called once if the guest makes this process hold much more than its memory. */
  onMuch?: () => void
  /** V8's compiled form of hv's own code, kept before there is a jail. */
  code?: CodeCache
}

export interface RunResult extends ProgramResult {
  /** What `suggestsPromises` asked for: promises in OpenBSD's order, separated by spaces. */
  promises?: string
  /** The platform that ran it, and why. */
  platform?: ChosenPlatform
  /** The layers of the jail that it ran in. */
  jail?: readonly JailLayer[]
  /** With `stats`: the platform on which the same traps would have taken less than half as long. */
  faster?: FasterPlatform | undefined
}

/** Whether the options give the program's tree. With `kernel`: it then runs that program, and boots for nothing else. */
export function hasTree({
  root,
  image,
  withLibraries,
}: Pick<RunOptions, 'root' | 'image'> & {withLibraries?: boolean | undefined}): boolean {
  return root !== undefined || image !== undefined || withLibraries === true
}

/** Every guest's environment; nothing else of the caller's is passed on. */
export function guestEnvironment(terminal = 'dumb'): Record<string, string> {
  return {
    PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
    HOME: '/root',
    TERM: terminal,
  }
}
