// What commands that take a program show to oclif, for help, manifest and completion: its arguments, and flags from the table.

import {Args, Command, Flags, type Interfaces} from '@oclif/core'
import type {Flag} from '../launch/options/table.ts'

export abstract class ProgramCommand extends Command {
  static override strict = false

  static override args = {
    PROGRAM: Args.string({description: 'the ELF file to run', required: true, ignoreStdin: true}),
  }

  override async run(): Promise<void> {
    // src/bin/hv.ts reads and runs it. oclif is needed only for its help, which it has given by now.
  }
}

export function toOclifFlags(table: readonly Flag[]): Interfaces.FlagInput {
  return Object.fromEntries(table.map((flag) => [flag.name, toOclif(flag)]))
}

function toOclif(flag: Flag): Interfaces.FlagInput[string] {
  const {name, kind, summary, placeholder, choices, default: preset, repeat} = flag
  const char = flag.short as Interfaces.AlphabetUppercase | Interfaces.AlphabetLowercase | undefined
  if (kind === 'switch') return Flags.boolean({summary, char})
  // oclif knows no optional values: in the help this is a switch with a longer label.
  if (kind === 'optional') return Flags.boolean({summary, helpLabel: `--${name}${placeholder}`})
  const shown = {summary, char, helpValue: placeholder, ...(choices && {options: [...choices]})}
  if (repeat) return Flags.string({...shown, multiple: true, multipleNonGreedy: true})
  return Flags.string({...shown, default: preset})
}
