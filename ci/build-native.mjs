// Builds the addon with node-gyp, which compiles only what changed, and notes from which sources.

import {spawnSync} from 'node:child_process'
import {noteBuilt, sourcesOf} from './built.mjs'
import {root} from './paths.mjs'

const sources = sourcesOf('addon')
// A build folder of another version of node-gyp may be of no use.
if (!nodeGyp('configure', 'build') && !nodeGyp('rebuild')) process.exit(1)
noteBuilt('addon', sources)

function nodeGyp(...commands) {
  return (
    spawnSync('node-gyp', ['-C', 'native', '--jobs', 'max', ...commands], {cwd: root, stdio: 'inherit'})
      .status === 0
  )
}
