// Makes the tree that busybox-cases.json describes (guests/README.md).

import {
  chmodSync,
  linkSync,
  lutimesSync,
  mkdirSync,
  readdirSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import {dirname, join} from 'node:path'

export interface FixtureEntry {
  path: string
  text?: string
  base64?: string
  rows?: number
  patternBytes?: number
  directory?: boolean
  link?: string
  hardLink?: string
  mode?: string
}

const MODIFIED = 1_600_000_000
const MIB = 1 << 20

export function makeFixture(directory: string, entries: readonly FixtureEntry[]): void {
  for (const entry of entries) makeEntry(directory, entry)
  setTimes(directory)
}

function makeEntry(directory: string, entry: FixtureEntry): void {
  const path = join(directory, entry.path)
  mkdirSync(dirname(path), {recursive: true, mode: 0o755})
  if (entry.link !== undefined) {
    symlinkSync(entry.link, path)
    return
  }
  if (entry.hardLink !== undefined) {
    linkSync(join(directory, entry.hardLink), path)
    return
  }
  if (entry.directory) mkdirSync(path)
  else writeFileSync(path, contentOf(entry))
  chmodSync(path, Number.parseInt(entry.mode ?? (entry.directory ? '755' : '644'), 8))
}

export function contentOf({text, base64, rows, patternBytes}: FixtureEntry): Uint8Array {
  if (text !== undefined) return Buffer.from(text, 'utf8')
  if (base64 !== undefined) return Buffer.from(base64, 'base64')
  if (rows !== undefined) return Buffer.from(Array.from({length: rows}, (_, i) => row(i)).join(''))
  return pattern(patternBytes!)
}

const row = (i: number): string => `${i}\t${(i * 7919) % 1000}\tname${i % 17}\t${(i * 31) % 997}\n`

function pattern(length: number): Uint8Array {
  const bytes = new Uint8Array(length)
  for (let i = 0; i < length; i++)
    bytes[i] = ((i % MIB) * 7 + ((i % MIB) >> 8) * 13 + Math.floor(i / MIB)) & 255
  return bytes
}

/** Sets the deepest first: a directory's time changes when something is made in it. */
function setTimes(directory: string): void {
  for (const entry of readdirSync(directory, {withFileTypes: true})) {
    const path = join(directory, entry.name)
    if (entry.isDirectory()) setTimes(path)
    else lutimesSync(path, MODIFIED, MODIFIED)
  }
  utimesSync(directory, MODIFIED, MODIFIED)
}
