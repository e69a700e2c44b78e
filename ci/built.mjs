// What is built, and from which sources: a test never runs an old bundle, an old addon or old packages.
//
//   node ci/built.mjs addon|dist...    builds them if they are older than their sources
//
// A build leaves a digest of its sources beside what it built. Times would not do: a checkout makes old sources new.

import {createHash} from 'node:crypto'
import {existsSync, readdirSync, readFileSync, writeFileSync} from 'node:fs'
import {pathToFileURL} from 'node:url'
import {useOwnHeaders} from './headers.mjs'
import {root} from './paths.mjs'
import {run} from './process.mjs'

const LONGEST_BUILD_MS = 1_800_000
const NOT_SOURCES = /^(build|prebuilds)(\/|$)|\.md$/

/** In the order of the builds. `from`: files, and folders with all files below. */
const products = {
  addon: {
    stamp: 'native/build/Release/.built-from',
    made: 'native/build/Release/hv.node',
    from: ['native', 'package-lock.json'],
    command: 'build:native',
  },
  dist: {
    stamp: 'dist/.built-from',
    made: 'dist/index.cjs',
    from: ['src', 'ci/bundle.mjs', 'package.json', 'package-lock.json'],
    command: 'build:ts',
  },
}

/** @typedef {keyof typeof products} Product */

/** @param {Product} product */
export function sourcesOf(product, folder = root) {
  const hash = createHash('sha256')
  for (const path of products[product].from.flatMap((name) => filesBelow(folder, name)))
    hash.update(`${path}\0`).update(readFileSync(`${folder}/${path}`))
  return hash.digest('hex')
}

/** @param {Product} product @param {string} sources `sourcesOf` from before the build: they may have changed since */
export function noteBuilt(product, sources, folder = root) {
  writeFileSync(`${folder}/${products[product].stamp}`, sources)
}

/** @param {Product} product */
export function isUpToDate(product, folder = root) {
  const {stamp, made} = products[product]
  if (!existsSync(`${folder}/${made}`) || !existsSync(`${folder}/${stamp}`)) return false
  return readFileSync(`${folder}/${stamp}`, 'utf8') === sourcesOf(product, folder)
}

/** Is in node_modules what the lockfile names? npm keeps a list of what it installed. */
export function hasPackages(folder = root) {
  const list = `${folder}/node_modules/.package-lock.json`
  if (!existsSync(list)) return false
  const packagesOf = (path) => JSON.parse(readFileSync(path, 'utf8')).packages
  const installed = packagesOf(list)
  return Object.entries(packagesOf(`${folder}/package-lock.json`)).every(([path, {version, optional}]) => {
    // The package itself; and those for other machines.
    if (path === '' || (optional && !installed[path])) return true
    return installed[path]?.version === version
  })
}

/**
 * Builds what is older than its sources. Throws when that fails.
 * @param {Product[]} wanted
 * @param {(line: string) => void} say
 */
export async function buildWhatIsOld(wanted, say) {
  if (!hasPackages())
    throw new Error('node_modules is not what package-lock.json says: npm ci --ignore-scripts')
  useOwnHeaders()
  for (const product of wanted.filter((name) => !isUpToDate(name))) {
    const {command, made} = products[product]
    say(`${made} is not built from these sources: npm run ${command}`)
    const {status, output} = await run('npm', ['run', command], {cwd: root, timeoutMs: LONGEST_BUILD_MS})
    if (status !== 0) throw new Error(`npm run ${command} failed with status ${status}:\n${output}`)
  }
}

function filesBelow(folder, name) {
  if (!existsSync(`${folder}/${name}/.`)) return [name]
  return readdirSync(`${folder}/${name}`, {recursive: true, withFileTypes: true})
    .filter((entry) => entry.isFile())
    .map((entry) => `${entry.parentPath}/${entry.name}`.slice(`${folder}/${name}/`.length))
    .filter((path) => !NOT_SOURCES.test(path))
    .sort()
    .map((path) => `${name}/${path}`)
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href)
  await buildWhatIsOld(process.argv.slice(2), (line) => console.log(line))
