// What keeps a machine within its share: sizes and versions, limits of fids and files, broken messages, read-only shares.

import * as fs from 'node:fs'
import {join} from 'node:path'
import {afterEach, beforeEach, describe, expect, test} from 'vitest'
import {Server} from '../../../../src/machine/9p/server.ts'
import {Client, NO_FID} from '../../../helpers/9p-client.ts'
import {message, u16, u32, u64} from '../../../helpers/9p-message.ts'
import {failure} from '../../../helpers/failure.ts'
import {type HostShare, hostShare} from '../../../helpers/share.ts'

let share: HostShare
let client: Client
const on = (name: string): string => join(share.path, name)

beforeEach(async () => {
  share = await hostShare()
  client = share.client
})
afterEach(() => share.dispose())

/** An open file's fid. */
const FILE = 1000

const openDescriptors = (): number => fs.readdirSync('/proc/self/fd').length

describe('Tversion', () => {
  test('agrees on a size between 4 KiB and 512 KiB, and no message is longer', async () => {
    expect(await client.version(1 << 30)).toBe(1 << 19)
    expect(await client.version(8192)).toBe(8192)
    expect(await failure(client.version(4095))).toBe('EMSGSIZE')
    await client.mount({messageBytes: 4096})
    fs.writeFileSync(on('f'), 'x'.repeat(10_000))
    const fid = await client.open('f')
    expect((await client.send(message(116, 1, u32(fid), u64(0), u32(1 << 30)))).bytes).toHaveLength(4096)
    const long = message(118, 1, u32(fid), u64(0), u32(4090), new Uint8Array(4090))
    expect((await client.send(long)).u32()).toBe(90)
  })

  test('knows one protocol, and nothing is answered before it is spoken', async () => {
    const answer = await client.call(100, u32(8192), '9P2000.u')
    expect([answer.u32(), answer.text()]).toEqual([8192, 'unknown'])
    expect(await failure(client.attach(0, 0))).toBe('EPROTO')
    await client.mount()
    expect(await client.names('')).toEqual([])
  })

  test('starts anew: all fids are gone, and what was open is closed', async () => {
    const before = openDescriptors()
    const fids = [await client.create('a'), await client.create('b'), await client.open('')]
    await client.version(8192)
    for (const fid of [0, ...fids]) expect(await failure(client.clunk(fid))).toBe('EBADF')
    // One of the share's directories may stay open.
    expect(openDescriptors() - before).toBeLessThan(2)
  })
})

describe('Tattach', () => {
  test('begins where aname says, and `..` leads no further up', async () => {
    fs.mkdirSync(on('d/e'), {recursive: true})
    fs.writeFileSync(on('d/e/f'), 'x')
    await client.attach(50, 0, '/d/e')
    const up = await client.walk('..', 50)
    expect((await client.getattr(up)).qid).toEqual((await client.stat('d/e')).qid)
    expect((await client.with('d', async () => client.walk('f', 50))) > 0).toBe(true)
    expect(await failure(client.attach(51, 0, '../..'))).toBe('no error')
    expect((await client.getattr(51)).qid.path).toBe(fs.statSync(share.path).ino)
    fs.symlinkSync('/etc', on('l'))
    expect(await failure(client.attach(52, 0, 'l/passwd'))).toBe('ENOTDIR')
    expect(await failure(client.attach(52, 0, 'none'))).toBe('ENOENT')
  })

  test('takes no authentication, and no number that is taken or none', async () => {
    expect(await failure(client.call(102, u32(5), 'user', '', u32(0)))).toBe('EOPNOTSUPP')
    expect(await failure(client.call(104, u32(5), u32(6), 'user', '', u32(0)))).toBe('EINVAL')
    expect(await failure(client.attach(0, 0))).toBe('EINVAL')
    expect(await failure(client.attach(NO_FID, 0))).toBe('EINVAL')
  })
})

describe('Twalk', () => {
  test('goes as far as it can, and gives a fid only at the end', async () => {
    fs.mkdirSync(on('a/b'), {recursive: true})
    const answer = await client.call(110, u32(0), u32(9), u16(4), 'a', 'b', 'none', 'x')
    expect(answer.u16()).toBe(2)
    answer.qid()
    expect(answer.qid().path).toBe(fs.statSync(on('a/b')).ino)
    expect(await failure(client.clunk(9))).toBe('EBADF')
    expect(await failure(client.call(110, u32(0), u32(9), u16(1), 'none'))).toBe('ENOENT')
  })

  test('moves its own fid, copies one by no names, and takes no number twice', async () => {
    fs.mkdirSync(on('a/b'), {recursive: true})
    await client.call(110, u32(0), u32(9), u16(0))
    await client.call(110, u32(9), u32(9), u16(2), 'a', 'b')
    expect((await client.getattr(9)).qid.path).toBe(fs.statSync(on('a/b')).ino)
    await client.call(110, u32(9), u32(9), u16(3), '..', '.', '..')
    expect((await client.getattr(9)).qid.path).toBe(fs.statSync(share.path).ino)
    expect(await failure(client.call(110, u32(0), u32(9), u16(0)))).toBe('EINVAL')
    expect(await failure(client.call(110, u32(8), u32(10), u16(0)))).toBe('EBADF')
    const names = Array.from({length: 17}, () => '.')
    expect(await failure(client.call(110, u32(0), u32(10), u16(17), ...names))).toBe('EINVAL')
  })
})

