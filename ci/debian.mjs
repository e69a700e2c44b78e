// Debian packages of any architecture, unpacked but not installed: libraries to link with, kernels, a system for a bed.
//
//   node ci/debian.mjs ARCH [--suite SUITE] PACKAGE...     prints the folder where they are unpacked
//
// apt gets a configuration of its own (man 5 apt.conf), so the host's apt keeps its one architecture and its package lists,
// and nothing here needs root. The proxies of the host's configuration still apply.

import {spawnSync} from 'node:child_process'
import {createHash} from 'node:crypto'
import {existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync} from 'node:fs'
import {cache} from './paths.mjs'

const DEBIAN_ARCH = {arm64: 'arm64', x86_64: 'amd64'}
const MIRROR = 'http://deb.debian.org/debian'
const SECURITY_MIRROR = 'http://deb.debian.org/debian-security'
const KEYRINGS = [
  '/usr/share/keyrings/debian-archive-keyring.gpg',
  '/usr/share/keyrings/debian-archive-keyring.pgp',
]

/**
 * The packages themselves, without their dependencies; from the cache when it has these versions. Never write to the tree.
 * @param {'arm64' | 'x86_64'} arch
 * @param {string[]} packages names, or `name=version`
 * @param {{suite?: string}} options a release (`trixie`, `bookworm`) or its backports (`trixie-backports`)
 * @returns {string} the path of a tree with all of them
 */
export function debianTree(arch, packages, {suite = 'trixie'} = {}) {
  const apt = privateApt(arch, suite)
  return apt.retried(() => {
    const files = apt
      .run('apt-get', ['download', '--print-uris', ...packages])
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => line.split(' ')[1])
      .sort()
    if (files.length === 0) throw new Error(`apt found no ${packages.join(' ')} of ${arch}`)
    const key = createHash('sha256').update(files.join('\n')).digest('hex').slice(0, 16)
    const tree = `${apt.folder}/trees/${packages[0].split('=')[0]}-${key}`
    if (!existsSync(tree)) unpack(apt, packages, tree)
    return tree
  })
}

/**
 * The sources of one package as its authors published them, without Debian's changes; from the cache when it has them.
 * @param {string} version Debian's
 * @returns {string} the path of the folder that they were packed in
 */
export function debianSource(name, version, {suite = 'trixie'} = {}) {
  const apt = privateApt('source', suite)
  const tree = `${apt.folder}/trees/${name}-${version}`
  return apt.retried(() => {
    if (!existsSync(tree)) unpackSource(apt, `${name}=${version}`, tree)
    return `${tree}/${readdirSync(tree)[0]}`
  })
}

/**
 * What one package depends on directly: for a kernel's meta package, the kernel.
 * @returns {string[]} names
 */
export function debianDependencies(arch, name, {suite = 'trixie'} = {}) {
  const apt = privateApt(arch, suite)
  return apt.retried(() => {
    const record = apt.run('apt-cache', ['show', '--no-all-versions', name])
    const depends = /^Depends: (.*)$/m.exec(record)?.[1] ?? ''
    return depends.split(/, */).map((each) => each.split(/[ :|]/)[0])
  })
}

function unpack(apt, packages, tree) {
  make(tree, (work) => {
    apt.run('apt-get', ['download', ...packages], `${work}/fetched`)
    for (const file of readdirSync(`${work}/fetched`))
      must('dpkg-deb', ['-x', `fetched/${file}`, 'tree'], work)
  })
}

function unpackSource(apt, named, tree) {
  make(tree, (work) => {
    apt.run('apt-get', ['source', '--download-only', named], `${work}/fetched`)
    const packed = readdirSync(`${work}/fetched`).find((file) => /\.orig\.tar\.[a-z0-9]+$/.test(file))
    if (packed === undefined) throw new Error(`apt found no sources of ${named}`)
    must('tar', ['-xf', `fetched/${packed}`, '-C', 'tree'], work)
  })
}

/** Fills `tree` beside its place, then renames, so that an interrupted run leaves no tree and two runs at once do not collide. */
function make(tree, fill) {
  const work = `${tree}.${process.pid}`
  try {
    mkdirSync(`${work}/fetched`, {recursive: true})
    mkdirSync(`${work}/tree`)
    fill(work)
    if (!existsSync(tree)) renameSync(`${work}/tree`, tree)
  } finally {
    rmSync(work, {recursive: true, force: true})
  }
}

