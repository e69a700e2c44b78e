// The test projects: one for each kind of test, so that a stage of ci/test.mjs runs exactly one.

import {defineConfig} from 'vitest/config'
import {testMs} from './budgets.mjs'

// Tests that share /dev/kvm, whole child processes or the two cores of a CI machine run one file at a time.
const alone = {fileParallelism: false}

/** A bed's are threads: of two files at a time each would count what the other holds. */
const unitWorkers = Number(process.env.HV_UNIT_WORKERS ?? 2)

const projects = [
  // The parser of workflows imports JSON as a bundler lets it, and Node does not.
  {name: 'unit', maxWorkers: unitWorkers, server: {deps: {inline: [/@actions\//]}}},
  {name: 'fuzz', maxWorkers: 2},
  // Some of them compute on both processors, but not for long.
  {name: 'guests', maxWorkers: 2},
  {name: 'programs', ...alone},
  {name: 'cli', maxWorkers: 2},
  {name: 'sandbox', maxWorkers: 2},
  {name: 'package', ...alone},
  // A bed keeps little more than one processor busy.
  {name: 'bed', maxWorkers: 2},
  {name: 'beds', maxWorkers: 2},
]

export default defineConfig({
  logLevel: 'error',
  test: {
    root: new URL('..', import.meta.url).pathname,
    disableConsoleIntercept: true,
    projects: projects.map((project, groupOrder) => ({
      extends: true,
      test: {
        include: [`test/${project.name}/**/*.test.ts`],
        testTimeout: testMs(project.name),
        hookTimeout: testMs(project.name),
        passWithNoTests: true,
        // Projects with different numbers of workers may not share a group.
        sequence: {groupOrder},
        ...project,
      },
    })),
  },
})
