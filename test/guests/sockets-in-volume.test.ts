// UNIX sockets with names in an rw volume: the guest's own work as Linux's do; the host's are out of reach.

import {existsSync, mkdtempSync, readdirSync, rmSync} from 'node:fs'
import {createServer} from 'node:net'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterEach, beforeEach, describe, expect, test} from 'vitest'
import {guests} from '../../ci/paths.mjs'
import {platforms, underHv} from './run.ts'

const silent = {status: 0, stdout: Buffer.alloc(0), stderr: ''}
let volume: string
beforeEach(() => {
  volume = mkdtempSync(join(tmpdir(), 'hv-sockets-'))
})
afterEach(() => rmSync(volume, {recursive: true}))

describe.skipIf(!existsSync(`${guests}/unix-names`)).each(platforms)('in a volume, on %s', (platform) => {
  const run = (guest: string, ...args: string[]) => {
    const flags = ['--platform', platform, '--volume', `${volume}:/v:rw`, '--env', 'TMPDIR=/v']
    return underHv(flags, `${guests}/${guest}`, args)
  }

  test.each(['unix-names', 'unix-stream', 'unix-dgram', 'unix-processes', 'scm-rights'])(
    'guest %s passes, and leaves nothing there',
    (guest) => {
      expect(run(guest)).toEqual(silent)
      expect(readdirSync(volume)).toEqual([])
    },
  )

  test("a name of the host's socket is taken, and leads nowhere", async () => {
    let connections = 0
    const server = createServer(() => connections++).listen(join(volume, 'host'))
    await new Promise((resolve) => server.once('listening', resolve))
    expect(run('unix-names', '/v/host')).toEqual(silent)
    await new Promise((resolve) => server.close(resolve))
    expect(connections).toBe(0)
  })
})
