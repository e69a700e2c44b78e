// Runs guests one after another in sandboxes of one process, which spares each of them the start of node in an emulated
// machine: node run-guests.mjs PROGRAM... prints a line of JSON for each: {program, status, stdout, stderr}.

import {constants} from 'node:os'
import {Sandbox} from '../../dist/index.js'

const TIMEOUT_MS = 60_000
/** What one guest leaves in /tmp is not to meet all that follow. */
const RUNS_PER_SANDBOX = 16

let sandbox
for (const [index, program] of process.argv.slice(2).entries()) {
  if (index % RUNS_PER_SANDBOX === 0) {
    await sandbox?.dispose()
    sandbox = await Sandbox.create()
  }
  console.log(JSON.stringify({program, ...(await run(program))}))
}
await sandbox?.dispose()

async function run(program) {
  try {
    const {exitCode, signal, timedOut, stdout, stderr} = await sandbox.run(program, [], {
      timeoutMs: TIMEOUT_MS,
    })
    if (timedOut) return {status: 124, stdout, stderr}
    return {status: exitCode ?? 128 + numberOf(signal), stdout, stderr}
  } catch (error) {
    return {status: 125, stdout: '', stderr: String(error.stack)}
  }
}

/** Node names no real-time signals. */
function numberOf(signal) {
  return constants.signals[signal] ?? 32 + Number(/\d+$/.exec(signal)?.[0])
}
