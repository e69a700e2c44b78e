// hv's own files in a share: a machine reads them, and changes nothing, over each protocol.

import {mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterAll, beforeAll, describe, expect, test} from 'vitest'
import {Server} from '../../../../src/machine/9p/server.ts'
import {Server as FuseServer} from '../../../../src/machine/fuse/server.ts'
import {openShare, type Share} from '../../../../src/machine/share/open-share.ts'
import {Client} from '../../../helpers/9p-client.ts'
import {failure} from '../../../helpers/failure.ts'
import {FuseClient} from '../../../helpers/fuse-client.ts'

const O_RDWR = 2
const folder = mkdtempSync(join(tmpdir(), 'hv-share-'))
const before = process.env.XDG_CACHE_HOME
const clients = {
  '9P': ({root}: Share) => new Client(new Server(root)).mount(),
  FUSE: ({root}: Share) => new FuseClient(new FuseServer(root)).mount(),
}

beforeAll(() => {
  process.env.XDG_CACHE_HOME = join(folder, 'cache')
  mkdirSync(join(folder, 'cache/hvkit'), {recursive: true})
  writeFileSync(join(folder, 'cache/hvkit/kept'), 'kept')
})
afterAll(() => {
  rmSync(folder, {recursive: true})
  process.env.XDG_CACHE_HOME = before
  if (before === undefined) delete process.env.XDG_CACHE_HOME
})

describe.each(Object.entries(clients))('over %s', (_, connect) => {
  test('they are read-only, and stay where they are', async () => {
    const share = openShare(folder)
    const client = await connect(share)
    expect((await client.readFile('cache/hvkit/kept')).toString()).toBe('kept')
    const attempts = [
      client.open('cache/hvkit/kept', O_RDWR),
      client.truncate('cache/hvkit/kept', 0),
      client.chmod('cache/hvkit/kept', 0o777),
      client.create('cache/hvkit/new'),
      client.mkdir('cache/hvkit/new'),
      client.symlink('/', 'cache/hvkit/new'),
      client.unlink('cache/hvkit/kept'),
      client.link('cache/hvkit/kept', 'link'),
      client.rename('cache/hvkit', 'moved'),
      client.rename('cache', 'moved'),
    ]
    const failures = []
    for (const attempt of attempts) failures.push(await failure(attempt))
    expect(failures).toEqual([...Array(8).fill('EROFS'), 'EBUSY', 'EBUSY'])
    share.dispose()
    expect(readFileSync(join(folder, 'cache/hvkit/kept'), 'utf8')).toBe('kept')
    expect(readdirSync(join(folder, 'cache'))).toEqual(['hvkit'])
  })
})

test('a share of them alone is refused, unless it is read-only', () => {
  const own = join(folder, 'cache/hvkit')
  expect(() => openShare(own)).toThrow(expect.objectContaining({code: 'BAD_ARGUMENT'}))
  openShare(own, {readOnly: true}).dispose()
})
