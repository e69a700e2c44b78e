// Turns the table of a command's flags into oclif's flags, for help, manifest and completion.

import {Flags, type Interfaces} from '@oclif/core'
import type {Flag} from '../launch/options/table.ts'

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
