// The list of guests, and what each one's source says that it does: guests/README.md.

import {readdirSync, readFileSync} from 'node:fs'
import {basename} from 'node:path'
import {arch, cache, root} from './paths.mjs'

/**
 * @typedef {object} Guest
 * @property {string} name
 * @property {string} binary
 * @property {string} path of the source, from the repository's root
 * @property {string} source the lines after the first tell the driver what to expect
 */

/** @param {string} arch @returns {readonly Guest[]} */
export function guestsOf(arch) {
  const guestsIn = (folder, prefix = '') =>
    readdirSync(`${root}/guests/${folder}`)
      .filter((file) => file.endsWith('.c'))
      .map((file) => {
        const name = prefix + basename(file, '.c')
        const path = `guests/${folder}/${file}`
        const source = readFileSync(`${root}/${path}`, 'utf8')
        return {name, binary: `${cache}/guests/${arch}/${name}`, path, source}
      })

  const written = [
    ...guestsIn('linux'),
    ...guestsIn(`linux/${arch}`),
    ...guestsIn('linux/die', 'die-'),
    ...guestsIn('linux/musl', 'musl-'),
  ]
  const auxv = written.find(({name}) => name === 'auxv')
  return [...written, {...auxv, name: 'auxv-pie', binary: `${auxv.binary}-pie`}]
}

/** The guests of this machine's architecture. */
export const allGuests = guestsOf(arch)

/**
 * How the guest ends natively, and so everywhere.
 * @param {Guest} guest
 * @returns {{status: number, stdout: string, stderr: string}}
 */
export function expectationOf({source}) {
  const stdout = line(source, 'stdout')
  return {
    status: Number(line(source, 'status') ?? 0),
    stdout: stdout === undefined ? '' : `${stdout}\n`,
    stderr: '',
  }
}

/**
 * @param {string} output of bed/run-guests.mjs
 * @returns {Map<string, {status: number, stdout: string, stderr: string}>} how each program ended, by its path
 */
export function outcomesIn(output) {
  const lines = output.split('\n').filter((line) => line.startsWith('{'))
  return new Map(lines.map((line) => JSON.parse(line)).map(({program, ...outcome}) => [program, outcome]))
}

const line = (source, key) => source.match(new RegExp(`^// ${key}: (.*)$`, 'm'))?.[1]
