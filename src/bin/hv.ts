#!/usr/bin/env node
// hv's entry. `hv run` goes straight to the sentry, because oclif's start takes longer than a small guest's whole run.

import {cacheCode} from '../cli/code-cache.ts'
import {readRunArgv} from '../cli/read-run-argv.ts'
import {reportError} from '../cli/report-error.ts'
import {toRunOptions} from '../cli/run-request.ts'

async function main([command, ...argv]: string[]): Promise<number> {
  const runArgv = command === 'run' ? readRunArgv(argv) : null
  if (runArgv) {
    const options = toRunOptions(runArgv, process.env)
    const keepCode = cacheCode(process.env)
    const {run} = await import('../cli/run.ts')
    const status = await run(options)
    keepCode()
    return status
  }
  const {runOclif} = await import('../cli/oclif.ts')
  return runOclif(command === undefined ? [] : [command, ...argv])
}

// What is thrown outside of every call, such as by a stream, is reported like the rest.
process.on('uncaughtException', (error) => process.exit(reportError(error)))

// No top-level await: ci/bundle.mjs makes CommonJS of this file and of everything that a run loads.
main(process.argv.slice(2))
  .catch(reportError)
  .then((status) => {
    process.exitCode = status
  })
