// openShare: one of the host's directories for a machine, and paths that are no directories.

import * as fs from 'node:fs'
import {join} from 'node:path'
import {afterEach, beforeEach, expect, test} from 'vitest'
import {Server} from '../../../../src/machine/9p/server.ts'
import {openShare} from '../../../../src/machine/share/open-share.ts'
import {Budget, COST} from '../../../../src/vfs/budget.ts'
import {openHostFs} from '../../../../src/vfs/fs/host.ts'
import {Client} from '../../../helpers/9p-client.ts'
import {failure} from '../../../helpers/failure.ts'
import {memoryFile} from '../../../helpers/memory-file.ts'
import {shareOf} from '../../../helpers/share.ts'
import {errorOf} from '../../../helpers/vfs.ts'
import {hostDirectory} from '../../../helpers/vfs-backends.ts'

let directory: ReturnType<typeof hostDirectory>

beforeEach(() => {
  directory = hostDirectory()
  fs.writeFileSync(join(directory.path, 'f'), 'content')
})
afterEach(() => directory.remove())

test.each([true, false])('a directory is shared, read-only: %s', async (readOnly) => {
  // The addon keeps one descriptor from the first share on.
  openShare(directory.path).dispose()
  const before = fs.readdirSync('/proc/self/fd').length
  const share = openShare(directory.path, {readOnly})
  const server = new Server(share.root)
  const client = await new Client(server).mount()
  expect((await client.readFile('f')).toString()).toBe('content')
  expect(await failure(client.mkdir('d'))).toBe(readOnly ? 'EROFS' : 'no error')
  server.close()
  share.dispose()
  expect(fs.readdirSync('/proc/self/fd')).toHaveLength(before)
})

test('two machines share a directory, and see each other’s files', async () => {
  const share = openShare(directory.path)
  const servers = [new Server(share.root), new Server(share.root)]
  const [one, other] = await Promise.all(servers.map((server) => new Client(server).mount()))
  const fid = await one.open('f')
  await other.rename('f', 'g')
  await other.writeFile('g', 'changed')
  expect((await one.read(fid, 0, 100)).toString()).toBe('changed')
  servers[1].close()
  expect(await one.names('')).toEqual(['g'])
  servers[0].close()
  share.dispose()
})

test('what is no directory, not there, or the kernel’s is not shared', () => {
  expect(errorOf(() => openShare(join(directory.path, 'f')))).toBe('BAD_ARGUMENT')
  expect(errorOf(() => openShare(join(directory.path, 'none')))).toBe('NOT_FOUND')
  expect(errorOf(() => openShare('/proc'))).toBe('BAD_ARGUMENT')
})

test('listings that are being read are as many as there is room for', async () => {
  const budget = new Budget(4 * COST.listing)
  const memory = memoryFile(1 << 20)
  const share = await shareOf(openHostFs(directory.path, {readOnly: true, memory, budget}))
  const {client} = share
  for (let i = 0; i < 9; i++) fs.writeFileSync(join(directory.path, `${i}`), '')
  const fids = await Promise.all([1, 2, 3, 4].map(() => client.open('')))
  for (const fid of fids.slice(0, 3)) expect(await client.readdir(fid, 0, 4096)).toHaveLength(12)
  expect(await failure(client.readdir(fids[3], 0, 4096))).toBe('ENOMEM')
  await client.clunk(fids[0])
  expect(await client.readdir(fids[3], 0, 4096)).toHaveLength(12)
  share.dispose()
  expect(budget.used).toBe(0)
})
