// JailLayer: which layers a sentry's jail has, and which this host refused. The shape is public.

/** How the host answered when a process was to be born in namespaces of its own. 0: it is in a new one; otherwise an errno. */
export type LaunchErrnos = Record<Extract<JailLayerName, 'user' | 'pid'>, number>

/** The last argument of the process, into which the launcher (native/programs/launcher.c) writes these. */
export const UNANSWERED = toArgument({user: 0, pid: 0})

export function toArgument({user, pid}: LaunchErrnos): string {
  return `user=${inDigits(user)},pid=${inDigits(pid)}`
}

/** @returns undefined: nobody has tried */
export function launchErrnosOf(argument: string | undefined): LaunchErrnos | undefined {
  const found = /^user=(\d{3}),pid=(\d{3})$/.exec(argument ?? '')
  return found === null ? undefined : {user: Number(found[1]), pid: Number(found[2])}
}

function inDigits(errno: number): string {
  return String(errno).padStart(3, '0').slice(-3)
}

/**
 * How a sentry's process is confined. `best`: each layer that this host lets it have; `required`: all that the host has, or an error;
 * `none`: no layer.
 * @see {@link SandboxOptions}
 */
export type JailChoice = 'best' | 'required' | 'none'
export const JAIL_CHOICES = ['best', 'required', 'none'] as const

/** In the order in which they are laid. */
export const JAIL_LAYERS = [
  'user',
  'pid',
  'core-scheduling',
  'speculation',
  'landlock-reach',
  'cgroup-limits',
  'ipc',
  'uts',
  'net',
  'cgroup',
  'mnt',
  'landlock-files',
  'capabilities',
  'seccomp',
] as const

/** The layers of a jail, from the first that is laid to the last; README.md of src/jail explains each. @see {@link JailLayer} */
export type JailLayerName = (typeof JAIL_LAYERS)[number]

/**
 * One layer of the jail that a sentry runs in.
 *
 * @example
 * for (const {name, status, errno} of sandbox.jail) if (status !== 'on') console.log(name, status, errno)
 * console.log(sandbox.jail.find(({name}) => name === 'seccomp')?.status) // on
 */
export interface JailLayer {
  /** Which layer. */
  name: JailLayerName
  /**
   * `refused`: this host has the layer, but did not let the process have it. `absent`: this host has no such layer or, without an errno,
   * this process could not have it. `user` and `pid` are only for a sandbox's process, which is born in them.
   */
  status: 'on' | 'refused' | 'absent'
  /** If it was refused or is absent: the errno's name. */
  errno?: string
}
