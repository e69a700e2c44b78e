// Names and attributes in a share over 9P, beyond ../share/files.test.ts: links, directories, renames, removals; node:fs is the oracle.

import * as fs from 'node:fs'
import {join} from 'node:path'
import {afterAll, beforeAll, beforeEach, describe, expect, test} from 'vitest'
import {S_IFBLK, S_IFCHR, S_IFIFO, S_IFREG, S_IFSOCK} from '../../../../src/abi/file-mode.ts'
import type {Client} from '../../../helpers/9p-client.ts'
import {u32} from '../../../helpers/9p-message.ts'
import {failure} from '../../../helpers/failure.ts'
import {type HostShare, hostShare} from '../../../helpers/share.ts'

const isRoot = process.geteuid?.() === 0

let share: HostShare
let client: Client
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

describe('attributes', () => {
  test('are those of stat(2), in nanoseconds', async () => {
    fs.writeFileSync(on('f'), 'content', {mode: 0o640})
    fs.linkSync(on('f'), on('g'))
    fs.utimesSync(on('f'), 1.25, 1_700_000_000.5)
    const {ino, mode, uid, gid, nlink, rdev, size, blksize, blocks, atimeNs, mtimeNs, ctimeNs} = fs.statSync(
      on('f'),
      {bigint: true},
    )
    const numbers = Object.entries({mode, uid, gid, nlink, rdev, size, blksize, blocks})
    const stat = await client.stat(at('f'))
    expect(stat).toMatchObject(Object.fromEntries(numbers.map(([name, value]) => [name, Number(value)])))
    expect(stat).toMatchObject({atimeNs, mtimeNs, ctimeNs})
    expect(stat.qid).toMatchObject({type: 0, path: Number(ino)})
  })

  test('of links are their own, and a qid says what is a link and a directory', async () => {
    fs.mkdirSync(on('d'))
    fs.symlinkSync('d', on('l'))
    expect(await client.stat(at('l'))).toMatchObject({
      size: 1,
      mode: fs.lstatSync(on('l')).mode,
      qid: {type: 2},
    })
    expect(await client.stat(at('d'))).toMatchObject({qid: {type: 0x80}})
  })

  test('before 1970 are times, too', async () => {
    fs.writeFileSync(on('f'), '')
    await client.with(at('f'), (fid) => client.setattr(fid, 0x1b0, {atime: -1.5, mtime: -100_000}))
    expect(fs.statSync(on('f'))).toMatchObject({atimeMs: -1500, mtimeMs: -100_000_000})
    expect(await client.stat(at('f'))).toMatchObject({
      atimeNs: -1_500_000_000n,
      mtimeNs: -100_000_000_000_000n,
    })
  })

  test('are changed one by one, and the others stay', async () => {
    fs.writeFileSync(on('f'), 'content', {mode: 0o600})
    fs.utimesSync(on('f'), 10, 20)
    await client.with(at('f'), async (fid) => {
      await client.setattr(fid, 1, {mode: 0o100644})
      expect(fs.statSync(on('f'))).toMatchObject({mode: 0o100644, mtimeMs: 20_000})
      await client.setattr(fid, 0x120, {mtime: 30.25, atime: 99})
      expect(fs.statSync(on('f'))).toMatchObject({atimeMs: 10_000, mtimeMs: 30_250})
      const before = Date.now() - 1000
      await client.setattr(fid, 0x10, {atime: 5})
      expect(fs.statSync(on('f')).atimeMs).toBeGreaterThan(before)
      expect(fs.statSync(on('f')).mtimeMs).toBe(30_250)
    })
  })

  test('have an owner that root can change, also a link’s', async () => {
    fs.symlinkSync('nowhere', on('l'))
    const change = client.with(at('l'), (fid) => client.setattr(fid, 6, {uid: 5, gid: 6}))
    expect(await failure(change)).toBe(isRoot ? 'no error' : 'EPERM')
    const {uid, gid} = fs.lstatSync(on('l'))
    expect([uid, gid]).toEqual(isRoot ? [5, 6] : [process.geteuid?.(), process.getegid?.()])
  })

  test('that make no sense change nothing', async () => {
    fs.mkdirSync(on('d'))
    fs.writeFileSync(on('f'), 'x')
    expect(await failure(client.truncate(at('d'), 0))).toBe('EISDIR')
    expect(await failure(client.truncate(at('f'), 2 ** 53))).toBe('EFBIG')
    expect(
      await failure(client.with(at('f'), (fid) => client.setattr(fid, 0x90, {atime: 0.9999999999}))),
    ).toBe('EINVAL')
    expect(fs.readFileSync(on('f'), 'utf8')).toBe('x')
  })

  test('of a file that the host has replaced are stale', async () => {
    fs.writeFileSync(on('f'), 'old')
    fs.writeFileSync(on('new'), 'new')
    const fid = await client.walk(at('f'))
    fs.renameSync(on('new'), on('f'))
    expect(await failure(client.getattr(fid))).toBe('ESTALE')
    expect(await failure(client.setattr(fid, 1, {mode: 0}))).toBe('ESTALE')
    expect(await failure(client.lopen(fid, 0))).toBe('ESTALE')
    expect(fs.readFileSync(on('f'), 'utf8')).toBe('new')
    await client.clunk(fid)
  })
})

describe('links', () => {
  test('no walk follows one, and nobody opens one', async () => {
    fs.mkdirSync(on('d'))
    fs.writeFileSync(on('d/f'), '')
    fs.symlinkSync('d', on('l'))
    expect(await failure(client.walk(at('l/f')))).toBe('ENOTDIR')
    expect(await failure(client.with(at('l'), (fid) => client.walk('f', fid)))).toBe('ENOTDIR')
    expect(await failure(client.open(at('l')))).toBe('ELOOP')
    expect(await failure(client.create(at('l')))).toBe('ELOOP')
    expect(await failure(client.readlink(at('d')))).toBe('EINVAL')
  })
})

