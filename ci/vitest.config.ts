// The test projects: one for each kind of test, so that a stage of ci/test.mjs runs exactly one.

import {readdirSync, readFileSync} from 'node:fs'
import {defineConfig} from 'vitest/config'
import {BaseSequencer, type TestSpecification} from 'vitest/node'
import {testMs} from './budgets.mjs'

/** A bed's are threads: of two files at a time each would count what the other holds. */
const unitWorkers = Number(process.env.HV_UNIT_WORKERS ?? 2)

/** Tests that put a module in another's place, count what their process holds, or make its first vCPU. */
const SELFISH =
  /vi\.mock\(|features: \{amx|memoryUsage|collect\.ts|growth\.ts|livingBelow|\/proc\/self\/(fd|task)\b/
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
  // They wait for a third of their time; some compute on both processors, but not for long.
  {name: 'guests', maxWorkers: 3},
  {name: 'programs', maxWorkers: 2},
  {name: 'cli', maxWorkers: 2},
  ...sharing({name: 'sandbox', maxWorkers: 2}),
  {name: 'package', maxWorkers: 2},
  // A bed keeps little more than one processor busy.
  {name: 'bed', maxWorkers: 2},
  {name: 'beds', maxWorkers: 2},
]

/** Files that take longest, longest first. */
const LONGEST = [
  ...['bed/a76', 'bed/svm', 'bed/a72'],
  ...['guests/linux-', 'guests/nothing-left', 'guests/busybox-', 'guests/fsx'],
  ...['programs/programs', 'package/runtimes', 'cli/own-files', 'cli/trace-strace'],
  ...['sandbox/hooks', 'sandbox/holding-up', 'sandbox/terminated', 'fuzz/stopped-anywhere'],
].map((name) => `/test/${name}`)

/** Begins with what takes longest, or one worker ends with it alone. In a clone that knows no times yet, vitest begins with the largest files. */
class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files)
    const rankOf = ({moduleId}: TestSpecification): number => {
      const rank = LONGEST.findIndex((name) => moduleId.includes(name))
      return rank < 0 ? LONGEST.length : rank
    }
    const groupOf = ({project}: TestSpecification): number => project.config.sequence.groupOrder
    return sorted.sort((a, b) => groupOf(a) - groupOf(b) || rankOf(a) - rankOf(b))
  }
}

const folderOf = ({name}: {name: string}): string => name.split('-')[0]!

export default defineConfig({
  logLevel: 'error',
  test: {
    root,
    disableConsoleIntercept: true,
    sequence: {sequencer: LongestFirst},
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
