// Brings node_modules in step with the lockfile when it is not.

import {hasPackages} from './built.mjs'
import {root} from './paths.mjs'
import {run} from './process.mjs'

/** Throws when npm fails. */
export async function installDependencies(say) {
  if (hasPackages()) return

  say('installing npm packages')
  // The package's own install script would build the addon; the build stage does that where it can be seen.
  const {status, output} = await run('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], {
    cwd: root,
  })
  if (status !== 0) throw new Error(`npm ci failed with status ${status}:\n${output}`)
}