describe('limits', () => {
  test('fids are as many as are allowed, and come back', async () => {
    const few = await new Client(new Server(share.root, {fids: 10})).mount()
    const fids = [0]
    while (fids.length < 10) fids.push(await few.walk(''))
    expect(await failure(few.walk(''))).toBe('ENFILE')
    expect(await failure(few.attach(99, 0))).toBe('ENFILE')
    // With a number that is in use, no new fid is made.
    await few.call(110, u32(fids[1]), u32(fids[1]), u16(0))
    await few.clunk(fids[1])
    await few.clunk(await few.walk(''))
  })

  test('open files are as many as are allowed, and come back', async () => {
    const few = await new Client(new Server(share.root, {openFiles: 3})).mount()
    fs.writeFileSync(on('f'), '')
    const fids = [await few.create('a'), await few.open('f'), await few.open('')]
    expect(await failure(few.open('f'))).toBe('ENFILE')
    expect(await failure(few.create('b'))).toBe('ENFILE')
    expect(fs.existsSync(on('b'))).toBe(false)
    await few.clunk(fids[0])
    await few.clunk(await few.open('f'))
  })

  test('a server that is closed has nothing open, and answers nothing more', async () => {
    const before = openDescriptors()
    const server = new Server(share.root)
    const other = await new Client(server).mount()
    await other.create('a')
    await other.open('')
    server.close()
    expect(openDescriptors() - before).toBeLessThan(2)
    expect(await failure(other.stat('a'))).toBe('EIO')
    expect(await failure(other.version(8192))).toBe('EIO')
  })
})

describe('broken messages', () => {
  test.each([
    ['nothing at all', new Uint8Array(0)],
    ['half a header', message(100, 1).subarray(0, 6)],
    [
      'a size that is more than there is',
      Buffer.concat([Buffer.from([200, 0, 0, 0]), message(120, 1, u32(0)).subarray(4)]),
    ],
    [
      'a size that is less than a header',
      Buffer.concat([Buffer.from([6, 0, 0, 0]), message(120, 1, u32(0)).subarray(4)]),
    ],
    [
      'a size that ends within a field',
      Buffer.concat([Buffer.from([9, 0, 0, 0]), message(120, 1, u32(0)).subarray(4)]),
    ],
    ['a string longer than the message', message(76, 1, u32(0), u16(500), Buffer.from('abc'))],
    ['more data than the message has', message(118, 1, u32(FILE), u64(0), u32(NO_FID), Buffer.from('x'))],
    ['more names than the message has', message(110, 1, u32(0), u32(5), u16(16), 'a')],
  ])('%s is refused', async (_, bytes) => {
    await client.call(110, u32(0), u32(FILE), u16(0))
    await client.call(14, u32(FILE), 'f', u32(2), u32(0o600), u32(0))
    const answer = await client.send(bytes)
    expect(answer.type).toBe(7)
    // EPROTO.
    expect(answer.u32()).toBe(71)
    expect(await client.names('')).toEqual(['f'])
  })

  test('of a kind that there is not are refused', async () => {
    for (const type of [0, 6, 7, 106, 112, 114, 124, 126, 200, 255])
      expect((await client.send(message(type, 3))).u32()).toBe(95)
  })

  test('an answer has the tag of its request', async () => {
    for (const tag of [0, 1, 0xfffe]) expect((await client.send(message(8, tag, u32(0)))).tag).toBe(tag)
  })
})

test('a read-only share is read, and nothing of it is changed', async () => {
  const readOnly = await hostShare({}, true)
  const own = readOnly.client
  try {
    fs.mkdirSync(join(readOnly.path, 'd'))
    fs.writeFileSync(join(readOnly.path, 'f'), 'x')
    const before = fs.statSync(join(readOnly.path, 'f'), {bigint: true}).ctimeNs
    expect((await own.readFile('f')).toString()).toBe('x')
    expect(await own.names('')).toEqual(['d', 'f'])
    const changes = [
      () => own.open('f', 1),
      () => own.open('f', 2),
      () => own.open('f', 0o1000),
      () => own.create('g'),
      () => own.create('f', 2),
      () => own.mkdir('e'),
      () => own.mknod('p', 0o010600),
      () => own.symlink('f', 'l'),
      () => own.link('f', 'g'),
      () => own.rename('f', 'g'),
      () => own.unlink('f'),
      () => own.rmdir('d'),
      () => own.chmod('f', 0),
      () => own.truncate('f', 0),
      () => own.with('f', (fid) => own.setattr(fid, 0x30, {})),
      () => own.with('f', (fid) => own.setattr(fid, 6, {uid: 1, gid: 1})),
      async () => own.call(122, u32(await own.walk('f'))),
    ]
    for (const change of changes) expect(await failure(change())).toBe('EROFS')
    expect(fs.readdirSync(readOnly.path).sort()).toEqual(['d', 'f'])
    expect(fs.statSync(join(readOnly.path, 'f'), {bigint: true}).ctimeNs).toBe(before)
  } finally {
    readOnly.dispose()
  }
})
