// The C programs of this folder, built statically into .cache/bench/ARCH, and the file that they read.

import {spawnSync} from 'node:child_process'
import {existsSync, mkdirSync, statSync, writeFileSync} from 'node:fs'
import {arch, cache, root} from '../paths.mjs'

const sources = `${root}/ci/bench`
export const built = `${cache}/bench`
const compilers = {x86_64: 'x86_64-linux-gnu-gcc', arm64: 'aarch64-linux-gnu-gcc'}
const FILE_BYTES = 100e6

/**
 * Builds it when it is missing or older than its sources.
 * @param {string} name a source here, or in the architecture's folder, without `.c`
 * @returns {string} its path
 * @throws Error with the compiler's message
 */
export function program(name, architecture = arch) {
  const source = [`${sources}/${name}.c`, `${sources}/${architecture}/${name}.c`].find(existsSync)
  const target = `${built}/${architecture}/${name}`
  if (existsSync(target) && changed(target) >= Math.max(changed(source), changed(`${sources}/batches.h`)))
    return target

  mkdirSync(`${built}/${architecture}`, {recursive: true})
  const compiler = architecture === arch ? 'gcc' : compilers[architecture]
  const args = ['-O2', '-Wall', '-static', '-o', target, source]
  const {status, stderr, error} = spawnSync(compiler, args, {encoding: 'utf8'})
  if (status !== 0) throw new Error(`${compiler} ${name}.c: ${error?.message ?? stderr}`)
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
