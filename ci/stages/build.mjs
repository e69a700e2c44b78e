// Builds what must be there before anything runs: the addon, dist/, the guests, the prebuilt binaries.

import {withCcache} from '../ccache.mjs'
import {useOwnHeaders} from '../headers.mjs'
import {aptLine, hasCommand} from '../packages.mjs'
import {arch, cache} from '../paths.mjs'
import {command} from './command.mjs'

const CROSS_COMPILER = 'aarch64-linux-gnu-gcc'

useOwnHeaders()

const env = withCcache(process.env)

export async function buildNative({timeoutMs}) {
  return [await command('node-gyp build', 'npm', ['run', 'build:native'], {env, timeoutMs})]
}

export async function buildTypeScript(budget) {
  return [await command('build:ts', 'npm', ['run', 'build:ts'], budget)]
}

/** For this machine, and on x86_64 also for arm64, whose beds run them. */
export async function buildGuests(budget) {
  const checks = await guestsFor(arch, budget)
  if (arch !== 'x86_64') return checks
  if (hasCommand(CROSS_COMPILER)) return [...checks, ...(await guestsFor('arm64', budget))]
  const detail = `no ${CROSS_COMPILER}: ${aptLine(['g++-aarch64-linux-gnu'])}`
  return [...checks, {name: 'guests/build.sh arm64', status: 'skipped', detail}]
}

/** build.sh names each guest that it could not build without some package; each such line is a skip of its own. */
async function guestsFor(arch, budget) {
  const name = `guests/build.sh ${arch}`
  const built = await command(name, 'sh', ['guests/build.sh', `${cache}/guests/${arch}`, arch], {
    env,
    ...budget,
  })
  const skips = (built.output ?? '').split('\n').filter((line) => line.includes('skipped'))
  return [
    built,
    ...skips.map((line) => ({name: `${name}: ${line.split(': ')[1]}`, status: 'skipped', detail: line})),
  ]
}

export async function prebuild({timeoutMs}) {
  const built = await command('prebuildify', 'npm', ['run', 'prebuildify'], {env, timeoutMs})
  if (built.status !== 'passed') return [built]
  return [
    built,
    await command('glibc floor', 'node', ['ci/glibc-floor.mjs']),
    await command('hardening', 'node', ['ci/hardening.mjs']),
  ]
}
