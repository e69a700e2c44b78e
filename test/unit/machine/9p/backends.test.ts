// What a machine's root can be over 9P, beyond ../share/backends.test.ts: trees in memory, overlays, several file systems in one tree.

import * as fs from 'node:fs'
import {afterEach, beforeEach, describe, expect, test} from 'vitest'
import type {MemoryFile} from '../../../../src/platform/memory-file.ts'
import {openHostFs} from '../../../../src/vfs/fs/host.ts'
import {Overlay} from '../../../../src/vfs/fs/overlay.ts'
import {ROOT, Tmpfs} from '../../../../src/vfs/fs/tmpfs.ts'
import {childLocation, mount} from '../../../../src/vfs/mount-tree.ts'
import {UNFINISHED} from '../../../../src/vfs/unfinished.ts'
import {message, u32} from '../../../helpers/9p-message.ts'
import {failure} from '../../../helpers/failure.ts'
import {memoryFile} from '../../../helpers/memory-file.ts'
import {type Share, shareOf} from '../../../helpers/share.ts'
import {backends, hostDirectory} from '../../../helpers/vfs-backends.ts'

describe.each(backends)('$name', (backend) => {
  let memory: MemoryFile
  let share: Share

  beforeEach(async () => {
    memory = memoryFile(16 << 20)
    share = await shareOf(backend.create(memory))
  })

  afterEach(() => {
    share.dispose()
    backend.cleanUp()
    // This includes files that lost their names while they were open.
    expect(memory.allocatedBytes).toBe(0)
  })

  test('a directory without its name has attributes, and nothing in it', async () => {
    const {client} = share
    await client.mkdir('d', 0o750)
    const [fid, open] = [await client.walk('d'), await client.open('d')]
    await client.rmdir('d')
    expect((await client.getattr(fid)).mode).toBe(0o040750)
    expect(await failure(client.call(72, u32(fid), 'e', u32(0o755), u32(0)))).toBe('ENOENT')
    expect(await failure(client.walk('e', fid))).toBe('ENOENT')
    // Linux's getdents64 also returns ENOENT.
    const names = await client.readdir(open, 0, 4096).catch(() => [])
    expect(names.every(({name}) => /^\.\.?$/.test(name))).toBe(true)
    for (const each of [fid, open]) await client.clunk(each)
    await client.mkdir('d', 0o700)
    expect((await client.stat('d')).mode).toBe(0o040700)
  })

  test('a directory of 300 names is read whole in small messages', async () => {
    const {client} = share
    await client.mkdir('d')
    const directory = await client.walk('d')
    for (let i = 0; i < 300; i++)
      await client.call(18, u32(directory), `n${i}`, u32(0o100600), u32(0), u32(0), u32(0))
    const names = (await client.list('d', 500)).map(({name}) => name)
    expect(names.sort()).toEqual(Array.from({length: 300}, (_, i) => `n${i}`).sort())
  })
})

describe('an overlay', () => {
  const LARGE = 21 << 20
  let directory: ReturnType<typeof hostDirectory>
  let share: Share

  beforeEach(async () => {
    directory = hostDirectory()
    fs.writeFileSync(`${directory.path}/large`, Buffer.alloc(LARGE, 'x'))
    const memory = memoryFile(64 << 20)
    share = await shareOf(new Overlay(openHostFs(directory.path, {readOnly: true, memory}), memory))
  })

  afterEach(() => {
    share.dispose()
    directory.remove()
  })

  const OPEN = 21
  const STAT = 22
  const FLUSH = 23
  const OTHER = 24

  test('copies a large file in turns of the event loop, and answers others meanwhile', async () => {
    const {client, server} = share
    const fid = await client.walk('large')
    const opening = server.answer(message(12, OPEN, u32(fid), u32(2)))
    expect(opening).toBeInstanceOf(Promise)
    expect(server.answer(message(8, STAT, u32(0)))).toBeInstanceOf(Uint8Array)
    expect(((await opening) as Uint8Array)[4]).toBe(13)
    await client.write(fid, LARGE, Buffer.from('end'))
    expect((await client.read(fid, LARGE - 1, 10)).toString()).toBe('xend')
    await client.clunk(fid)
    expect(fs.statSync(`${directory.path}/large`).size).toBe(LARGE)
  })

  test('what is flushed meanwhile is answered first, and its tag is not free before', async () => {
    const {client, server} = share
    const order: string[] = []
    const told = async (name: string, answer: Uint8Array | Promise<Uint8Array>): Promise<void> => {
      order.push(`${name} ${(await answer)[4]}`)
    }
    const fid = await client.walk('large')
    const opening = told('open', server.answer(message(12, OPEN, u32(fid), u32(2))))
    const flushing = told('flush', server.answer(message(108, FLUSH, Buffer.from([OPEN, 0]))))
    const again = server.answer(message(8, OPEN, u32(0))) as Uint8Array
    expect([again[4], again[7]]).toEqual([7, 22])
    await Promise.all([opening, flushing])
    expect(order).toEqual(['open 13', 'flush 109'])
    expect((await client.send(message(108, OTHER, Buffer.from([OPEN, 0])))).type).toBe(109)
  })

  test('of a session that begins anew, what is under way ends', async () => {
    const {client, server} = share
    const fid = await client.walk('large')
    const opening = server.answer(message(12, OPEN, u32(fid), u32(2))) as Promise<Uint8Array>
    await client.mount()
    const answer = await opening
    // EBADF.
    expect([answer[4], answer[7]]).toEqual([7, 9])
  })
})

test('requests that take several turns are 64 at a time; who comes then asks again', async () => {
  const share = await shareOf(new Tmpfs(memoryFile(1 << 20)))
  const {client, server, root} = share
  await client.writeFile('f', '')
  const inode = root.inode.lookup('f')
  let isDone = false
  const open = inode.open.bind(inode)
  inode.open = (flags) => {
    if (!isDone) throw UNFINISHED
    return open(flags)
  }
  const fids = await Promise.all(Array.from({length: 65}, () => client.walk('f')))
  const answers = fids.map((fid, index) => server.answer(message(12, 100 + index, u32(fid), u32(0))))
  // EAGAIN.
  expect([...(answers.at(-1) as Uint8Array).subarray(4, 8)]).toEqual([7, 164, 0, 11])
  isDone = true
  for (const answer of answers.slice(0, -1)) expect((await answer)[4]).toBe(13)
  share.dispose()
})

test('`..` leads out of a file system that is mounted in another', async () => {
  const [outer, inner] = [new Tmpfs(memoryFile(1 << 20)), new Tmpfs(memoryFile(1 << 20))]
  const share = await shareOf(outer)
  const {client, root} = share
  mount(childLocation(root, 'inner', outer.root.mkdir('inner', 0o755, ROOT)), inner)
  expect((await client.stat('inner/..')).qid.path).toBe((await client.stat('')).qid.path)
  share.dispose()
})
