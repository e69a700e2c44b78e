// inotify in an rw volume, whose files' names have an inode object each: watches are the files', as on Linux.

import {existsSync, mkdtempSync, readdirSync, rmSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterEach, beforeEach, describe, expect, test} from 'vitest'
import {guests} from '../../ci/paths.mjs'
import {platforms, underHv} from './run.ts'

const binary = `${guests}/inotify`
let volume: string
beforeEach(() => {
  volume = mkdtempSync(join(tmpdir(), 'hv-watches-'))
})
afterEach(() => rmSync(volume, {recursive: true}))

describe.skipIf(!existsSync(binary)).each(platforms)('in a volume, on %s', (platform) => {
  test('guest inotify passes, and leaves nothing there', () => {
    const flags = ['--platform', platform, '--volume', `${volume}:/v:rw`, '--env', 'TMPDIR=/v']
    expect(underHv(flags, binary, [])).toEqual({status: 0, stdout: Buffer.alloc(0), stderr: ''})
    expect(readdirSync(volume)).toEqual([])
  })
})
