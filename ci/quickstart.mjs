// The README's first command: installs, builds, and runs a guest program under the sentry.

import {existsSync} from 'node:fs'
import {installDependencies} from './dependencies.mjs'
import {aptLine, installMissing} from './packages.mjs'
import {guests, hv, root} from './paths.mjs'
import {run} from './process.mjs'

const TOOLCHAIN = ['g++', 'gcc', 'libc6-dev', 'make', 'python3']

const guest = `${guests}/hello`
const show = {cwd: root, show: true}

const lacking = await installMissing(console.log, TOOLCHAIN)
if (lacking.length > 0) fail(`needs ${lacking.join(', ')}: as root, ${aptLine(lacking)}`)
await installDependencies(console.log)
await step('building', 'npm', ['run', 'build'])
await step('building the guests', 'sh', ['guests/build.sh', guests])
if (!existsSync(guest)) fail(`guests/build.sh built no ${guest}`)
console.log(`hv run ${guest.replace(`${root}/`, '')}`)
process.exitCode = (await run(process.execPath, [hv, 'run', guest], show)).status

async function step(what, program, args) {
  console.log(what)
  const {status, output} = await run(program, args, {cwd: root})
  if (status !== 0) fail(`${what} failed with status ${status}:\n${output}`)
}

function fail(message) {
  console.error(`quickstart: ${message}`)
  process.exit(1)
}
