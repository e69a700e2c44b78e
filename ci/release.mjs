// Publishes the package to npm, when the tag, the version, the changelog and the prebuilt binaries agree.
//
//   node ci/release.mjs vX.Y.Z [--dry-run]

import {spawnSync} from 'node:child_process'
import {readFileSync} from 'node:fs'
import {root} from './paths.mjs'
import {missingBinaries} from './prebuilt.mjs'

const [tag, ...options] = process.argv.slice(2)
const {version, repository} = JSON.parse(readFileSync(`${root}/package.json`, 'utf8'))

if (tag !== `v${version}`) fail(`the tag is ${tag} and package.json says ${version}: they must be the same`)
if (!readFileSync(`${root}/CHANGELOG.md`, 'utf8').includes(`\n## [${version}] - `))
  fail(`CHANGELOG.md has no section [${version}] with a date`)
// man npm-publish: provenance names the repository, and npm refuses one that package.json does not name.
if (!repository)
  fail(
    'package.json names no repository, and npm signs no provenance without it: see ci/README.md, "A release"',
  )
const missing = missingBinaries(['glibc', 'musl'])
if (missing.length > 0) fail(`no ${missing.join(', ')}: see ci/README.md, "A release"`)

run('node', ['ci/glibc-floor.mjs'])
run('node', ['ci/hardening.mjs'])
// npm's prepack builds dist/ and the manifest.
run('npm', ['publish', '--provenance', '--access', 'public', ...options])

function run(program, args) {
  const {status} = spawnSync(program, args, {cwd: root, stdio: 'inherit'})
  if (status !== 0) fail(`${program} ${args.join(' ')}: status ${status}`)
}

function fail(message) {
  console.error(`ci/release.mjs: ${message}`)
  process.exit(1)
}
