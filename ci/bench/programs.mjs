// The C programs of this folder, built statically into .cache/bench, and the file that is read.

import {spawnSync} from 'node:child_process'
import {existsSync, mkdirSync, readdirSync, statSync, writeFileSync} from 'node:fs'
import {cache, root} from '../paths.mjs'

const sources = `${root}/ci/bench`
const built = `${cache}/bench`
const FILE_BYTES = 100e6

/** @param {string} name a source here, without `.c` */
export function program(name) {
  return `${built}/${name}`
}

/**
 * Builds what is missing or older than its sources.
 * @throws Error with the compiler's words
 */
export function buildPrograms() {
  mkdirSync(built, {recursive: true})
  const headerTime = changed(`${sources}/batches.h`)
  for (const file of readdirSync(sources).filter((name) => name.endsWith('.c'))) {
    const source = `${sources}/${file}`
    const target = program(file.slice(0, -'.c'.length))
    if (existsSync(target) && changed(target) > Math.max(changed(source), headerTime)) continue

    const {status, stderr, error} = spawnSync('gcc', ['-O2', '-Wall', '-static', '-o', target, source], {
      encoding: 'utf8',
    })
    if (status !== 0) throw new Error(`gcc ${file}: ${error?.message ?? stderr}`)
  }
}

/** @returns {string} a file of 100 MB without a hole, made on first use */
export function bigFile() {
  const path = program('file-100MB')
  if (!existsSync(path) || statSync(path).size !== FILE_BYTES)
    writeFileSync(path, Buffer.alloc(FILE_BYTES, 'hv'))
  return path
}

function changed(path) {
  return statSync(path).mtimeMs
}
