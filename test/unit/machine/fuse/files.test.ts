// Files and directories in a share over FUSE, beyond ../share/files.test.ts: node:fs sees what the machine does, and the reverse.

import * as fs from 'node:fs'
import {join} from 'node:path'
import {afterAll, beforeAll, beforeEach, describe, expect, test} from 'vitest'
import {Tmpfs} from '../../../../src/vfs/fs/tmpfs.ts'
import {failure} from '../../../helpers/failure.ts'
import {u32, u64} from '../../../helpers/fields.ts'
import type {FuseClient} from '../../../helpers/fuse-client.ts'
import {Op} from '../../../helpers/fuse-message.ts'
import {memoryFile} from '../../../helpers/memory-file.ts'
import {type FuseHostShare, fuseHostShare, fuseShareOf} from '../../../helpers/share.ts'

const O_RDWR = 2
const O_APPEND = 0o2000
const KEEP_SIZE = 1
const PUNCH_HOLE = 2

let share: FuseHostShare
let client: FuseClient
/** Each test has a directory of its own. */
let folder: string
const on = (name: string): string => join(share.path, folder, name)
const at = (name: string): string => `${folder}/${name}`

beforeAll(async () => {
  share = await fuseHostShare()
  client = share.client
})
afterAll(() => share.dispose())
beforeEach(() => {
  folder = fs.mkdtempSync(join(share.path, 't')).slice(share.path.length + 1)
})

/** Bytes that differ at each place. */
const pattern = (bytes: number): Buffer =>
  Buffer.from(Uint32Array.from({length: bytes / 4}, (_, i) => Math.imul(i + 1, 0x9e3779b1)).buffer)

describe('content', () => {
  test('lies where it is written, beyond 4 GiB too, and is read short at its end', async () => {
    const offset = 2 ** 33 + 5
    const file = await client.create(at('sparse'))
    expect(await client.write(file, offset, Buffer.from('end'))).toBe(3)
    expect((await client.read(file, offset - 2, 10)).toString('latin1')).toBe('\0\0end')
    for (const behind of [offset + 3, offset + 4, 2 ** 52, -1])
      expect(await client.read(file, behind, 9)).toHaveLength(0)
    expect(await failure(client.write(file, 2 ** 52, Buffer.from('x')))).toBe('EFBIG')
    await client.close(file)
    expect(fs.statSync(on('sparse')).size).toBe(offset + 3)
  })

  test('is appended when the flags say so now, and lies where a mapping has it', async () => {
    fs.writeFileSync(on('f'), 'abc')
    const file = await client.open(at('f'), O_RDWR)
    await client.write(file, 0, Buffer.from('d'), O_RDWR | O_APPEND)
    await client.write(file, 0, Buffer.from('A'), O_RDWR)
    await client.write(file, 1, Buffer.from('B'), O_RDWR | O_APPEND, 1)
    await client.close(file)
    expect(fs.readFileSync(on('f'), 'utf8')).toBe('ABcd')
  })

  test('reaches the disk by FSYNC, of files and directories', async () => {
    for (const [opcode, file] of [
      [Op.fsync, await client.create(at('f'))],
      [Op.fsyncdir, await client.open(folder)],
    ]) {
      await client.call(opcode, client.nodeOf(file), u64(file), u32(0), u32(0))
      await client.close(file)
    }
  })

  test('is allocated, and given up in holes', async () => {
    const file = await client.create(at('f'))
    await client.write(file, 0, pattern(1 << 20))
    const allocate = (mode: number, offset: number, length: number): Promise<unknown> =>
      client.call(Op.fallocate, client.nodeOf(file), u64(file), u64(offset), u64(length), u32(mode), u32(0))
    await allocate(PUNCH_HOLE | KEEP_SIZE, 0, 1 << 19)
    expect(
      fs
        .readFileSync(on('f'))
        .subarray(0, 1 << 19)
        .every((byte) => byte === 0),
    ).toBe(true)
    expect(fs.statSync(on('f')).blocks).toBeLessThan(1 << 11)
    await allocate(0, 0, 2 << 20)
    expect(fs.statSync(on('f')).size).toBe(2 << 20)
    expect(await failure(allocate(0, 0, 0))).toBe('EINVAL')
    expect(await failure(allocate(0, 2 ** 52, 1))).toBe('EFBIG')
    await client.close(file)
  })

  test('of a tree in memory is allocated in turns of the event loop', async () => {
    const tree = await fuseShareOf(new Tmpfs(memoryFile(256 << 20)))
    const file = await tree.client.create('f')
    // More than the vfs reserves at a time, and less than half of the memory.
    const length = 100 << 20
    const answer = await tree.client.call(Op.fallocate, 1, u64(file), u64(0), u64(length), u32(0), u32(0))
    expect(answer.left).toBe(0)
    expect(await tree.client.stat('f')).toMatchObject({size: length, blocks: length / 512})
    tree.dispose()
  })
})

