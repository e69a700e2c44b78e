// hv inspect: what a program file is, and what it takes to run it here.

import {Args, Command, Flags} from '@oclif/core'
import {existing, findOnHost} from '../cli/run-request.ts'

export default class Inspect extends Command {
  static override summary = 'Say what a program file is, and what it takes to run it here.'

  static override description = [
    'Shows the architecture, whether it is a Linux program or a bare-metal guest and by which mark, how it is linked, its interpreter and the libraries that it needs, with those that those need, segments, notes and sections. The last line is the command that runs it here, or says why it does not run.',
    "PROGRAM is a file of this host, or a name in PATH; with --root it is a path in that tree. Interpreter and libraries are looked for in --root, or else in this host's own tree. Nothing of the program is run.",
    'The exit status is 0 for every file that can be read as ELF, whether it runs here or not; 126: it is no such file, or defective; 127: there is none.',
  ].join('\n\n')

  static override examples = [
    '<%= config.bin %> inspect ./hello',
    '<%= config.bin %> inspect git',
    '<%= config.bin %> inspect --root ./rootfs /usr/bin/python3',
    '<%= config.bin %> inspect --json ./hello',
  ]

  static override args = {
    PROGRAM: Args.string({description: 'the ELF file to look into', required: true, ignoreStdin: true}),
  }

  static override flags = {
    root: Flags.string({summary: "directory that would be the guest's /", helpValue: 'DIR'}),
    json: Flags.boolean({summary: 'print an object, in the documented, stable format'}),
  }

  override async run(): Promise<void> {
    const {args, flags} = await this.parse(Inspect)
    const root = flags.root === undefined ? undefined : existing(flags.root, '--root', true)
    const path = root === undefined ? findOnHost(args.PROGRAM, process.env.PATH ?? '') : args.PROGRAM
    // Not at the top: it loads the addon, which is not there yet when oclif.manifest.json is made.
    const {inspectProgram} = await import('../inspect/inspect.ts')
    const inspection = inspectProgram({path, root})
    if (flags.json) {
      process.stdout.write(`${JSON.stringify(inspection, null, 2)}\n`)
      return
    }
    const {formatInspection} = await import('../inspect/format.ts')
    process.stdout.write(formatInspection(inspection))
  }
}
