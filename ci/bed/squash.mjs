// Makes read-only squashfs images in .cache/bed/images, and keeps the few newest of each kind.

import {spawnSync} from 'node:child_process'
import {createHash} from 'node:crypto'
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  utimesSync,
} from 'node:fs'
import {cache} from '../paths.mjs'

const folder = `${cache}/bed/images`
/** Nobody asks for images older than the newest few. */
const KEPT_IMAGES = 3

/**
 * @param {string} kind the newest images of each kind are kept
 * @param {string} key tells this image's content from that of all others
 * @param {() => {from: string, list?: string[], pseudo?: string[], options?: string[]}} contents what goes in: all of the
 *   folder `from`, or the paths in `list` below it; `pseudo` are made-up entries (mksquashfs -p)
 * @returns {string} the image's path
 */
export function squashed(kind, key, contents) {
  const target = `${folder}/${kind}-${key}.squashfs`
  if (existsSync(target)) {
    utimesSync(target, new Date(), new Date())
    return target
  }

  mkdirSync(folder, {recursive: true})
  const work = `${target}.${process.pid}`
  const {from, list, pseudo = [], options = []} = contents()
  const args = [
    ...[list ? '-' : '.', work, ...(list ? ['-cpiostyle0'] : [])],
    ...['-noI', '-noD', '-noF', '-noX', '-all-root', '-noappend', '-quiet', '-no-progress'],
    ...[...pseudo.flatMap((line) => ['-p', line]), ...options],
  ]
  const input = list?.map((path) => `${path}\0`).join('')
  const {status, stderr, stdout} = spawnSync('mksquashfs', args, {cwd: from, input, encoding: 'utf8'})
  if (status !== 0) throw new Error(`mksquashfs: status ${status}\n${stdout}${stderr}`)
  renameSync(work, target)
  forgetOldImages(kind)
  return target
}

export function keyOf(...values) {
  return createHash('sha256').update(JSON.stringify(values)).digest('hex').slice(0, 16)
}

/** Hashes the content of what the project builds, but only name, size and time of the many files of others. */
export function keyOfFiles(from, list, {byTime}) {
  const hash = createHash('sha256')
  for (const path of list) {
    const file = `${from}/${path}`
    const stat = lstatSync(file)
    hash.update(`${path}\0${stat.mode}\0${stat.size}\0`)
    if (stat.isSymbolicLink()) hash.update(readlinkSync(file))
    else if (!stat.isFile()) continue
    else if (byTime) hash.update(String(stat.mtimeMs))
    else hash.update(readFileSync(file))
  }
  return hash.digest('hex').slice(0, 16)
}

function forgetOldImages(kind) {
  const images = readdirSync(folder)
    .filter((file) => file.startsWith(`${kind}-`) && file.endsWith('.squashfs'))
    .map((file) => ({path: `${folder}/${file}`, time: lstatSync(`${folder}/${file}`).mtimeMs}))
    .sort((one, two) => two.time - one.time)
  for (const {path} of images.slice(KEPT_IMAGES)) rmSync(path, {force: true})
}
