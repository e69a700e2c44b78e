// Every self-checking guest: natively first, for Linux is the oracle, then under hv.

import {existsSync, readdirSync, readFileSync} from 'node:fs'
import {basename} from 'node:path'
import {describe, expect, test} from 'vitest'
import {guests, root} from '../../ci/paths.mjs'
import {natively, underHv} from './run.ts'

interface Guest {
  name: string
  binary: string
  /** The lines that tell the driver what to expect: guests/README.md. */
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

const all = [...guestsIn('linux', ''), ...guestsIn('linux/die', 'die-'), ...guestsIn('linux/musl', 'musl-')]
const pie = {...all.find(({name}) => name === 'auxv')!, name: 'auxv-pie', binary: `${guests}/auxv-pie`}

const isPvmHost = existsSync('/sys/module/kvm_pvm')

const line = (source: string, key: string): string | undefined =>
  source.match(new RegExp(`^// ${key}: (.*)$`, 'm'))?.[1]

describe.each([...all, pie])('$name', ({binary, source}) => {
  const expected = {
    status: Number(line(source, 'status') ?? 0),
    stdout: line(source, 'stdout') === undefined ? '' : `${line(source, 'stdout')}\n`,
  }
  const isBuilt = existsSync(binary)

  // Node names no signal beyond 31: it does not tell which one killed a program.
  const isToldByNode = expected.status <= 128 + 31
  if (isToldByNode && !source.includes('// only under hv')) {
    test.skipIf(!isBuilt)('passes natively', () => {
      const {status, stdout, stderr} = natively(binary, [])
      expect({status, stdout: stdout.toString(), stderr}).toEqual({...expected, stderr: ''})
    })
  }

  const isHostUnfit = isPvmHost && source.includes('// not on PVM')
  test.skipIf(!isBuilt || isHostUnfit)('passes under hv', () => {
    const {status, stdout, stderr} = underHv([], binary, [])
    expect({status, stdout: stdout.toString(), stderr}).toEqual({...expected, stderr: ''})
  })
})
