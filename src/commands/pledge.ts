// hv pledge: finds the promises that a program needs for what it does.

import type {Interfaces} from '@oclif/core'
import {ProgramCommand, toOclifFlags} from '../cli/oclif-flags.ts'
import {readArgv} from '../cli/read-run-argv.ts'
import {toRunOptions} from '../cli/run-request.ts'
import {badArgument} from '../errors.ts'
import {flagsOf} from '../launch/options/table.ts'

const FLAGS = flagsOf('pledge')
/** What each allows: OpenBSD's pledge(2), applied to Linux's calls. */
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
  ['unix', 'UNIX sockets'],
  ['inet', 'internet sockets; with mcast, multicast'],
  ['dns', 'read the files in /etc about hosts and names, and ask name servers'],
  ['sendfd', 'send descriptors over UNIX sockets'],
  ['recvfd', 'receive descriptors over UNIX sockets'],
  ['tty', 'open /dev/tty and change terminal settings'],
  ['proc', 'processes and process groups, signals to others, priorities, limits'],
  ['exec', 'execute programs'],
  ['prot_exec', 'map executable memory other than a file’s code'],
  ['id', 'change user, group, root directory and limits'],
  ['settime', 'set the clock'],
  ['unveil', 'call unveil()'],
  ['error', 'a call that breaks a promise fails with ENOSYS, and the program goes on'],
]

export default class Pledge extends ProgramCommand {
  static override summary = 'Find the promises that a Linux program needs (pledge), for `hv run --pledge`.'

  static override description = [
    'With --suggest, runs PROGRAM as `hv run` does, with the same flags and exit status. At the end it prints, on standard output, a set of promises that the run needed; none of them can be left out. What PROGRAM writes to its standard output goes to standard error.',
    'Other arguments or files may need more promises. A program that does what it has not promised ends with SIGSYS, status 159, and a line that says which promise was missing.',
    'The promises are those of OpenBSD’s pledge(2):',
    promiseHelp(),
  ].join('\n\n')

  static override usage = 'pledge --suggest [FLAGS] PROGRAM [ARG...]'

  static override examples = [
    '<%= config.bin %> pledge --suggest busybox ls /',
    '<%= config.bin %> run --pledge "$(<%= config.bin %> pledge --suggest busybox ls /)" busybox ls /',
  ]

  static override flags: Interfaces.FlagInput = toOclifFlags(FLAGS)

  override async run(): Promise<void> {
    // null only after --help, which oclif has already answered.
    const words = readArgv(this.argv, {name: 'pledge', flags: FLAGS})
    if (!words) return
    this.parsed = true
    if (!words.flags.some(([name]) => name === 'suggest'))
      throw badArgument(
        'hv pledge was not told what to do',
        'give --suggest; `hv run --pledge PROMISES` holds a program to its promises',
      )
    const options = toRunOptions(words, process.env)
    const {run} = await import('../cli/run.ts')
    process.exitCode = await run({...options, machine: 'linux'})
  }
}

/** A line for each promise, and the names that have no meaning here yet. */
function promiseHelp(): string {
  const lines = PROMISE_HELP.map(([names, allows]) => `${names.padEnd(9)} ${allows}`)
  return [
    ...lines,
    'tape, ps, vminfo, pf, route, wroute, audio, video and bpf are accepted, but allow no call that hv has.',
  ].join('\n')
}
