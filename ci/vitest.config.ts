// The test projects: one for each kind of test, so that a stage of ci/test.mjs runs exactly one.

import {defineConfig} from 'vitest/config'

// Tests that share /dev/kvm, whole child processes or the two cores of a CI machine run one file at a time.
const alone = {fileParallelism: false}

const projects = [
  // The parser of workflows imports JSON as a bundler lets it, and Node does not.
  {name: 'unit', maxWorkers: 2, server: {deps: {inline: [/@actions\//]}}},
  {name: 'fuzz', maxWorkers: 2},
  {name: 'guests', ...alone, testTimeout: 120_000},
  {name: 'cli', ...alone, testTimeout: 120_000},
  {name: 'sandbox', ...alone},
  {name: 'package', ...alone, testTimeout: 300_000, hookTimeout: 300_000},
  // A bed keeps little more than one processor busy.
  {name: 'bed', maxWorkers: 2, testTimeout: 600_000, hookTimeout: 600_000},
  {name: 'beds', maxWorkers: 2, testTimeout: 600_000, hookTimeout: 600_000},
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
        testTimeout: 60_000,
        passWithNoTests: true,
        // Projects with different numbers of workers may not share a group.
        sequence: {groupOrder},
        ...project,
      },
    })),
  },
})
