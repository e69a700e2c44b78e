// hv inspect: what a program file is, and what running it here takes.

import {Args, Command, Flags} from '@oclif/core'
import {findOnHost} from '../cli/run-request.ts'
import {existing} from '../launch/options/parse-values.ts'

export default class Inspect extends Command {
  static override summary = 'Say what a program file is, and what it takes to run it here.'

  static override description = [
    'Shows the architecture, whether the file is a Linux program or a bare-metal guest and which mark says so, how it is linked, its interpreter, its libraries and the libraries that they need in turn, segments, notes and sections. The last lines are the command that runs it here, or say why it does not run.',
    "PROGRAM is a file of this host, or a name in PATH; with --root it is a path in that tree. The interpreter and libraries are looked up in --root, or else in this host's own tree. No code of the program is run.",
    'The exit status is 0 for every valid ELF file, whether it runs here or not. 126: not an ELF file, or a defective one. 127: no such file.',
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
    json: Flags.boolean({summary: 'print a JSON object, in a documented, stable format'}),
  }

  override async run(): Promise<void> {
    const {args, flags} = await this.parse(Inspect)
    const root = flags.root === undefined ? undefined : existing(flags.root, '--root', true)
    const path = root === undefined ? findOnHost(args.PROGRAM, process.env.PATH ?? '') : args.PROGRAM
    // Not at the top: it loads the addon, which does not exist yet when oclif.manifest.json is made.
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
