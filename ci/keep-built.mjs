#!/usr/bin/env node
// node-gyp as ci/cross.mjs gives it to prebuildify: it keeps what is built, so `rebuild` compiles only what changed.

import {spawnSync} from 'node:child_process'
import {copyFileSync, renameSync} from 'node:fs'

const BUILT = 'build/Release/hv.node'

const [command, ...options] = process.argv.slice(2)
if (command !== 'rebuild')
  throw new Error(`prebuildify asks node-gyp for '${command}', and not for 'rebuild'`)
const {status} = spawnSync('node-gyp', ['configure', 'build', ...options], {stdio: 'inherit'})
if (status !== 0) process.exit(status ?? 1)

// make's copy is a hard link, and prebuildify strips it in place: that would also strip make's own, or one that a process has loaded.
copyFileSync(BUILT, `${BUILT}.copy`)
renameSync(`${BUILT}.copy`, BUILT)
