// The test projects: one for each kind of test, so that a stage of ci/test.mjs runs exactly one.

import {readdirSync, readFileSync} from 'node:fs'
import {defineConfig} from 'vitest/config'
import {testMs} from './budgets.mjs'

// Tests that share /dev/kvm, whole child processes or the two cores of a CI machine run one file at a time.
const alone = {fileParallelism: false}

/** A bed's are threads: of two files at a time each would count what the other holds. */
const unitWorkers = Number(process.env.HV_UNIT_WORKERS ?? 2)

/** Tests that put a module in another's place, or count what their process holds. */
const SELFISH = /vi\.mock\(|memoryUsage|collect\.ts|growth\.ts|livingBelow|\/proc\/self\/(fd|task)\b/
const root = new URL('..', import.meta.url).pathname

interface Project {
  name: string
  maxWorkers: number
}

/** One process for many files, which loads a module once, as loading takes longer than the tests; and a process for each selfish file. */
function sharing<P extends Project>(project: P): Project[] {
  const selfish = readdirSync(`${root}/test/${project.name}`, {recursive: true, encoding: 'utf8'})
    .filter((path) => path.endsWith('.test.ts'))
    .map((path) => `test/${project.name}/${path}`)
    .filter((path) => SELFISH.test(readFileSync(`${root}/${path}`, 'utf8')))
  const shared = {...project, isolate: false}
  // A bed, which has one worker, asks for no test that replaces a module. Its `--exclude` counts for a project that has none of its own.
  if (project.maxWorkers === 1) return [shared]
  return [
    {...shared, exclude: selfish},
    {...project, name: `${project.name}-alone`, include: selfish},
  ]
}

/** The parser of workflows imports JSON as a bundler lets it, and Node does not. */
const server = {deps: {inline: [/@actions\//]}}

const projects = [
  ...sharing({name: 'unit', maxWorkers: unitWorkers, server}),
  {name: 'fuzz', maxWorkers: 2},
  // Some of them compute on both processors, but not for long.
  {name: 'guests', maxWorkers: 2},
  {name: 'programs', ...alone},
  {name: 'cli', maxWorkers: 2},
  ...sharing({name: 'sandbox', maxWorkers: 2}),
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
