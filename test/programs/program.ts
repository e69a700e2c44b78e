// Program: one of Debian's real programs, its input, and the part of its result that must equal the native one.

import {readFileSync} from 'node:fs'

export interface Program {
  /** What the entry shows, as a sentence without its subject. */
  name: string
  /** The program's path, and its arguments; it runs in a directory of its own. */
  command: readonly string[]
  /** Flags of `hv run`, besides those of all programs. */
  flags?: readonly string[]
  stdin?: string
  /** Made in that directory first. A file whose first line is a #! is executable. */
  files?: Readonly<Record<string, string>>
  env?: Readonly<Record<string, string>>
  /** Other files of the host that it needs; where one is missing, the program is skipped by name. */
  needs?: readonly string[]
  /** Whether CI runs it; `npm run test:programs` runs the rest. */
  core?: boolean
  timeoutS?: number
  /** The part of its standard output that is compared, where the whole differs from run to run. */
  extract?: (output: string) => string
}

/** A program that is a script for bash, with its other fields. */
export function bash(name: string, text: string, more: Partial<Program> = {}): Program {
  return {name, command: ['/bin/bash', 'script'], ...more, files: {script: text, ...more.files}}
}

/** The text of a file of scripts/. */
export function script(name: string): string {
  return readFileSync(new URL(`scripts/${name}`, import.meta.url), 'utf8')
}
