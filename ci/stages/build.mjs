// What has to be built before anything runs: the addon, dist/, the guests, the prebuilt binaries.

import {aptLine, hasCommand} from '../packages.mjs'
import {arch, cache} from '../paths.mjs'
import {command} from './command.mjs'

const CROSS_COMPILER = 'aarch64-linux-gnu-gcc'

// A CI machine is nobody else's: make may use all of it. node-gyp reads JOBS.
const env = process.env.CI === 'true' ? {...process.env, JOBS: 'max'} : process.env

export async function buildNative() {
  return [await command('node-gyp build', 'npm', ['run', 'build:native'], {env})]
}

export async function buildTypeScript() {
  return [await command('build:ts', 'npm', ['run', 'build:ts'])]
}

/** For this machine, and from x86_64 for arm64, whose beds run them. */
export async function buildGuests() {
  const checks = await guestsFor(arch)
  if (arch !== 'x86_64') return checks
  if (hasCommand(CROSS_COMPILER)) return [...checks, ...(await guestsFor('arm64'))]
  const detail = `no ${CROSS_COMPILER}: ${aptLine(['g++-aarch64-linux-gnu'])}`
  return [...checks, {name: 'guests/build.sh arm64', status: 'skipped', detail}]
}

/** build.sh names what an absent package kept it from building; each such line is a skip of its own. */
async function guestsFor(arch) {
  const name = `guests/build.sh ${arch}`
  const built = await command(name, 'sh', ['guests/build.sh', `${cache}/guests/${arch}`, arch])
  const skips = (built.output ?? '').split('\n').filter((line) => line.includes('skipped'))
  return [
    built,
    ...skips.map((line) => ({name: `${name}: ${line.split(': ')[1]}`, status: 'skipped', detail: line})),
  ]
}

export async function prebuild() {
  const built = await command('prebuildify', 'npm', ['run', 'prebuildify'], {env, timeoutMs: 900_000})
  if (built.status !== 'passed') return [built]
  return [built, await command('glibc floor', 'node', ['ci/glibc-floor.mjs'])]
}
