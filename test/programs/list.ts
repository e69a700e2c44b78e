// The list of real programs, put together.

import {builds} from './list/builds.ts'
import {languages} from './list/languages.ts'
import {python} from './list/python.ts'
import {servers} from './list/servers.ts'
import {shells} from './list/shells.ts'
import {tools} from './list/tools.ts'
import type {Program} from './program.ts'

export const programs: readonly Program[] = [
  ...shells,
  ...tools,
  ...builds,
  ...python,
  ...languages,
  ...servers,
]

/** What serves, and asks servers. */
export const serving: readonly Program[] = [...python, ...servers]

/** The core without what a bed has no programs for: a compiler, and what asks servers. */
export const programsOfBeds: readonly Program[] = programs.filter(
  (program) => program.core && !builds.includes(program) && !servers.includes(program),
)
