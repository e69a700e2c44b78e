// What a bed takes from npm: node itself, and the packages of package-lock.json for the bed's architecture.

import {execFileSync} from 'node:child_process'
import {createHash} from 'node:crypto'
import {copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync} from 'node:fs'
import {arch, cache, root} from '../paths.mjs'

/** npm and node call the architectures x64 and arm64. */
const cpuOf = (architecture) => (architecture === 'x86_64' ? 'x64' : architecture)

/** @returns {string} the path of a node of this architecture: npm has Node.js' own builds for each architecture */
export function nodeOf(architecture, major) {
  const target = `${cache}/bed/node-${major}-${architecture}`
  if (existsSync(target)) return target
  return made(target, (work) => {
    execFileSync('npm', ['pack', '--silent', `node-linux-${cpuOf(architecture)}@${major}`], {cwd: work})
    const [archive] = readdirSync(work)
    execFileSync('tar', ['-xf', archive, 'package/bin/node'], {cwd: work})
    return `${work}/package/bin/node`
  })
}

/** @returns {string} a node_modules folder with what package-lock.json names, its native parts built for the architecture */
export function modulesOf(architecture) {
  if (architecture === arch) return `${root}/node_modules`
  const lock = createHash('sha256')
    .update(readFileSync(`${root}/package-lock.json`))
    .digest('hex')
  const target = `${cache}/bed/npm-${architecture}-${lock.slice(0, 16)}`
  if (existsSync(target)) return target
  for (const name of readdirSync(`${cache}/bed`)) {
    if (name.startsWith(`npm-${architecture}-`)) rmSync(`${cache}/bed/${name}`, {recursive: true})
  }
  return made(target, (work) => {
    for (const name of ['package.json', 'package-lock.json'])
      copyFileSync(`${root}/${name}`, `${work}/${name}`)
    // Four times as fast as `npm ci`: npm changes nothing but the native packages.
    execFileSync('cp', ['-a', `${root}/node_modules`, work])
    const platform = ['--os=linux', `--cpu=${cpuOf(architecture)}`, '--libc=glibc']
    const quietly = ['--ignore-scripts', '--no-audit', '--no-fund', '--silent']
    execFileSync('npm', ['install', '--no-save', ...platform, ...quietly], {cwd: work})
    return `${work}/node_modules`
  })
}

/** Makes the target in a folder of its own and moves it into place, so that an interrupted run leaves nothing half done. */
function made(target, make) {
  const work = `${target}.${process.pid}`
  mkdirSync(work, {recursive: true})
  try {
    renameSync(make(work), target)
  } finally {
    rmSync(work, {recursive: true, force: true})
  }
  return target
}
