// The list of real programs, put together.

import {builds} from './list/builds.ts'
import {languages} from './list/languages.ts'
import {python} from './list/python.ts'
import {shells} from './list/shells.ts'
import {tools} from './list/tools.ts'
import type {Program} from './program.ts'

export const programs: readonly Program[] = [...shells, ...tools, ...builds, ...python, ...languages]

/** The core without the builds: a bed has no compiler. */
export const programsOfBeds: readonly Program[] = programs.filter(
  (program) => program.core && !builds.includes(program),
)
