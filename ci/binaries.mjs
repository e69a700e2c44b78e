// What the checks of built and prebuilt binaries share: which files there are, and readelf(1) of binutils.

import {spawnSync} from 'node:child_process'
import {readdirSync} from 'node:fs'
import {basename} from 'node:path'
import {root} from './paths.mjs'

const MAX_OUTPUT = 64 << 20

/** @returns {string[]} the files that the command names, else each native/prebuilds/linux-*\/*.node; ends this process if there is none */
export function binaries() {
  const files = process.argv.length > 2 ? process.argv.slice(2) : prebuilt()
  if (files.length === 0) fail('there is no native/prebuilds: npm run prebuildify')
  return files
}

/** @param {string} file @param {string} what an option of readelf's @returns {string} */
export function readelf(file, what) {
  const {stdout, error} = spawnSync('readelf', ['--wide', what, file], {
    encoding: 'utf8',
    maxBuffer: MAX_OUTPUT,
    env: {...process.env, LC_ALL: 'C'},
  })
  if (error) fail(`readelf cannot be run (${error.code}): install binutils`)
  return stdout
}

/** @param {string} file */
export function requireElf(file) {
  if (!/ELF64[\s\S]*little endian/.test(readelf(file, '--file-header')))
    fail(`${file}: no 64-bit little-endian ELF`)
}

/** @param {string} message @returns {never} */
export function fail(message) {
  console.error(`ci/${basename(process.argv[1])}: ${message}`)
  process.exit(1)
}

function prebuilt() {
  const folder = `${root}/native/prebuilds`
  try {
    return readdirSync(folder, {recursive: true})
      .filter((name) => name.endsWith('.node'))
      .map((name) => `${folder}/${name}`)
  } catch {
    return []
  }
}
