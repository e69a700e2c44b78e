// Runs guests one after another from one process, so that node does not start for each.
//
//   node run-guests.mjs natively|kvm|ptrace auto|always process|thread PROGRAM...
//
// Prints a line of JSON for each: {program, status, stdout, stderr}. With a platform's name, they run in sandboxes of this process, with call
// sites patched as for `--patch-calls`, of which the first is a process in any case; `natively` is the oracle.

import {spawnSync} from 'node:child_process'
import {constants} from 'node:os'
import {Sandbox} from '../../dist/index.js'
import {stepMs} from '../budgets.mjs'

/** Scanning the mappings takes ten seconds in one bed, and a minute where three beds share two processors. */
const TIMEOUT_MS = stepMs('bedCommand')
/** Not all later guests may see what one leaves in /tmp. */
const RUNS_PER_SANDBOX = 16

const [how, patchCalls, isolation, ...programs] = process.argv.slice(2)
const say = (program, outcome) => console.log(JSON.stringify({program, ...outcome}))

if (how === 'natively') for (const program of programs) say(program, natively(program))
else await inSandboxes(how)

async function inSandboxes(platform) {
  let sandbox
  for (const [index, program] of programs.entries()) {
    if (index % RUNS_PER_SANDBOX === 0) {
      await sandbox?.dispose()
      sandbox = await Sandbox.create({platform, patchCalls, isolation: index === 0 ? 'process' : isolation})
    }
    say(program, await underHv(sandbox, program))
  }
  await sandbox?.dispose()
}

async function underHv(sandbox, program) {
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

function natively(program) {
  const {status, signal, stdout, stderr, error} = spawnSync(program, [], {
    stdio: ['ignore', 'pipe', 'pipe'],
    encoding: 'utf8',
    timeout: TIMEOUT_MS,
    killSignal: 'SIGKILL',
  })
  if (error) return {status: 125, stdout, stderr: String(error)}
  return {status: status ?? 128 + numberOf(signal), stdout, stderr}
}

/** Node names no real-time signals. */
function numberOf(signal) {
  return constants.signals[signal] ?? 32 + Number(/\d+$/.exec(signal)?.[0])
}
