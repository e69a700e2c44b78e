// Brings node_modules in step with the lockfile when it is not.

import {createHash} from 'node:crypto'
import {existsSync, readFileSync, writeFileSync} from 'node:fs'
import {root} from './paths.mjs'
import {run} from './process.mjs'

const stamp = `${root}/node_modules/.hv-lockfile`

/** Throws when npm fails. An install by hand without the stamp is trusted. */
export async function installDependencies(say) {
  const wanted = createHash('sha256')
    .update(readFileSync(`${root}/package-lock.json`))
    .digest('hex')
  if (existsSync(`${root}/node_modules/.package-lock.json`)) {
    if (!existsSync(stamp) || readFileSync(stamp, 'utf8') === wanted) return
  }

  say('installing npm packages')
  // The package's own install script would build the addon; the build stage does that where it can be seen.
  const {status, output} = await run('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], {
    cwd: root,
  })
  if (status !== 0) throw new Error(`npm ci failed with status ${status}:\n${output}`)
  writeFileSync(stamp, wanted)
}
