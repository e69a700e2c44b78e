// What each promise allows, for the help: OpenBSD's pledge(2) as it is over Linux's calls.

const PROMISE_HELP: readonly (readonly [names: string, allows: string])[] = [
  ['stdio', 'memory, time, signals to itself, and what is open already; /dev/null, time zones'],
  ['rpath, wpath, cpath', 'to open files for reading, for writing; to make, move and remove names'],
  ['dpath', 'to make devices and fifos'],
  ['tmppath', 'to do all of that in /tmp, and nowhere else'],
  ['fattr, chown', 'to change modes and times; owners'],
  ['flock', 'to lock files'],
  ['getpw, dns', 'to read the files of /etc that tell users and groups; hosts and names'],
  ['tty', 'to open /dev/tty, and to change what a terminal does'],
  ['proc', 'processes and process groups, signals to others, priorities, limits'],
  ['exec', 'to execute programs'],
  ['prot_exec', 'executable memory that is no file’s code'],
  ['id', 'to change user, group and root directory, and limits'],
  ['settime', 'to set the clock'],
  ['unveil', 'to call unveil()'],
  ['error', 'ENOSYS in place of the end'],
]

/** A line for each, and the names that have no meaning here yet. */
export function promiseHelp(): string {
  const lines = PROMISE_HELP.map(([names, allows]) => `${names.padEnd(20)} ${allows}`)
  return [
    ...lines,
    'inet, mcast, unix, sendfd, recvfd, tape, ps, vminfo, pf, route, wroute, audio, video and bpf are known, and allow nothing that hv has.',
  ].join('\n')
}
