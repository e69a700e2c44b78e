// hv's entry, behind hv.sh. `hv run` and `hv trace` go straight to the sentry, because oclif's start takes longer than a small guest's whole run.

import {ownWords} from '../cli/own-words.ts'
import {readRunArgv} from '../cli/read-run-argv.ts'
import {reportError} from '../cli/report-error.ts'
import {toRunOptions} from '../cli/run-request.ts'
import {cacheCode} from '../code-cache.ts'
import type {RunOptions} from '../launch/options.ts'

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

// Errors thrown outside of all calls, such as by a stream, are reported like the rest.
process.on('uncaughtException', (error) => process.exit(reportError(error)))

// No top-level await: ci/bundle.mjs turns this file, and everything that a run loads, into CommonJS.
start()
  .catch(reportError)
  .then((status) => {
    process.exitCode = status
  })
