// Files and directories in a share over 9P, beyond ../share/files.test.ts: node:fs sees what the machine does, and the reverse.

import * as fs from 'node:fs'
import {join} from 'node:path'
import {afterAll, beforeAll, beforeEach, describe, expect, test} from 'vitest'
import type {Client} from '../../../helpers/9p-client.ts'
import {u32, u64} from '../../../helpers/9p-message.ts'
import {failure} from '../../../helpers/failure.ts'
import {type HostShare, hostShare} from '../../../helpers/share.ts'

const O_RDWR = 2

let share: HostShare
let client: Client
/** Each test has a directory of its own. */
let folder: string
const on = (name: string): string => join(share.path, folder, name)
const at = (name: string): string => `${folder}/${name}`

beforeAll(async () => {
  share = await hostShare()
  client = share.client
})
afterAll(() => share.dispose())
beforeEach(() => {
  folder = fs.mkdtempSync(join(share.path, 't')).slice(share.path.length + 1)
})

describe('content', () => {
  test('lies where it is written, beyond 4 GiB too, with a hole before it', async () => {
    const offset = 2 ** 33 + 5
    const fid = await client.create(at('sparse'))
    expect(await client.write(fid, offset, Buffer.from('end'))).toBe(3)
    expect((await client.read(fid, offset - 2, 10)).toString('latin1')).toBe('\0\0end')
    await client.clunk(fid)
    expect(fs.statSync(on('sparse')).size).toBe(offset + 3)
  })

  test('is read short at its end, and not at all behind it', async () => {
    fs.writeFileSync(on('f'), 'content')
    const fid = await client.open(at('f'))
    expect((await client.read(fid, 4, 100)).toString()).toBe('ent')
    for (const offset of [7, 8, 2 ** 40]) expect(await client.read(fid, offset, 100)).toHaveLength(0)
    const farthest = Buffer.from('ffffffffffffff7f', 'hex')
    expect((await client.call(116, u32(fid), farthest, u32(5))).data()).toHaveLength(0)
    await client.clunk(fid)
  })

  test('is not written where no file reaches', async () => {
    const fid = await client.create(at('f'))
    const farthest = Buffer.from('ffffffffffffff7f', 'hex')
    expect(await failure(client.call(118, u32(fid), farthest, u32(1), Buffer.from('x')))).toBe('EFBIG')
    await client.clunk(fid)
    expect(fs.statSync(on('f')).size).toBe(0)
  })

  test('reaches the disk by fsync, of files and directories', async () => {
    const fid = await client.create(at('f'))
    await client.call(50, u32(fid), u32(0))
    await client.clunk(fid)
    const directory = await client.open(folder)
    await client.call(50, u32(directory), u32(1))
    await client.clunk(directory)
    await client.with(folder, async (closed) => {
      expect(await failure(client.call(50, u32(closed), u32(0)))).toBe('EBADF')
    })
  })
})

describe('a file that is open', () => {
  test('lives on without its name, and all of it can be asked for', async () => {
    const path = await client.create(at('gone'), O_RDWR, 0o640)
    const attributes = await client.walk(at('gone'))
    await client.write(path, 0, Buffer.from('still here'))
    fs.unlinkSync(on('gone'))
    expect((await client.read(path, 6, 10)).toString()).toBe('here')
    expect(await client.getattr(attributes)).toMatchObject({size: 10, nlink: 0, mode: 0o100640})
    await client.clunk(path)
    expect(await failure(client.getattr(attributes))).toBe('ENOENT')
    await client.clunk(attributes)
  })

  test('keeps its fid from leading elsewhere', async () => {
    const fid = await client.open(folder)
    expect(await failure(client.call(110, u32(fid), u32(fid), Buffer.from([0, 0])))).toBe('EINVAL')
    expect(await failure(client.call(14, u32(fid), 'f', u32(2), u32(0o600), u32(0)))).toBe('EINVAL')
    await client.clunk(fid)
  })
})

