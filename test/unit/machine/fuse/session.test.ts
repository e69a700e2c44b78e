// What keeps a machine within its share: versions, limits, broken requests, read-only shares, missing operations.

import * as fs from 'node:fs'
import {join} from 'node:path'
import {afterEach, beforeEach, describe, expect, test} from 'vitest'
import {failure} from '../../../helpers/failure.ts'
import {u32, u64} from '../../../helpers/fields.ts'
import {type FuseClient, ROOT} from '../../../helpers/fuse-client.ts'
import {Op, request} from '../../../helpers/fuse-message.ts'
import {type FuseHostShare, fuseHostShare} from '../../../helpers/share.ts'

let share: FuseHostShare
let client: FuseClient
const on = (name: string): string => join(share.path, name)

beforeEach(async () => {
  share = await fuseHostShare()
  client = share.client
})
afterEach(() => share.dispose())

const openDescriptors = (): number => fs.readdirSync('/proc/self/fd').length

describe('INIT', () => {
  test('agrees on 7.31, 512 KiB in 128 pages, and flags that both have', async () => {
    const answer = await client.init(7, 41)
    expect([answer.u32(), answer.u32(), answer.u32()]).toEqual([7, 31, 1 << 19])
    const flags = answer.u32()
    answer.u32()
    expect([answer.u32(), answer.u32(), answer.u16()]).toEqual([1 << 19, 1, 128])
    expect(answer.bytes).toHaveLength(80)
    // READDIRPLUS, parallel operations, big writes, read-ahead, pages; no write cache, and no locks.
    for (const bit of [13, 18, 5, 0, 22]) expect(flags & (1 << bit)).not.toBe(0)
    for (const bit of [1, 10, 16]) expect(flags & (1 << bit)).toBe(0)
  })

  test('offers no flag that the kernel does not know', async () => {
    const answer = await client.call(Op.init, ROOT, u32(7), u32(31), u32(4096), u32(1 << 5))
    expect(answer.bytes.readUInt32LE(28)).toBe(1 << 5)
  })

  test('says which protocol it speaks to a newer kernel, and refuses an older one', async () => {
    const newer = await client.init(8, 0)
    expect([newer.u32(), newer.u32()]).toEqual([7, 31])
    expect(await failure(client.stat(''))).toBe('EPROTO')
    expect(await failure(client.init(7, 30))).toBe('EPROTO')
    await client.init(7, 31)
    expect(await client.names('')).toEqual([])
  })

  test('comes first, and once more closes and forgets all', async () => {
    const before = openDescriptors()
    const file = await client.create('f')
    await client.init()
    expect(openDescriptors()).toBe(before)
    expect(await failure(client.read(file, 0, 1))).toBe('EBADF')
  })
})

test('DESTROY ends the session', async () => {
  const before = openDescriptors()
  await client.create('f')
  await client.call(Op.destroy, ROOT)
  expect(openDescriptors()).toBe(before)
  expect(await failure(client.stat(''))).toBe('EPROTO')
})

test('a server that is closed answers EIO', async () => {
  share.server.close()
  expect(await failure(client.init())).toBe('EIO')
  expect(await failure(client.stat(''))).toBe('EIO')
})

test('only so many files are open at a time', async () => {
  const few = await fuseHostShare({openFiles: 2})
  const files = [await few.client.create('a'), await few.client.create('b')]
  for (const call of [() => few.client.open('a'), () => few.client.open(''), () => few.client.create('c')])
    expect(await failure(call())).toBe('ENFILE')
  expect(fs.readdirSync(few.path).sort()).toEqual(['a', 'b'])
  await few.client.close(files[0])
  await few.client.open('')
  few.dispose()
})

test('a read-only share is read, and not changed', async () => {
  const readOnly = await fuseHostShare({}, true)
  fs.writeFileSync(join(readOnly.path, 'f'), 'content')
  const {client: reader} = readOnly
  expect((await reader.readFile('f')).toString()).toBe('content')
  const calls = [
    () => reader.create('g'),
    () => reader.open('f', 1),
    () => reader.mkdir('d'),
    () => reader.symlink('x', 'l'),
    () => reader.link('f', 'g'),
    () => reader.unlink('f'),
    () => reader.rename('f', 'g'),
    () => reader.chmod('f', 0o600),
    () => reader.truncate('f', 0),
    () => reader.mknod('p', 0o010600),
  ]
  for (const call of calls) expect(await failure(call())).toBe('EROFS')
  readOnly.dispose()
})

describe('a request', () => {
  test('that is cut, or longer than it says, does no harm', async () => {
    const whole = request(Op.lookup, {}, 'name')
    for (let length = 0; length < whole.length; length++) {
      const cut = await client.send(whole.subarray(0, length))
      expect(cut.error).toBe(71)
    }
    const long = Buffer.concat([request(Op.getattr, {}, u32(0), u32(0), u64(0)), Buffer.alloc(100, 'x')])
    expect((await client.send(long)).error).toBe(0)
    const grown = Buffer.from(whole)
    grown.writeUInt32LE(0xffff_ffff, 0)
    expect((await client.send(grown)).error).toBe(71)
  })

  test('whose text does not end is none', async () => {
    expect(await failure(client.call(Op.lookup, ROOT, Buffer.from('name')))).toBe('EPROTO')
    expect(await failure(client.call(Op.rename, ROOT, u64(1), 'f', Buffer.from('g')))).toBe('EPROTO')
  })

  test('with more data than it has is none', async () => {
    const file = await client.create('f')
    const fields = [u64(file), u64(0), u32(100), u32(0), u64(0), u32(0), u32(0), Buffer.alloc(99)]
    expect(await failure(client.call(Op.write, ROOT, ...fields))).toBe('EPROTO')
    expect(fs.statSync(on('f')).size).toBe(0)
  })

  test('about files and handles that are none fails', async () => {
    for (const node of [0, 2, 99, 2 ** 53, 0xffff_ffff]) {
      expect(await failure(client.getattrOf(node))).toBe('ESTALE')
      expect(await failure(client.lookup(node, 'f'))).toBe('ESTALE')
    }
    for (const opcode of [Op.read, Op.release, Op.fsync, Op.readdir, Op.fallocate])
      expect(await failure(client.call(opcode, ROOT, u64(7), new Uint8Array(40)))).toBe('EBADF')
  })

  test('that is not there is ENOSYS: a Linux asks once', async () => {
    const opcodes = [
      Op.getxattr,
      Op.setxattr,
      Op.listxattr,
      Op.removexattr,
      Op.flush,
      Op.getlk,
      Op.setlk,
      Op.setlkw,
      Op.lseek,
      37,
      39,
      40,
      47,
      51,
      99,
    ]
    for (const opcode of opcodes)
      expect(await failure(client.call(opcode, ROOT, new Uint8Array(64)))).toBe('ENOSYS')
  })

  test('to interrupt another has no answer, and an access check of what is there none to make', async () => {
    expect(await share.server.answer(request(Op.interrupt, {}, u64(5)))).toHaveLength(0)
    expect(await failure(client.call(Op.access, ROOT, u32(2), u32(0)))).toBe('no error')
    expect(await failure(client.call(Op.access, 99, u32(2), u32(0)))).toBe('ESTALE')
  })
})
