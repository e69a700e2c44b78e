// Program: one real program of Debian's, what it is given, and what of its result has to equal native's.

import {readFileSync} from 'node:fs'

export interface Program {
  /** What it shows, as a sentence without its subject. */
  name: string
  /** The program by its path, and its arguments; it runs in a directory of its own. */
  command: readonly string[]
  /** Of `hv run`, beyond what all have. */
  flags?: readonly string[]
  stdin?: string
  /** Made in that directory before. A file whose first line is a #! can be executed. */
  files?: Readonly<Record<string, string>>
  env?: Readonly<Record<string, string>>
  /** Other files of the host that it needs; where one is missing, the program is skipped by name. */
  needs?: readonly string[]
  /** CI runs it; the rest is run by `npm run test:programs`. */
  core?: boolean
  timeoutS?: number
  /** What is compared of its standard output, where all of it differs from run to run. */
  extract?: (output: string) => string
}

/** A script for bash, and whatever else its program has. */
export function bash(name: string, text: string, more: Partial<Program> = {}): Program {
  return {name, command: ['/bin/bash', 'script'], ...more, files: {script: text, ...more.files}}
}

/** The text of a file of scripts/. */
export function script(name: string): string {
  return readFileSync(new URL(`scripts/${name}`, import.meta.url), 'utf8')
}
