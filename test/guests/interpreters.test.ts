// Lua and SQLite over Debian's static libraries: real scripts, the same under hv as natively.

import {copyFileSync, existsSync, mkdtempSync, rmSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterEach, beforeEach, describe, expect, test} from 'vitest'
import {guests, root} from '../../ci/paths.mjs'
import {natively, underHv} from './run.ts'

const real = `${root}/guests/real`
let directory: string

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'hv-real-'))
  for (const script of ['script.lua', 'script.sql'])
    copyFileSync(`${real}/${script}`, join(directory, script))
})
afterEach(() => rmSync(directory, {recursive: true, force: true}))

const inVolume = (): string[] => ['--volume', `${directory}:${directory}:rw`, '--cwd', directory]

describe.skipIf(!existsSync(`${guests}/lua`))('lua', () => {
  test('runs its script as natively', () => {
    const native = natively(`${guests}/lua`, ['script.lua'], {cwd: directory})
    const guest = underHv(inVolume(), `${guests}/lua`, ['script.lua'])
    expect(native.status).toBe(0)
    expect(guest).toEqual(native)
  })
})

describe.skipIf(!existsSync(`${guests}/sqlite`))('sqlite', () => {
  test('keeps its database in a volume', () => {
    const native = natively(`${guests}/sqlite`, ['native.db', 'script.sql'], {cwd: directory})
    const guest = underHv(inVolume(), `${guests}/sqlite`, ['guest.db', 'script.sql'])
    expect(native.status).toBe(0)
    expect(guest).toEqual(native)
    expect(existsSync(join(directory, 'guest.db'))).toBe(true)
  })

  test('keeps its database in /tmp', () => {
    const native = natively(`${guests}/sqlite`, ['native.db', 'script.sql'], {cwd: directory})
    const guest = underHv(inVolume(), `${guests}/sqlite`, ['/tmp/guest.db', 'script.sql'])
    expect(guest).toEqual(native)
  })
})
