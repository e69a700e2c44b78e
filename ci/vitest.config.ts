// The test projects: one for each kind of test, so that a stage of ci/test.mjs runs exactly one.

import {readdirSync, readFileSync} from 'node:fs'
import {defineConfig} from 'vitest/config'
import {testMs} from './budgets.mjs'

// Tests that share /dev/kvm, whole child processes or the two cores of a CI machine run one file at a time.
const alone = {fileParallelism: false}

/** A bed's are threads: of two files at a time each would count what the other holds. */
const unitWorkers = Number(process.env.HV_UNIT_WORKERS ?? 2)

/** Unit tests that put a module in another's place, or count what their process holds. A bed, which has one worker, asks for none of the first. */
const SELFISH = /vi\.mock\(|memoryUsage|collect\.ts|growth\.ts|\/proc\/self\/(fd|task)\b/
const root = new URL('..', import.meta.url).pathname
const selfish = readdirSync(`${root}/test/unit`, {recursive: true, encoding: 'utf8'})
  .filter((path) => path.endsWith('.test.ts'))
  .map((path) => `test/unit/${path}`)
  .filter((path) => SELFISH.test(readFileSync(`${root}/${path}`, 'utf8')))

/** The parser of workflows imports JSON as a bundler lets it, and Node does not. */
const server = {deps: {inline: [/@actions\//]}}

/** One process for many files, which loads a module once: loading takes longer than the tests. */
const unit = {name: 'unit', maxWorkers: unitWorkers, isolate: false, server}
const alongside = [
  {...unit, exclude: selfish},
  {...unit, name: 'unit-alone', isolate: true, include: selfish},
]

const projects = [
  // A bed's `--exclude` counts for a project that has none of its own.
  ...(unitWorkers > 1 ? alongside : [unit]),
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

const folderOf = ({name}: {name: string}): string => name.split('-')[0]!

export default defineConfig({
  logLevel: 'error',
  test: {
    root,
    disableConsoleIntercept: true,
    projects: projects.map((project, groupOrder) => ({
      extends: true,
      test: {
        include: [`test/${folderOf(project)}/**/*.test.ts`],
        testTimeout: testMs(folderOf(project)),
        hookTimeout: testMs(folderOf(project)),
        passWithNoTests: true,
        globalSetup: `${root}/ci/up-to-date.mjs`,
        // Projects with different numbers of workers may not share a group.
        sequence: {groupOrder},
        ...project,
      },
    })),
  },
})
