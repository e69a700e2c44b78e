// Checks for the binaries that the package ships. npm's prepack runs it, and makes no tarball without them.

import {existsSync} from 'node:fs'
import {pathToFileURL} from 'node:url'
import {root} from './paths.mjs'

/** @param {string[]} libcs @returns {string[]} the paths, from the root, of the missing binaries */
export function missingBinaries(libcs) {
  return ['linux-x64', 'linux-arm64']
    .flatMap((target) => libcs.map((libc) => `native/prebuilds/${target}/hv.${libc}.node`))
    .filter((path) => !existsSync(`${root}/${path}`))
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const missing = missingBinaries(['glibc'])
  if (missing.length > 0) {
    console.error(`hvkit: there is no ${missing.join(', ')}: run \`npm run prebuildify\``)
    process.exit(1)
  }
}
