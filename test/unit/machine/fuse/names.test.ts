// Names and attributes in a share over FUSE, beyond ../share/files.test.ts, and ways out of it that are closed; with node:fs as the oracle.

import * as fs from 'node:fs'
import {join} from 'node:path'
import {afterAll, beforeAll, beforeEach, describe, expect, test} from 'vitest'
import {S_IFBLK, S_IFCHR, S_IFIFO, S_IFREG, S_IFSOCK} from '../../../../src/abi/file-mode.ts'
import {failure} from '../../../helpers/failure.ts'
import {u32, u64} from '../../../helpers/fields.ts'
import {type FuseClient, ROOT} from '../../../helpers/fuse-client.ts'
import {Op} from '../../../helpers/fuse-message.ts'
import {type FuseHostShare, fuseHostShare} from '../../../helpers/share.ts'

const isRoot = process.geteuid?.() === 0
const NOREPLACE = 1
const EXCHANGE = 2

let share: FuseHostShare
let client: FuseClient
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

describe('attributes', () => {
  test('are those of stat(2), in nanoseconds, before 1970 too', async () => {
    fs.writeFileSync(on('f'), 'content', {mode: 0o640})
    for (const time of [1_700_000_000.5, -1.75]) {
      fs.utimesSync(on('f'), 1.25, time)
      const {ino, mode, uid, gid, nlink, rdev, size, blksize, blocks, ...times} = fs.statSync(on('f'), {
        bigint: true,
      })
      const numbers = Object.entries({ino, mode, uid, gid, nlink, rdev, size, blksize, blocks})
      const {atimeNs, mtimeNs, ctimeNs} = times
      expect(await client.stat(at('f'))).toEqual({
        ...Object.fromEntries(numbers.map(([name, value]) => [name, Number(value)])),
        ...{atimeNs, mtimeNs, ctimeNs},
      })
    }
  })

  test('change one by one, and the answer is what they are now', async () => {
    fs.writeFileSync(on('f'), 'content')
    await client.with(at('f'), async (node) => {
      expect(await client.setattrOf(node, 0x30, {atime: 10, mtime: 20.25})).toMatchObject({
        mtimeNs: 20_250_000_000n,
      })
      expect(fs.statSync(on('f'))).toMatchObject({atimeMs: 10_000, mtimeMs: 20_250})
      await client.setattrOf(node, 1, {mode: 0o100600, mtime: 99})
      expect(fs.statSync(on('f'))).toMatchObject({mode: 0o100600, mtimeMs: 20_250})
      const before = Date.now() - 1000
      await client.setattrOf(node, 0x90, {atime: 5})
      expect(fs.statSync(on('f')).atimeMs).toBeGreaterThan(before)
      expect(fs.statSync(on('f')).mtimeMs).toBe(20_250)
      expect(await failure(client.setattrOf(node, 0x10, {atime: 0.9999999999}))).toBe('EINVAL')
      expect(await failure(client.setattrOf(node, 8, {size: 2 ** 53}))).toBe('EFBIG')
      expect(await failure(client.setattrOf(node, 6, {uid: 5, gid: 6}))).toBe(isRoot ? 'no error' : 'EPERM')
    })
  })
})

describe('what is made', () => {
  test('has the mode that was asked for, and its user and group, where hv can give it away', async () => {
    Object.assign(client, {uid: 1234, gid: 4321})
    try {
      await client.mkdir(at('d'), 0o777)
      await client.symlink('x', at('l'))
      await client.mknod(at('p'), S_IFIFO | 0o666)
      await client.close(await client.create(at('f'), 2, 0o666))
    } finally {
      Object.assign(client, {uid: 0, gid: 0})
    }
    const owner = isRoot ? [1234, 4321] : [process.geteuid?.(), process.getegid?.()]
    for (const [name, mode] of [
      ['d', 0o040777],
      ['l', 0o120777],
      ['p', 0o010666],
      ['f', 0o100666],
    ] as const) {
      const stat = fs.lstatSync(on(name))
      expect([stat.mode, stat.uid, stat.gid]).toEqual([mode, ...owner])
    }
  })

  test('answers with the file’s number and attributes', async () => {
    expect((await client.mkdir(at('d'))).ino).toBe(fs.statSync(on('d')).ino)
    fs.writeFileSync(on('f'), 'x')
    expect(await client.link(at('f'), at('g'))).toMatchObject({nlink: 2, ino: fs.statSync(on('f')).ino})
    const file = await client.create(at('h'))
    expect((await client.lookup(await client.walk(folder), 'h')).node).toBe(client.nodeOf(file))
    await client.close(file)
  })

  test('may be a fifo or a socket, and no device; none of them is opened', async () => {
    for (const kind of [S_IFIFO, S_IFSOCK]) {
      const name = `n${kind}`
      await client.mknod(at(name), kind | 0o600)
      expect(fs.statSync(on(name)).mode).toBe(kind | 0o600)
      expect(await failure(client.open(at(name)))).toBe('ENXIO')
      expect(await failure(client.create(at(name)))).toBe('ENXIO')
    }
    for (const kind of [S_IFCHR, S_IFBLK])
      expect(await failure(client.mknod(at('x'), kind | 0o600, 0x103))).toBe('EPERM')
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
      [() => client.with(at('f'), (node) => client.call(Op.mkdir, node, u32(0), u32(0), 'x')), 'ENOTDIR'],
      [() => client.with(at('f'), (node) => client.lookup(node, 'x')), 'ENOTDIR'],
      [() => client.walk(at('none')), 'ENOENT'],
      [() => client.walk(at(long)), 'ENAMETOOLONG'],
      [() => client.mkdir(at(long)), 'ENAMETOOLONG'],
      [() => client.rmdir(at('d')), 'ENOTEMPTY'],
      [() => client.rmdir(at('f')), 'ENOTDIR'],
      [() => client.unlink(at('d')), 'EISDIR'],
      [() => client.unlink(at('none')), 'ENOENT'],
      [() => client.rename(at('none'), at('x')), 'ENOENT'],
      [() => client.rename(at('f'), at('d')), 'EISDIR'],
      [() => client.rename(at('d'), at('f')), 'ENOTDIR'],
      [() => client.rename(at('d'), at('d/e')), 'EINVAL'],
      [() => client.readlink(at('f')), 'EINVAL'],
    ]
    for (const [call, code] of cases) expect(await failure(call())).toBe(code)
    expect(fs.readdirSync(on('')).sort()).toEqual(['d', 'f'])
  })

  test('move as renameat2(2) says', async () => {
    fs.writeFileSync(on('a'), 'a')
    fs.writeFileSync(on('b'), 'b')
    expect(await failure(client.rename(at('a'), at('b'), NOREPLACE))).toBe('EEXIST')
    await client.rename(at('a'), at('b'), EXCHANGE)
    expect([fs.readFileSync(on('a'), 'utf8'), fs.readFileSync(on('b'), 'utf8')]).toEqual(['b', 'a'])
    await client.rename(at('a'), at('c'), NOREPLACE)
    await client.rename(at('c'), at('b'), 0)
    expect(fs.readdirSync(on(''))).toEqual(['b'])
    for (const flags of [4, 8, NOREPLACE | EXCHANGE])
      expect(await failure(client.rename(at('b'), at('d'), flags))).toBe('EINVAL')
  })
})

