// hv pledge: finds the promises that a program needs for what it does.

import {Args, Command, type Interfaces} from '@oclif/core'
import {toOclifFlags} from '../cli/oclif-flags.ts'
import {PLEDGE_FLAGS} from '../cli/pledge-flags.ts'
import {readPledgeArgv, toPledgeOptions} from '../cli/pledge-request.ts'
import {promiseHelp} from '../cli/promise-help.ts'

export default class Pledge extends Command {
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

  static override strict = false

  static override args = {
    PROGRAM: Args.string({description: 'the ELF file to run', required: true, ignoreStdin: true}),
  }

  static override flags: Interfaces.FlagInput = toOclifFlags(PLEDGE_FLAGS)

  override async run(): Promise<void> {
    // null only after --help, which oclif has already answered.
    const pledgeArgv = readPledgeArgv(this.argv)
    if (!pledgeArgv) return
    this.parsed = true
    const {run} = await import('../cli/run.ts')
    process.exitCode = await run(toPledgeOptions(pledgeArgv, process.env))
  }
}
