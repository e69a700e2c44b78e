// The runtimes that hv runs under: builds of Node.js and Bun, as npm has them, of pinned versions.

import {execFile} from 'node:child_process'
import {createHash} from 'node:crypto'
import {existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync} from 'node:fs'
import {basename} from 'node:path'
import {promisify} from 'node:util'
import {arch, cache} from './paths.mjs'

const run = promisify(execFile)

/** @type {{name: string, file: string}[]} `file`: in its package; with a `package` and its `integrity` for each architecture */
export const runtimes = JSON.parse(readFileSync(new URL('runtimes.json', import.meta.url), 'utf8'))

/**
 * Fetches it when it is not there.
 * @returns {Promise<string>} its path, for this machine's architecture
 */
export async function fetchRuntime({file, [arch]: {package: spec, integrity}}) {
  const folder = `${cache}/runtimes/${spec.replaceAll('/', '-')}`
  // A runtime goes by its name: bun is bunx under another.
  const path = `${folder}/${basename(file)}`
  if (existsSync(path)) return path

  // In a folder of its own, so that an interrupted run leaves nothing half done, and two at once do not meet.
  const work = `${folder}.${process.pid}`
  mkdirSync(work, {recursive: true})
  try {
    await run('npm', ['pack', '--silent', spec], {cwd: work})
    const [archive] = readdirSync(work)
    const found = `sha512-${createHash('sha512')
      .update(readFileSync(`${work}/${archive}`))
      .digest('base64')}`
    if (found !== integrity) throw new Error(`${spec} is not what it was: ${found}`)
    await run('tar', ['-xf', archive, `package/${file}`], {cwd: work})
    mkdirSync(folder, {recursive: true})
    renameSync(`${work}/package/${file}`, path)
  } finally {
    rmSync(work, {recursive: true, force: true})
  }
  return path
}
