// What has to be built before anything runs: the addon, dist/, the manifest, the guests, the prebuilt binaries.

import {existsSync} from 'node:fs'
import {guests, root} from '../paths.mjs'
import {command} from './command.mjs'

// A CI machine is nobody else's: make may use all of it. node-gyp reads JOBS.
const env = process.env.CI === 'true' ? {...process.env, JOBS: 'max'} : process.env

export async function buildNative() {
  return [await command('node-gyp build', 'npm', ['run', 'build:native'], {env})]
}

export async function buildTypeScript() {
  return [await command('tsc', 'npm', ['run', 'build:ts'])]
}

export async function buildManifest() {
  if (!existsSync(`${root}/dist/commands`)) {
    return [{name: 'manifest', status: 'skipped', detail: 'there is no src/commands'}]
  }
  return [await command('oclif manifest', 'npm', ['run', 'build:manifest'])]
}

/** build.sh names what an absent package kept it from building; each such line is a skip of its own. */
export async function buildGuests() {
  const built = await command('guests/build.sh', 'sh', ['guests/build.sh', guests])
  const skips = (built.output ?? '').split('\n').filter((line) => line.includes('skipped'))
  return [
    built,
    ...skips.map((line) => ({name: line.split(': ')[1] ?? line, status: 'skipped', detail: line})),
  ]
}

export async function prebuild() {
  const built = await command('prebuildify', 'npm', ['run', 'prebuildify'], {env, timeoutMs: 900_000})
  if (built.status !== 'passed') return [built]
  return [built, await command('glibc floor', 'node', ['ci/glibc-floor.mjs'])]
}
