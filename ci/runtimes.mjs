// The runtimes that hv runs under: npm's builds of Node.js and Bun, at pinned versions.

import {execFile} from 'node:child_process'
import {createHash} from 'node:crypto'
import {existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync} from 'node:fs'
import {basename} from 'node:path'
import {promisify} from 'node:util'
import {arch, cache} from './paths.mjs'

const run = promisify(execFile)

/** @type {{name: string, file: string}[]} `file`: a path in its package; each architecture adds its `package` and `integrity` */
export const runtimes = JSON.parse(readFileSync(new URL('runtimes.json', import.meta.url), 'utf8'))

/**
 * Fetches the runtime when it is missing.
 * @returns {Promise<string>} its path, for this machine's architecture
 */
export async function fetchRuntime({file, [arch]: {package: spec, integrity}}) {
  const folder = `${cache}/runtimes/${spec.replaceAll('/', '-')}`
  // The file keeps its name: bun acts as bunx under that name.
  const path = `${folder}/${basename(file)}`
  if (existsSync(path)) return path

  // In a folder of its own, so that an interrupted run leaves nothing half done, and two runs at once do not collide.
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
