// The C programs of this folder, built statically into .cache/bench, and the file that is read.

import {spawnSync} from 'node:child_process'
import {existsSync, mkdirSync, statSync, writeFileSync} from 'node:fs'
import {cache, root} from '../paths.mjs'

const sources = `${root}/ci/bench`
const built = `${cache}/bench`
const FILE_BYTES = 100e6

/**
 * Builds it when it is missing or older than its sources.
 * @param {string} name a source here, without `.c`
 * @returns {string} its path
 * @throws Error with the compiler's words
 */
export function program(name) {
  const source = `${sources}/${name}.c`
  const target = `${built}/${name}`
  if (existsSync(target) && changed(target) >= Math.max(changed(source), changed(`${sources}/batches.h`)))
    return target

  mkdirSync(built, {recursive: true})
  const args = ['-O2', '-Wall', '-static', '-o', target, source]
  const {status, stderr, error} = spawnSync('gcc', args, {encoding: 'utf8'})
  if (status !== 0) throw new Error(`gcc ${name}.c: ${error?.message ?? stderr}`)
  return target
}

/** @returns {string} a file of 100 MB without a hole, made on first use */
export function bigFile() {
  const path = `${built}/file-100MB`
  mkdirSync(built, {recursive: true})
  if (!existsSync(path) || statSync(path).size !== FILE_BYTES)
    writeFileSync(path, Buffer.alloc(FILE_BYTES, 'hv'))
  return path
}

function changed(path) {
  return statSync(path).mtimeMs
}
