// Lua and SQLite over Debian's static libraries: real scripts, the same under hv as natively.

import {copyFileSync, existsSync, mkdtempSync, rmSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterEach, beforeEach, describe, expect, test} from 'vitest'
import {guests, root} from '../../ci/paths.mjs'
import {natively, platforms, underHv} from './run.ts'

const real = `${root}/guests/real`
let directory: string

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'hv-real-'))
  for (const script of ['script.lua', 'script.sql'])
    copyFileSync(`${real}/${script}`, join(directory, script))
})
afterEach(() => rmSync(directory, {recursive: true, force: true}))

const inVolume = (platform: string): string[] => [
  '--platform',
  platform,
  '--volume',
  `${directory}:${directory}:rw`,
  '--cwd',
  directory,
]

describe.skipIf(!existsSync(`${guests}/lua`)).each(platforms)('lua on %s', (platform) => {
  test('runs its script as natively', () => {
    const native = natively(`${guests}/lua`, ['script.lua'], {cwd: directory})
    const guest = underHv(inVolume(platform), `${guests}/lua`, ['script.lua'])
    expect(native.status).toBe(0)
    expect(guest).toEqual(native)
  })
})

describe.skipIf(!existsSync(`${guests}/sqlite`)).each(platforms)('sqlite on %s', (platform) => {
  test('keeps its database in a volume', () => {
    const native = natively(`${guests}/sqlite`, ['native.db', 'script.sql'], {cwd: directory})
    const guest = underHv(inVolume(platform), `${guests}/sqlite`, ['guest.db', 'script.sql'])
    expect(native.status).toBe(0)
    expect(guest).toEqual(native)
    expect(existsSync(join(directory, 'guest.db'))).toBe(true)
  })

  test('keeps its database in /tmp', () => {
    const native = natively(`${guests}/sqlite`, ['native.db', 'script.sql'], {cwd: directory})
    const guest = underHv(inVolume(platform), `${guests}/sqlite`, ['/tmp/guest.db', 'script.sql'])
    expect(guest).toEqual(native)
  })
})
