// Which guests there are, and what each one's source says that it does: guests/README.md.

import {readdirSync, readFileSync} from 'node:fs'
import {basename} from 'node:path'
import {guests, root} from '../../ci/paths.mjs'

export interface Guest {
  name: string
  binary: string
  /** The lines behind the first tell the driver what to expect. */
  source: string
}

function guestsIn(folder: string, prefix: string): Guest[] {
  return readdirSync(`${root}/guests/${folder}`)
    .filter((file) => file.endsWith('.c'))
    .map((file) => {
      const name = prefix + basename(file, '.c')
      return {
        name,
        binary: `${guests}/${name}`,
        source: readFileSync(`${root}/guests/${folder}/${file}`, 'utf8'),
      }
    })
}

const written = [
  ...guestsIn('linux', ''),
  ...guestsIn('linux/die', 'die-'),
  ...guestsIn('linux/musl', 'musl-'),
]
const pie = {...written.find(({name}) => name === 'auxv')!, name: 'auxv-pie', binary: `${guests}/auxv-pie`}

export const allGuests: readonly Guest[] = [...written, pie]

/** How it ends natively, and so everywhere. */
export function expectationOf({source}: Guest): {status: number; stdout: string; stderr: string} {
  const stdout = line(source, 'stdout')
  return {
    status: Number(line(source, 'status') ?? 0),
    stdout: stdout === undefined ? '' : `${stdout}\n`,
    stderr: '',
  }
}

function line(source: string, key: string): string | undefined {
  return source.match(new RegExp(`^// ${key}: (.*)$`, 'm'))?.[1]
}