describe('a file that is open', () => {
  test('lives on without its name, also when it is forgotten', async () => {
    const file = await client.create(at('gone'), O_RDWR, 0o640)
    const node = client.nodeOf(file)
    await client.write(file, 0, Buffer.from('still here'))
    await client.unlink(at('gone'))
    expect(await client.getattr(file)).toMatchObject({size: 10, nlink: 0, mode: 0o100640})
    expect(await client.setattr(file, 8, {size: 5})).toMatchObject({size: 5})
    await client.forget(node)
    expect((await client.read(file, 0, 10)).toString()).toBe('still')
    await client.close(file)
  })

  test('is opened whatever flags of other architectures say', async () => {
    // O_DIRECT of arm64 is O_DIRECTORY of x86_64, and O_DIRECTORY is O_DIRECT.
    await client.writeFile(at('f'), 'x')
    for (const flags of [0o40000, 0o200000]) await client.close(await client.open(at('f'), flags))
    for (const flags of [0, 0o40000, 0o200000]) await client.close(await client.open(folder, flags))
    expect(await failure(client.with(at('f'), (node) => client.call(Op.opendir, node, u32(0), u32(0))))).toBe(
      'ENOTDIR',
    )
  })
})

describe('a directory', () => {
  test.each([false, true])(
    'of 3,000 entries is read whole, in answers of any size; PLUS: %s',
    async (isPlus) => {
      const names = Array.from({length: 3000}, (_, i) => `file-${i}-${'x'.repeat(i % 200)}`)
      for (const name of names) fs.writeFileSync(on(name), '')
      for (const count of [512, 4096, 1 << 19]) {
        const entries = await client.list(folder, count, isPlus)
        expect(entries.map(({name}) => name).sort()).toEqual([...names].sort())
      }
    },
  )

  test('says of each entry its number and type, and with PLUS what stat(2) says', async () => {
    fs.mkdirSync(on('d'))
    fs.writeFileSync(on('f'), 'content')
    fs.symlinkSync('f', on('l'))
    const file = await client.open(folder)
    const plain = await client.readdir(file, 0, 4096)
    const plus = await client.readdir(file, 0, 4096, true)
    expect(plus.map(({entry, ...rest}) => rest)).toEqual(plain)
    for (const {name, ino, type, entry} of plus) {
      const {mode, size, ...stat} = fs.lstatSync(on(name))
      expect([ino, type]).toEqual([stat.ino, mode >> 12])
      if (name === '.' || name === '..') expect(entry!.node).toBe(0)
      else expect(entry!.stat).toMatchObject({ino, mode, size})
    }
    await client.close(file)
  })

  test('is not read by READ, nor into less room than a name takes', async () => {
    const file = await client.open(folder)
    expect(await failure(client.read(file, 0, 100))).toBe('EISDIR')
    expect(await failure(client.readdir(file, 0, 31))).toBe('EINVAL')
    expect(await failure(client.readdir(file, 0, 152, true))).toBe('EINVAL')
    expect(await client.readdir(file, 2 ** 40, 4096)).toEqual([])
    await client.close(file)
    const other = await client.create(at('f'))
    expect(await failure(client.readdir(other, 0, 4096))).toBe('ENOTDIR')
    await client.close(other)
  })
})

test('statfs is the host file system’s', async () => {
  const {bsize, blocks, files} = fs.statfsSync(share.path)
  const answer = await client.call(Op.statfs, 1)
  expect(answer.u64()).toBe(blocks)
  answer.take(16)
  expect(answer.u64()).toBe(files)
  answer.take(8)
  expect([answer.u32(), answer.u32()]).toEqual([bsize, 255])
  expect(answer.bytes).toHaveLength(96)
})
