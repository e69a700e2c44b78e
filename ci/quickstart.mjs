// The README's first command: installs, builds, and runs a guest program under the sentry.

import {existsSync} from 'node:fs'
import {installDependencies} from './dependencies.mjs'
import {useOwnHeaders} from './headers.mjs'
import {aptLine, installMissing} from './packages.mjs'
import {guests, hv, root} from './paths.mjs'
import {run} from './process.mjs'

const TOOLCHAIN = ['g++', 'gcc', 'libc6-dev', 'make', 'python3']

const guest = `${guests}/hello`
const show = {cwd: root, show: true}

const lacking = await installMissing(console.log, TOOLCHAIN)
if (lacking.length > 0) fail(`needs ${lacking.join(', ')}: as root, ${aptLine(lacking)}`)
await installDependencies(console.log)
useOwnHeaders()
await step('the addon and dist/', 'npm', ['run', 'build'])
await step('a guest program', 'sh', ['guests/build.sh', guests, '', 'hello'])
if (!existsSync(guest)) fail(`guests/build.sh built no ${guest}`)
console.log(`running a guest program under the sentry: hv run ${guest.replace(`${root}/`, '')}`)
process.exitCode = (await run(process.execPath, [hv, 'run', guest], show)).status

async function step(what, program, args) {
  const started = performance.now()
  console.log(`building ${what}: ${[program, ...args].join(' ').replace(`${root}/`, '')}`)
  const {status, output} = await run(program, args, {cwd: root})
  if (status !== 0) fail(`building ${what} failed with status ${status}:\n${output}`)
  console.log(`  done in ${Math.round((performance.now() - started) / 1000)} s`)
}

function fail(message) {
  console.error(`quickstart: ${message}`)
  process.exit(1)
}