/** @param arch or `source`, whose lists are those of sources */
function privateApt(arch, suite) {
  const folder = `${cache}/debian/${arch}/${suite}`
  const options = (lists) => [
    ...['-q', '-q', '-t', suite],
    ...(arch === 'source'
      ? []
      : ['-o', `APT::Architecture=${DEBIAN_ARCH[arch]}`, '-o', `APT::Architectures=${DEBIAN_ARCH[arch]}`]),
    ...['-o', `Dir::Etc::SourceList=${folder}/debian.sources`, '-o', 'Dir::Etc::SourceParts=/dev/null'],
    ...['-o', 'Dir::Etc::Preferences=/dev/null', '-o', 'Dir::Etc::PreferencesParts=/dev/null'],
    ...['-o', `Dir::State::Status=${folder}/status`, '-o', `Dir::State::Lists=${lists}`],
    ...['-o', `Dir::Cache=${folder}/cache`, '-o', 'Dir::Cache::pkgcache=pkgcache.bin'],
    // The user _apt may lack access to the checkout.
    ...['-o', 'APT::Sandbox::User=root', '-o', 'Acquire::Languages=none', '-o', 'Acquire::Retries=2'],
  ]
  const lists = `${folder}/lists`
  const run = (program, args, cwd) => must(program, [...options(lists), ...args], cwd)

  const update = () => {
    mkdirSync(`${folder}/cache`, {recursive: true})
    writeFileSync(`${folder}/debian.sources`, sources(suite, arch === 'source' ? 'deb-src' : 'deb'))
    writeFileSync(`${folder}/status`, '')
    const work = `${lists}.${process.pid}`
    mkdirSync(`${work}/partial`, {recursive: true})
    try {
      must('apt-get', [...options(work), 'update', '--error-on=any'])
      rmSync(lists, {recursive: true, force: true})
      renameSync(work, lists)
    } finally {
      rmSync(work, {recursive: true, force: true})
    }
  }

  /** Fetches lists that are missing or old, once: a mirror drops a version that a newer one replaced. */
  const retried = (action) => {
    if (existsSync(lists)) {
      try {
        return action()
      } catch {
        // Tried again below with today's lists; if it fails again, the error is thrown.
      }
    }
    update()
    return action()
  }
  return {folder, run, retried}
}

/** Debian's own archive, whatever the host runs: Ubuntu also has apt and debian-archive-keyring. */
function sources(suite, type) {
  const release = suite.replace(/-backports$/, '')
  const keyring = KEYRINGS.find(existsSync)
  if (!keyring) throw new Error('no keys of Debian: apt-get install debian-archive-keyring')
  const source = (uri, suites) =>
    `Types: ${type}\nURIs: ${uri}\nSuites: ${suites}\nComponents: main\nSigned-By: ${keyring}\n`
  const suites = [...new Set([release, `${release}-updates`, suite])].join(' ')
  return `${source(MIRROR, suites)}\n${source(SECURITY_MIRROR, `${release}-security`)}`
}

function must(program, args, cwd) {
  const {status, stdout, stderr, error} = spawnSync(program, args, {
    cwd,
    encoding: 'utf8',
    maxBuffer: 64 << 20,
    env: {...process.env, LC_ALL: 'C'},
  })
  if (error) throw new Error(`${program}: ${error.message}: this needs the tools of Debian or Ubuntu`)
  if (status !== 0) throw new Error(`${program} ${args.at(-1)}: status ${status}\n${stderr}${stdout}`.trim())
  return stdout
}

function main([arch, ...rest]) {
  const suite = rest[0] === '--suite' ? rest.splice(0, 2)[1] : undefined
  if (!(arch in DEBIAN_ARCH) || rest.length === 0) {
    console.error('usage: node ci/debian.mjs arm64|x86_64 [--suite SUITE] PACKAGE...')
    process.exit(2)
  }
  try {
    console.log(debianTree(arch, rest, {suite}))
  } catch (error) {
    console.error(`ci/debian.mjs: ${error.message}`)
    process.exit(1)
  }
}

if (import.meta.url === `file://${process.argv[1]}`) main(process.argv.slice(2))
