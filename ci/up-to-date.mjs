// Before a project's tests: builds what they run, if it is older than its sources (built.mjs).

import {stageMs} from './budgets.mjs'
import {buildWhatIsOld} from './built.mjs'
import {hasCommand} from './packages.mjs'
import {root} from './paths.mjs'
import {run} from './process.mjs'

/** These run from src/; all others start what a user starts. */
const FROM_SOURCES = /^(unit|fuzz)/

/** @param {{name: string}} project of vitest.config.ts */
export async function setup({name}) {
  // An emulated machine has what was built before it was booted, and no compiler.
  if (process.env.HV_UNIT_WORKERS !== undefined) return
  await buildWhatIsOld(FROM_SOURCES.test(name) ? ['addon'] : ['addon', 'dist'], console.log)
  if (name === 'guests') await buildGuests()
}

/** make's way, by times: a second if all is fresh. Without a compiler the tests skip the guests that are not there. */
async function buildGuests() {
  if (!hasCommand('gcc')) return
  console.log('guests that changed: sh guests/build.sh')
  const {status, output} = await run('sh', ['guests/build.sh'], {cwd: root, timeoutMs: stageMs('guests')})
  if (status !== 0) throw new Error(`guests/build.sh failed with status ${status}:\n${output}`)
}
