// Publishes the package to npm, when the tag, the version, the changelog and the prebuilt binaries agree.
//
//   node ci/release.mjs vX.Y.Z [--dry-run]

import {spawnSync} from 'node:child_process'
import {existsSync, readFileSync} from 'node:fs'
import {root} from './paths.mjs'

const BINARIES = ['linux-x64', 'linux-arm64'].flatMap((target) =>
  ['glibc', 'musl'].map((libc) => `native/prebuilds/${target}/hv.${libc}.node`),
)

const [tag, ...options] = process.argv.slice(2)
const {version, repository} = JSON.parse(readFileSync(`${root}/package.json`, 'utf8'))

if (tag !== `v${version}`) fail(`the tag is ${tag} and package.json says ${version}: they must be the same`)
if (!readFileSync(`${root}/CHANGELOG.md`, 'utf8').includes(`\n## [${version}] - `))
  fail(`CHANGELOG.md has no section [${version}] with a date`)
// man npm-publish: provenance names the repository, and npm refuses one that package.json does not name.
if (!repository) fail('package.json names no repository: npm signs no provenance without it')
const missing = BINARIES.filter((path) => !existsSync(`${root}/${path}`))
if (missing.length > 0) fail(`no ${missing.join(', ')}: see ci/README.md, "A release"`)

run('node', ['ci/glibc-floor.mjs'])
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
