// openSentry: opens what a sentry needs before the jail closes, then makes the sentry inside the jail: for one program, or for a Sandbox.

import type {HostLimits} from '../jail/cgroup.ts'
import {DEFAULT_MEMORY_BYTES, MAX_CPUS, type PlatformChoice} from '../platform/choice.ts'
import {type OpenedPlatform, openPlatform} from '../platform/open.ts'
import {Sentry, type SentryOptions} from '../sentry/outside/sentry.ts'
import {DEFAULT_MAX_TASKS} from '../sentry/task/pids.ts'
import {type FileOptions, type GuestFiles, openGuestFiles} from './guest-files.ts'
import type {GuestNeeds, Launch} from './launch.ts'

type Options = FileOptions &
  Omit<SentryOptions, keyof GuestFiles> &
  Partial<Pick<HostLimits, 'memoryBytes' | 'cpus'>> & {platform: PlatformChoice}

export interface OpenedSentry {
  readonly opened: OpenedPlatform
  readonly needs: Pick<GuestNeeds, 'roots' | 'directories'> & {readonly caller: 'kvm' | 'ptrace'}
  /** Call it once: what was opened is read, and nothing of it before. @throws HvError as Sentry does */
  make(
    own?: Pick<SentryOptions, 'terminal' | 'patchCalls' | 'broker'>,
  ): Promise<{sentry: Sentry; shown: GuestFiles}>
}

/** @param folders of libraries, besides those that the host searches @throws HvError */
export async function openSentry(
  options: Options,
  launch: Launch,
  folders: readonly string[] = [],
): Promise<OpenedSentry> {
  const {memoryBytes = DEFAULT_MEMORY_BYTES, cpus} = options
  const opened = await openPlatform(options.platform, memoryBytes, cpus)
  const platform = launch.use(opened.platform)
  const {roots, libraryFolders: directories, read} = await openGuestFiles(options, folders)
  return {
    opened,
    needs: {roots, directories, caller: platform.name === 'ptrace' ? 'ptrace' : 'kvm'},
    make: async (own) => {
      const shown = await read().finally(options.onRead)
      return {shown, sentry: new Sentry(platform, {...options, ...shown, ...own})}
    },
  }
}

/** Those of a sentry's limits that its host can enforce, too. */
export function hostLimits({
  memoryBytes = DEFAULT_MEMORY_BYTES,
  maxTasks = DEFAULT_MAX_TASKS,
  cpus = MAX_CPUS,
  cpuQuotaPercent,
}: Partial<HostLimits>): HostLimits {
  return {memoryBytes, maxTasks, cpus, cpuQuotaPercent}
}
