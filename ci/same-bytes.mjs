// Fails unless two builds of the same sources, in two folders, are equal to the byte: then anyone can check a published binary.
//
//   node ci/same-bytes.mjs [x86_64] [arm64]     default: this machine's
//
// Part of `npm run test:long`: the addon is built twice.

import {spawnSync} from 'node:child_process'
import {createHash} from 'node:crypto'
import {cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {arch, root} from './paths.mjs'

/** Compiled, so each build has its own copy; the other packages are tools. */
const COMPILED = 'node-addon-api'
/** Of different lengths. */
const FOLDERS = ['a', 'another-folder']

const archs = process.argv.length > 2 ? process.argv.slice(2) : [arch]
const folder = mkdtempSync(join(tmpdir(), 'hv-builds-'))
try {
  const [first, second] = FOLDERS.map((name) => hashesOf(join(folder, name)))
  for (const [name, hash] of first) {
    console.log(`${hash}  ${name}`)
    if (hash !== second.get(name)) throw new Error(`${name} depends on the folder that it is built in`)
  }
} catch (error) {
  console.error(`ci/same-bytes.mjs: ${error.message}`)
  process.exitCode = 1
} finally {
  rmSync(folder, {recursive: true})
}

/** @returns {Map<string, string>} the SHA-256 of each binary that was built there */
function hashesOf(copy) {
  for (const name of ['package.json', 'ci', 'native'])
    cpSync(join(root, name), join(copy, name), {recursive: true, filter: isSource})
  mkdirSync(join(copy, 'node_modules'))
  for (const name of readdirSync(join(root, 'node_modules'))) {
    const [from, to] = [root, copy].map((top) => join(top, 'node_modules', name))
    if (name === COMPILED) cpSync(from, to, {recursive: true})
    else symlinkSync(from, to)
  }
  const {status} = spawnSync(process.execPath, [join(copy, 'ci/cross.mjs'), ...archs], {stdio: 'inherit'})
  if (status !== 0) throw new Error(`the build in ${copy} failed`)
  const prebuilds = join(copy, 'native/prebuilds')
  const built = readdirSync(prebuilds, {recursive: true}).filter((name) => name.endsWith('.node'))
  return new Map(built.map((name) => [name, sha256(readFileSync(join(prebuilds, name)))]))
}

function isSource(path) {
  return !/\/native\/(build|prebuilds)$/.test(path)
}

function sha256(bytes) {
  return createHash('sha256').update(bytes).digest('hex')
}
