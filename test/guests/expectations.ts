// The list of guests, and what each one's source says that it does: guests/README.md.

import {readdirSync, readFileSync} from 'node:fs'
import {basename} from 'node:path'
import {arch, cache, root} from '../../ci/paths.mjs'

export interface Guest {
  name: string
  binary: string
  /** The lines after the first tell the driver what to expect. */
  source: string
}

export function guestsOf(arch: string): readonly Guest[] {
  const guestsIn = (folder: string, prefix = ''): Guest[] =>
    readdirSync(`${root}/guests/${folder}`)
      .filter((file) => file.endsWith('.c'))
      .map((file) => {
        const name = prefix + basename(file, '.c')
        const source = readFileSync(`${root}/guests/${folder}/${file}`, 'utf8')
        return {name, binary: `${cache}/guests/${arch}/${name}`, source}
      })

  const written = [
    ...guestsIn('linux'),
    ...guestsIn(`linux/${arch}`),
    ...guestsIn('linux/die', 'die-'),
    ...guestsIn('linux/musl', 'musl-'),
  ]
  const auxv = written.find(({name}) => name === 'auxv')!
  return [...written, {...auxv, name: 'auxv-pie', binary: `${auxv.binary}-pie`}]
}

/** The guests of this machine's architecture. */
export const allGuests = guestsOf(arch)

/** How the guest ends natively, and so everywhere. */
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
