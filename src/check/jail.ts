// The jail of a sandbox's process: which of its layers this host has, as a process that went into one reports.

import type {JailLayer} from '../jail/layer.ts'
import type {Finding} from './finding.ts'
import type {Host} from './host.ts'

const LAYERS = {
  user: 'a user namespace',
  pid: 'a PID namespace',
  'core-scheduling': 'a core of its own (core scheduling)',
  speculation: 'branch predictors of its own (speculation control)',
  'landlock-reach': "no signals to the host's processes, no TCP (Landlock)",
  'cgroup-limits': 'limits that the host keeps (cgroup v2)',
  ipc: 'an IPC namespace',
  uts: 'a UTS namespace',
  net: 'a network namespace',
  cgroup: 'a cgroup namespace',
  mnt: 'an empty tree of files (mount namespace)',
  'landlock-files': "no files but the guest's (Landlock)",
  capabilities: 'no capabilities',
  seccomp: 'no system calls but those that it needs (seccomp)',
} as const satisfies Record<JailLayer['name'], string>

/** Reasons for `cgroup-limits`: src/jail/README.md. */
const NO_CGROUP: Readonly<Record<string, string>> = {
  EACCES: "this user may not write hv's cgroup",
  EPERM: "this user may not write hv's cgroup",
  EROFS: "hv's cgroup is mounted read-only",
  ENODEV: "hv's cgroup has not all of the controllers cpu, memory and pids",
  ENOENT: "hv's cgroup is not mounted here",
  EBUSY: "other processes are in hv's cgroup",
}

/** `layers` is undefined when it was not tried. */
export function describeJail({uid}: Host, layers: readonly JailLayer[] | undefined): Finding[] {
  if (layers === undefined) return []
  const named = (status: JailLayer['status']): string[] =>
    layers.filter((layer) => layer.status === status).map(describeLayer)
  const [on, refused, absent] = [named('on'), named('refused'), named('absent')]
  const sentences = [
    on.length > 0 ? `A sandbox's process has ${on.join('; ')}.` : "A sandbox's process has no jail.",
    ...(refused.length > 0 ? [`Refused: ${refused.join('; ')}.`] : []),
    ...describeCommand(uid, layers),
    ...(absent.length > 0 ? [`Not on this host: ${absent.join('; ')}.`] : []),
  ]
  return [
    {
      id: 'jail',
      title: 'Jail',
      status: refused.length === 0 && on.length > 0 ? 'ok' : 'warn',
      detail: sentences.join(' '),
      evidence: `a process that went in: ${layers.map(({name, status}) => `${name} ${status}`).join(', ')}`,
      ...(refused.length > 0 && {fix: fixOf(uid)}),
    },
  ]
}

/** The command jails the process that the user started. */
function describeCommand(uid: number, layers: readonly JailLayer[]): string[] {
  const isBorn = layers.some(({name, status}) => ['user', 'pid'].includes(name) && status === 'on')
  if (!isBorn) return []
  return [uid === 0 ? '`hv run` has all but the first two.' : '`hv run` has none of the namespaces.']
}

function fixOf(uid: number): string {
  if (uid === 0)
    return "let hv's container have CAP_SYS_ADMIN for namespaces, or take the other layers for enough"
  return (
    'let users have namespaces: sysctl user.max_user_namespaces, kernel.unprivileged_userns_clone (Debian), ' +
    'kernel.apparmor_restrict_unprivileged_userns (Ubuntu), a container that allows clone(2); or run hv as root, ' +
    'with `--drop-to UID`'
  )
}

function describeLayer({name, errno}: JailLayer): string {
  if (errno === undefined) return LAYERS[name]
  const why = name === 'cgroup-limits' ? NO_CGROUP[errno] : undefined
  return why === undefined ? `${LAYERS[name]}: ${errno}` : `${LAYERS[name]}: ${errno}, ${why}`
}
