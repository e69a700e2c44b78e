// Prebuilt binaries, one for each architecture, from any Linux host: native/prebuilds/linux-*/hv.LIBC.node.
//
//   node ci/cross.mjs [x86_64] [arm64]     default: both
//
// prebuildify builds a copy of native/ in .cache/cross/ARCH, so that native/build stays as it is, and a second run compiles
// only what changed since. For an architecture other than the host's, it needs Debian's cross compiler.

import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import {dirname} from 'node:path'
import prebuildify from 'prebuildify'
import {throughCcache} from './ccache.mjs'
import {useOwnHeaders} from './headers.mjs'
import {aptLine, hasCommand} from './packages.mjs'
import {cache, arch as hostArch, root} from './paths.mjs'

/** The tools' names begin with GNU's name of the architecture; npm and node-gyp have their own names. */
const TARGETS = {
  x86_64: {node: 'x64', tools: 'x86_64-linux-gnu-', package: 'g++-x86-64-linux-gnu'},
  arm64: {node: 'arm64', tools: 'aarch64-linux-gnu-', package: 'g++-aarch64-linux-gnu'},
}
const NOT_SOURCES = /^(build|prebuilds)(\/|$)/

const wanted = process.argv.length > 2 ? process.argv.slice(2) : Object.keys(TARGETS)
for (const arch of wanted) {
  if (!Object.hasOwn(TARGETS, arch)) fail(`no architecture '${arch}': ${Object.keys(TARGETS).join(', ')}`)
}
useOwnHeaders()
process.env.JOBS ??= 'max'
for (const arch of wanted) await build(arch)

async function build(arch) {
  const target = TARGETS[arch]
  const tools = arch === hostArch ? '' : target.tools
  if (!hasCommand(`${tools}g++`)) fail(`no ${tools}g++: as root, ${aptLine([target.package])}`)

  const tree = `${cache}/cross/${arch}/native`
  mirror(`${root}/native`, tree)
  // What native/ built from the same sources with the same commands is not built again.
  const built = `${root}/native/build`
  if (arch === hostArch && existsSync(built) && !existsSync(`${tree}/build`))
    cpSync(built, `${tree}/build`, {recursive: true, preserveTimestamps: true})
  // build_vdso.sh uses CC, node-gyp's make uses both; binding.gyp asks node for node-addon-api, found from the copy upwards.
  Object.assign(process.env, {CC: throughCcache(`${tools}gcc`), CXX: throughCcache(`${tools}g++`)})
  const options = {
    cwd: tree,
    out: `${root}/native`,
    name: 'hv',
    arch: target.node,
    napi: true,
    strip: true,
    stripBin: `${tools}strip`,
    tagLibc: true,
    nodeGyp: `${root}/ci/keep-built.mjs`,
  }
  await new Promise((resolve) => {
    prebuildify(options, (error) => (error ? fail(`${arch}: ${error.message}`) : resolve()))
  })
}

/** Makes `to` hold the sources in `from` and no others, with their modification times. */
function mirror(from, to) {
  const files = filesIn(from)
  mkdirSync(to, {recursive: true})
  for (const stale of filesIn(to).filter((name) => !files.includes(name))) rmSync(`${to}/${stale}`)
  for (const name of files) {
    const text = readFileSync(`${from}/${name}`)
    if (same(text, `${to}/${name}`)) continue
    mkdirSync(dirname(`${to}/${name}`), {recursive: true})
    writeFileSync(`${to}/${name}`, text)
    const {atime, mtime} = statSync(`${from}/${name}`)
    utimesSync(`${to}/${name}`, atime, mtime)
  }
}

function filesIn(folder) {
  return readdirSync(folder, {recursive: true, withFileTypes: true})
    .filter((entry) => entry.isFile())
    .map((entry) => `${entry.parentPath}/${entry.name}`.slice(folder.length + 1))
    .filter((name) => !NOT_SOURCES.test(name))
}

function same(text, file) {
  try {
    return readFileSync(file).equals(text)
  } catch {
    return false
  }
}

function fail(message) {
  console.error(`ci/cross.mjs: ${message}`)
  process.exit(1)
}
