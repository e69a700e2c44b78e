// The table of options: all rows, and the flags of each command.

import {commandRows, otherFlags} from './command.ts'
import {machineRows} from './kernel.ts'
import {programRows} from './program.ts'
import type {Command, FlagRow, Parsing, Row} from './row.ts'
import {settingRows} from './settings.ts'

/** `-v, --volume HOST:GUEST`, `--trace[=FILE]`. */
const FLAG = /^(?:-(\w), )?--([\w-]+)(?: (.+)|(\[=.+\]))?$/

export interface Flag extends FlagRow, Required<Parsing<unknown>> {
  name: string
  /** One letter: `-o`. */
  short?: string
  /** `switch`: takes no value. `value`: needs one. `optional`: takes one only as `--name=VALUE`. */
  kind: 'switch' | 'value' | 'optional'
  /** The name of its value in the help. */
  placeholder?: string
  /** What it sets; some set none. */
  option?: string
}

/** By the name of the option. */
export const rows: Readonly<Record<string, Row<unknown>>> = {
  ...settingRows,
  ...programRows,
  ...machineRows,
  ...commandRows,
}

/** Without `parse`: the text itself, and true for a switch. */
export function toFlag({parse, ...row}: FlagRow & Parsing<unknown> & Pick<Flag, 'option'>): Flag {
  const [, short, name, placeholder, optional] = FLAG.exec(row.flag)!
  const takesValue = placeholder !== undefined || row.choices !== undefined
  const kind = optional !== undefined ? 'optional' : takesValue ? 'value' : 'switch'
  const given = kind === 'switch' ? () => true : (text: string) => text
  return {...row, name, short, kind, placeholder: placeholder ?? optional, parse: parse ?? given}
}

const FLAGS: readonly Flag[] = [
  ...Object.entries(rows).flatMap(([option, {otherFlag, ...row}]) => [
    ...('flag' in row ? [toFlag({...(row as FlagRow), option})] : []),
    ...(otherFlag === undefined ? [] : [toFlag({...otherFlag, option})]),
  ]),
  ...otherFlags.map(toFlag),
]

export function flagsOf(command: Command): Flag[] {
  return FLAGS.filter(({commands}) => commands === undefined || commands.includes(command))
}

export function flagNamed(name: string): Flag | undefined {
  return FLAGS.find((flag) => flag.name === name)
}

/** The command's name for an option of the library. */
export function flagNameOf(option: string): string | undefined {
  const flag = FLAGS.find((each) => each.option === option)
  return flag && `--${flag.name}`
}