describe('the way out', () => {
  test.each(['..', '.', '', '../x', 'a/b', '/etc', '/'])(
    'the name %j is none, for any call',
    async (name) => {
      fs.writeFileSync(on('f'), '')
      const [directory, file] = [await client.walk(folder), await client.walk(at('f'))]
      const calls = [
        client.lookup(directory, name),
        client.call(Op.create, directory, u32(0o102), u32(0o600), u32(0), u32(0), name),
        client.call(Op.mkdir, directory, u32(0o700), u32(0), name),
        client.call(Op.mknod, directory, u32(S_IFREG), u32(0), u32(0), u32(0), name),
        client.call(Op.symlink, directory, name, 'target'),
        client.call(Op.link, directory, u64(file), name),
        client.call(Op.unlink, directory, name),
        client.call(Op.rmdir, directory, name),
        client.call(Op.rename, directory, u64(directory), 'f', name),
        client.call(Op.rename, directory, u64(directory), name, 'g'),
        client.call(Op.rename2, directory, u64(ROOT), u32(0), u32(0), name, 'g'),
      ]
      for (const call of calls) expect(await failure(call)).toBe('EINVAL')
      expect(fs.readdirSync(on(''))).toEqual(['f'])
    },
  )

  test('a link is not followed, and nobody opens one', async () => {
    fs.mkdirSync(on('d'))
    for (const [name, target] of Object.entries({a: 'd', b: '/etc', c: '../../..'})) {
      fs.symlinkSync(target, on(name))
      expect(await failure(client.with(at(name), (node) => client.lookup(node, 'passwd')))).toBe('ENOTDIR')
      expect(await failure(client.open(at(name)))).toBe('ELOOP')
      expect(await failure(client.create(at(name)))).toBe('ELOOP')
    }
  })

  test('a directory that becomes a link under its number leads nowhere', async () => {
    fs.mkdirSync(on('d'))
    const [node, open] = [await client.walk(at('d')), await client.open(at('d'))]
    fs.rmdirSync(on('d'))
    fs.symlinkSync('/etc', on('d'))
    const calls = [
      client.lookup(node, 'passwd'),
      client.call(Op.opendir, node, u32(0), u32(0)),
      client.getattrOf(node),
      client.call(Op.mkdir, node, u32(0), u32(0), 'made'),
      client.readdir(open, 0, 4096, true),
    ]
    for (const call of calls) expect(['ENOENT', 'ENOTDIR', 'ELOOP', 'ESTALE']).toContain(await failure(call))
    await client.close(open)
  })

  test('a race of links against lookups: none ends outside', async () => {
    const outside = fs.mkdtempSync(`${share.path}-outside-`)
    fs.writeFileSync(join(outside, 'f'), 'secret')
    fs.mkdirSync(on('real'))
    fs.writeFileSync(on('real/f'), 'inside')
    fs.symlinkSync(outside, on('link'))
    const swap = (): void => {
      fs.renameSync(on('real'), on('spare'))
      fs.renameSync(on('link'), on('real'))
      fs.renameSync(on('spare'), on('link'))
    }
    try {
      for (let i = 0; i < 100; i++) {
        const directory = await client.walk(at('real'))
        swap()
        const {node} = await client.lookup(directory, 'f').catch(() => ({node: undefined}))
        swap()
        if (node === undefined) continue
        const handle = await client.call(Op.open, node, u32(0), u32(0)).then(
          (answer) => answer.u64(),
          () => undefined,
        )
        if (handle === undefined) continue
        const fields = [u64(handle), u64(0), u32(100), u32(0), u64(0), u32(0), u32(0)]
        expect((await client.call(Op.read, node, ...fields)).rest().toString()).toBe('inside')
        await client.call(Op.release, node, u64(handle), new Uint8Array(16))
      }
    } finally {
      fs.rmSync(outside, {recursive: true})
    }
  })
})