describe('what is made', () => {
  test('turns the fid of the directory into its own', async () => {
    const fid = await client.create(at('f'))
    expect((await client.getattr(fid)).qid.path).toBe(fs.statSync(on('f')).ino)
    await client.clunk(fid)
  })

  test('is its user’s, where hv can give it away, and else of who runs hv', async () => {
    const [user, group] =
      process.geteuid?.() === 0 ? [1234, 4321] : [process.geteuid?.(), process.getegid?.()]
    const fid = client.newFid()
    await client.attach(fid, 1234)
    const directory = await client.walk(folder, fid)
    await client.call(72, u32(directory), 'd', u32(0o755), u32(4321))
    await client.call(14, u32(directory), 'f', u32(2), u32(0o600), u32(4321))
    for (const each of [directory, fid]) await client.clunk(each)
    for (const name of ['d', 'f']) expect(fs.statSync(on(name))).toMatchObject({uid: user, gid: group})
  })
})

describe('a directory', () => {
  test('says of each entry its number and type, and of itself and its parent too', async () => {
    fs.mkdirSync(on('d'))
    fs.writeFileSync(on('f'), '')
    fs.symlinkSync('f', on('l'))
    const fid = await client.open(folder)
    const entries = await client.readdir(fid, 0, 4096)
    await client.clunk(fid)
    const of = (name: string) => entries.find((entry) => entry.name === name)!
    expect(of('.').qid.path).toBe(fs.statSync(on('.')).ino)
    expect(of('..').qid.path).toBe(fs.statSync(share.path).ino)
    expect(of('d')).toMatchObject({type: 4, qid: {type: 0x80, path: fs.statSync(on('d')).ino}})
    expect(of('f')).toMatchObject({type: 8, qid: {type: 0, path: fs.statSync(on('f')).ino}})
    expect(of('l')).toMatchObject({type: 10, qid: {type: 2, path: fs.lstatSync(on('l')).ino}})
  })

  test('is not read by Tread, nor into less room than a name takes', async () => {
    fs.writeFileSync(on('a'.repeat(200)), '')
    const fid = await client.open(folder)
    expect(await failure(client.read(fid, 0, 100))).toBe('EISDIR')
    const dots = await client.readdir(fid, 0, 60)
    expect(dots.map(({name}) => name).sort()).toEqual(['.', '..'])
    expect(await failure(client.readdir(fid, dots[1].offset, 100))).toBe('EINVAL')
    expect(await client.readdir(fid, 2 ** 40, 4096)).toEqual([])
    await client.clunk(fid)
    expect(await failure(client.open(folder, O_RDWR))).toBe('EISDIR')
    const file = await client.open(at('a'.repeat(200)))
    expect(await failure(client.readdir(file, 0, 4096))).toBe('ENOTDIR')
    await client.clunk(file)
  })
})

describe('statfs', () => {
  test('is the host file system’s', async () => {
    const {bsize, blocks, files, type} = fs.statfsSync(share.path)
    const answer = await client.call(8, u32(0))
    expect([answer.u32(), answer.u32(), answer.u64()]).toEqual([type, bsize, blocks])
    answer.u64()
    answer.u64()
    expect(answer.u64()).toBe(files)
    answer.u64()
    answer.u64()
    expect(answer.u32()).toBe(255)
  })
})

describe('extended attributes', () => {
  test('there are none: the list is empty, and none can be read or set', async () => {
    fs.writeFileSync(on('f'), '')
    await client.with(at('f'), async (fid) => {
      const list = client.newFid()
      expect((await client.call(30, u32(fid), u32(list), '')).u64()).toBe(0)
      expect(await client.read(list, 0, 100)).toHaveLength(0)
      await client.clunk(list)
      expect(await failure(client.call(30, u32(fid), u32(list), 'user.x'))).toBe('EOPNOTSUPP')
      expect(await failure(client.call(32, u32(fid), 'user.x', u64(1), u32(0)))).toBe('EOPNOTSUPP')
      expect(await failure(client.clunk(list))).toBe('EBADF')
    })
  })
})
