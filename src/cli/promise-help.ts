// What each promise allows, for the help: OpenBSD's pledge(2), applied to Linux's calls.

const PROMISE_HELP: readonly (readonly [names: string, allows: string])[] = [
  ['stdio', 'memory, time, signals to itself, descriptors already open; /dev/null, time zones'],
  ['rpath', 'open files for reading'],
  ['wpath', 'open files for writing'],
  ['cpath', 'create, rename and remove files'],
  ['dpath', 'make devices and fifos'],
  ['tmppath', 'read, write, create and remove files in /tmp only'],
  ['fattr', 'change modes and times'],
  ['chown', 'change owners'],
  ['flock', 'lock files'],
  ['getpw', 'read the files in /etc about users and groups'],
  ['dns', 'read the files in /etc about hosts and names'],
  ['tty', 'open /dev/tty and change terminal settings'],
  ['proc', 'processes and process groups, signals to others, priorities, limits'],
  ['exec', 'execute programs'],
  ['prot_exec', 'map executable memory other than a file’s code'],
  ['id', 'change user, group, root directory and limits'],
  ['settime', 'set the clock'],
  ['unveil', 'call unveil()'],
  ['error', 'a call that breaks a promise fails with ENOSYS, and the program goes on'],
]

/** A line for each promise, and the names that have no meaning here yet. */
export function promiseHelp(): string {
  const lines = PROMISE_HELP.map(([names, allows]) => `${names.padEnd(9)} ${allows}`)
  return [
    ...lines,
    'inet, mcast, unix, sendfd, recvfd, tape, ps, vminfo, pf, route, wroute, audio, video and bpf are accepted, but allow no call that hv has.',
  ].join('\n')
}