describe('special files', () => {
  test('fifos and sockets are made, devices are not, and none is opened', async () => {
    for (const kind of [S_IFIFO, S_IFSOCK]) {
      const name = `n${kind}`
      await client.mknod(at(name), kind | 0o600)
      expect(fs.statSync(on(name)).mode).toBe(kind | 0o600)
      expect(await failure(client.open(at(name)))).toBe('ENXIO')
      expect(await failure(client.create(at(name)))).toBe('ENXIO')
    }
    for (const kind of [S_IFCHR, S_IFBLK])
      expect(await failure(client.mknod(at('x'), kind | 0o600, 1, 3))).toBe('EPERM')
    expect(await failure(client.mknod(at('x'), S_IFCHR | 0o600, 0x1000, 0))).toBe('EINVAL')
    await client.mknod(at('f'), S_IFREG | 0o604)
    expect(fs.statSync(on('f')).mode).toBe(0o100604)
  })
})

describe('names', () => {
  test('that are taken, missing, too long or none are refused as Linux does', async () => {
    fs.mkdirSync(on('d'))
    fs.writeFileSync(on('d/f'), '')
    fs.writeFileSync(on('f'), '')
    const long = 'x'.repeat(256)
    const cases: [() => Promise<unknown>, string][] = [
      [() => client.mkdir(at('d')), 'EEXIST'],
      [() => client.mkdir(at('f/x')), 'ENOTDIR'],
      [() => client.with(at('f'), (fid) => client.call(72, u32(fid), 'x', u32(0), u32(0))), 'ENOTDIR'],
      [() => client.walk(at('none')), 'ENOENT'],
      [() => client.walk(at(long)), 'ENAMETOOLONG'],
      [() => client.mkdir(at(long)), 'ENAMETOOLONG'],
      [() => client.mkdir(at('.')), 'EEXIST'],
      [() => client.mkdir(at('..')), 'EEXIST'],
      [() => client.mkdir(at('')), 'ENOENT'],
      [() => client.rmdir(at('d')), 'ENOTEMPTY'],
      [() => client.rmdir(at('f')), 'ENOTDIR'],
      [() => client.rmdir(at('.')), 'EINVAL'],
      [() => client.rmdir(at('..')), 'ENOTEMPTY'],
      [() => client.unlink(at('d')), 'EISDIR'],
      [() => client.unlink(at('none')), 'ENOENT'],
      [() => client.unlink(at('f'), 1), 'EINVAL'],
      [() => client.symlink('a\0b', at('x')), 'EINVAL'],
      [() => client.rename(at('none'), at('x')), 'ENOENT'],
      [() => client.rename(at('f'), at('d')), 'EISDIR'],
      [() => client.rename(at('d'), at('f')), 'ENOTDIR'],
      [() => client.rename(at('d'), at('d/e')), 'EINVAL'],
      [() => client.rename(at('.'), at('x')), 'EBUSY'],
    ]
    for (const [call, code] of cases) expect(await failure(call())).toBe(code)
    expect(fs.readdirSync(on('')).sort()).toEqual(['d', 'f'])
  })

  test('move by the fid of what moves, again and again, and go by it', async () => {
    fs.mkdirSync(on('d'))
    fs.writeFileSync(on('f'), 'x')
    const [file, from, to] = [
      await client.walk(at('f')),
      await client.walk(folder),
      await client.walk(at('d')),
    ]
    await client.call(20, u32(file), u32(to), 'g')
    await client.call(20, u32(file), u32(from), 'h')
    expect(fs.readdirSync(on('')).sort()).toEqual(['d', 'h'])
    await client.call(20, u32(to), u32(from), 'e')
    await client.call(122, u32(file))
    await client.call(122, u32(to))
    expect(fs.readdirSync(on(''))).toEqual([])
    expect(await failure(client.clunk(file))).toBe('EBADF')
    await client.clunk(from)
  })

  test('by a fid: the root stays, and the fid goes also when the file does not', async () => {
    fs.mkdirSync(on('d'))
    fs.writeFileSync(on('d/f'), '')
    const [directory, root] = [await client.walk(at('d')), await client.walk('')]
    expect(await failure(client.call(122, u32(directory)))).toBe('ENOTEMPTY')
    expect(await failure(client.clunk(directory))).toBe('EBADF')
    expect(await failure(client.call(122, u32(root)))).toBe('EBUSY')
    expect(fs.existsSync(on('d/f'))).toBe(true)
  })

  test('of one file: the one that it was reached by goes', async () => {
    fs.writeFileSync(on('f'), '')
    fs.linkSync(on('f'), on('g'))
    const [first, second] = [await client.walk(at('f')), await client.walk(at('g'))]
    await client.call(122, u32(first))
    expect(fs.readdirSync(on(''))).toEqual(['g'])
    await client.clunk(second)
  })

  test('are known by a fid whatever else was looked at meanwhile', async () => {
    fs.mkdirSync(on('d'))
    fs.writeFileSync(on('d/f'), 'x')
    const fid = await client.walk(at('d/f'))
    // The share's memory has room for 256 nodes.
    for (let i = 0; i < 600; i++) {
      fs.writeFileSync(on(`other${i}`), '')
      await client.stat(at(`other${i}`))
    }
    await client.rename(at('d'), at('e'))
    await client.rename(at('e/f'), at('e/g'))
    expect(await client.getattr(fid)).toMatchObject({size: 1})
    await client.clunk(fid)
  })
})
