// The Debian packages that a build and a test run need: which are missing, and how to get them.

import {accessSync, constants, existsSync, readFileSync} from 'node:fs'
import {arch} from './paths.mjs'
import {run} from './process.mjs'

const packages = JSON.parse(readFileSync(new URL('packages.json', import.meta.url), 'utf8'))
const triplet = arch === 'x86_64' ? 'x86_64-linux-gnu' : 'aarch64-linux-gnu'

/** Is there a program of this name in PATH? */
export function hasCommand(name) {
  return (process.env.PATH ?? '').split(':').some((folder) => {
    try {
      accessSync(`${folder}/${name}`, constants.X_OK)
      return true
    } catch {
      return false
    }
  })
}

/** The packages whose command or file is missing; only those in `wanted`, if given. A row's `on`: such hosts only; `only`: only if wanted. */
export function missingPackages(wanted) {
  return packages
    .filter((row) => row.on === undefined || row.on === arch)
    .filter((row) => (wanted === undefined ? !row.only : wanted.includes(row.package)))
    .filter(
      (row) => !(row.command ? hasCommand(row.command) : existsSync(row.file.replace('{triplet}', triplet))),
    )
    .map((row) => row.package)
}

export function aptLine(names) {
  return `apt-get install -y --no-install-recommends ${names.join(' ')}`
}

/** Installs what is missing when run as root, and only looks otherwise; returns what is still missing. */
export async function installMissing(say, wanted) {
  const missing = missingPackages(wanted)
  if (missing.length === 0) return []
  if (process.getuid() !== 0 || !hasCommand('apt-get')) return missing

  say(`installing ${missing.join(' ')}`)
  const env = {...process.env, DEBIAN_FRONTEND: 'noninteractive'}
  await run('apt-get', ['update', '-q'], {env})
  const {status, output} = await run('sh', ['-c', aptLine(missing)], {env, timeoutMs: 900_000})
  if (status !== 0) say(output.split('\n').slice(-15).join('\n'))
  return missingPackages(wanted)
}
