// hv's entry, behind hv.sh. `hv run` and `hv trace` go straight to the sentry, because oclif's start takes longer than a small guest's whole run.

import {readRunArgv} from '../cli/read-run-argv.ts'
import {reportError} from '../cli/report-error.ts'
import {toRunOptions} from '../cli/run-request.ts'
import {cacheCode} from '../code-cache.ts'
import {badArgument, printable} from '../errors.ts'
import type {RunOptions} from '../launch/options.ts'

/** The first word, when each other one is behind a space. */
const BEHIND_SPACES = 'hv-words'
/** Wherever they are, Node reads the files that these name, and does what they say, before it starts hv: hv.sh. */
const FOR_NODE = /^--(env-file|.*config-file)/

/** @throws HvError BAD_ARGUMENT */
async function start(): Promise<number> {
  const words = ownWords(process.argv.slice(2))
  process.argv = [...process.argv.slice(0, 2), ...words]
  return main(words)
}

async function main([command, ...argv]: string[]): Promise<number> {
  const options = await optionsOf(command, argv)
  if (options) {
    const code = cacheCode(process.env)
    const {run} = await import('../cli/run.ts')
    return run({...options, code})
  }
  const {runOclif} = await import('../cli/oclif.ts')
  return runOclif(command === undefined ? [] : [command, ...argv])
}

/** undefined for what oclif handles: other commands, and help. @throws HvError BAD_ARGUMENT, NOT_FOUND */
async function optionsOf(command: string, argv: string[]): Promise<RunOptions | undefined> {
  if (command === 'run') {
    const runArgv = readRunArgv(argv)
    return runArgv ? toRunOptions(runArgv, process.env) : undefined
  }
  if (command !== 'trace') return undefined
  const {readTraceArgv, toTraceOptions} = await import('../cli/trace-request.ts')
  const traceArgv = readTraceArgv(argv)
  return traceArgv ? toTraceOptions(traceArgv, process.env) : undefined
}

/** The words as hv.sh passes them, or as somebody gave them to Node directly. @throws HvError BAD_ARGUMENT: Node has read a file that the guest's words name */
function ownWords(given: readonly string[]): string[] {
  if (given[0] === BEHIND_SPACES) return given.slice(1).map((word) => word.slice(1))
  const taken = given.find((word) => FOR_NODE.test(word))
  if (taken === undefined || process.versions.bun !== undefined) return [...given]
  throw badArgument(
    `${printable(taken)} is among the words, and Node takes it for itself`,
    'start the command hv itself (dist/bin/hv.cjs), without `node`',
  )
}

// Errors thrown outside of all calls, such as by a stream, are reported like the rest.
process.on('uncaughtException', (error) => process.exit(reportError(error)))

// No top-level await: ci/bundle.mjs turns this file, and everything that a run loads, into CommonJS.
start()
  .catch(reportError)
  .then((status) => {
    process.exitCode = status
  })
