// Files and directories in a share, over each protocol: node:fs sees what the machine does, and the reverse.

import * as fs from 'node:fs'
import {join} from 'node:path'
import {afterAll, beforeAll, beforeEach, describe, expect, test} from 'vitest'
import type {Client} from '../../../helpers/9p-client.ts'
import {failure} from '../../../helpers/failure.ts'
import type {FuseClient} from '../../../helpers/fuse-client.ts'
import {type FuseHostShare, type HostShare, protocols} from '../../../helpers/share.ts'

const O_RDONLY = 0
const O_WRONLY = 1
const O_RDWR = 2
const O_EXCL = 0o200
const O_TRUNC = 0o1000
const O_APPEND = 0o2000

/** Bytes that differ at each place. */
function pattern(bytes: number): Buffer {
  const words = Uint32Array.from({length: bytes / 4}, (_, i) => Math.imul(i + 1, 0x9e3779b1))
  return Buffer.from(words.buffer)
}

describe.each(protocols)('by $protocol', ({hostShare}) => {
  let share: HostShare | FuseHostShare
  let client: Client | FuseClient
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

  test('what one side writes the other reads, 5 MiB of it', async () => {
    const content = pattern(5 << 20)
    await client.writeFile(at('big'), content)
    expect(fs.readFileSync(on('big')).equals(content)).toBe(true)
    expect((await client.readFile(at('big'))).equals(content)).toBe(true)
    fs.writeFileSync(on('big'), 'short')
    expect((await client.readFile(at('big'))).toString()).toBe('short')
  })

  test('what two append who know nothing of each other stays', async () => {
    fs.writeFileSync(on('log'), 'a')
    const file = await client.open(at('log'), O_WRONLY | O_APPEND)
    fs.appendFileSync(on('log'), 'b')
    await client.write(file, 1, Buffer.from('c'))
    await client.close(file)
    expect(fs.readFileSync(on('log'), 'utf8')).toBe('abc')
  })

  test('content goes with O_TRUNC, and with a new size', async () => {
    fs.writeFileSync(on('f'), 'content')
    await client.truncate(at('f'), 3)
    expect(fs.readFileSync(on('f'), 'utf8')).toBe('con')
    await client.truncate(at('f'), 5)
    expect(fs.readFileSync(on('f'), 'utf8')).toBe('con\0\0')
    await client.close(await client.open(at('f'), O_RDWR | O_TRUNC))
    expect(fs.readFileSync(on('f'), 'utf8')).toBe('')
  })

  test('an open file is written through although its own mode forbids it, when it was made so', async () => {
    const file = await client.create(at('f'), O_WRONLY, 0o444)
    await client.write(file, 0, Buffer.from('x'))
    await client.close(file)
    expect(fs.readFileSync(on('f'), 'utf8')).toBe('x')
    expect(fs.statSync(on('f')).mode).toBe(0o100444)
  })

  test('an open file is only read when it was opened so', async () => {
    fs.writeFileSync(on('f'), 'x')
    const file = await client.open(at('f'), O_RDONLY)
    expect(await failure(client.write(file, 0, Buffer.from('y')))).toBe('EBADF')
    await client.close(file)
  })

  test('what is made has the mode that was asked for, whatever the umask of this process', async () => {
    await client.writeFile(at('f'), '', 0o666)
    expect(fs.statSync(on('f')).mode).toBe(0o100666)
    await client.mkdir(at('d'), 0o777)
    expect(fs.statSync(on('d')).mode).toBe(0o040777)
  })

  test('what is there already O_EXCL refuses, and without it is opened', async () => {
    fs.writeFileSync(on('f'), 'kept')
    expect(await failure(client.create(at('f'), O_RDWR | O_EXCL))).toBe('EEXIST')
    const file = await client.create(at('f'), O_RDWR)
    expect((await client.read(file, 0, 10)).toString()).toBe('kept')
    await client.close(file)
  })

  test('a directory of 5,000 entries is read whole, once each, in messages of any size', async () => {
    const names = Array.from({length: 5000}, (_, i) => `file-${i}-${'x'.repeat(i % 200)}`)
    for (const name of names) fs.writeFileSync(on(name), '')
    for (const count of [300, 4096, 1 << 19]) {
      const entries: {name: string}[] = await client.list(folder, count)
      expect(entries.map(({name}) => name).sort()).toEqual([...names].sort())
    }
  })

  test('a directory is read on from any entry, as often as wanted, while names go', async () => {
    for (const name of ['a', 'b', 'c', 'd', 'e']) fs.writeFileSync(on(name), '')
    const file = await client.open(folder)
    const all = await client.readdir(file, 0, 4096)
    for (const name of ['a', 'b', 'c']) fs.unlinkSync(on(name))
    for (const [index, {offset}] of all.entries())
      expect(await client.readdir(file, offset, 4096)).toEqual(all.slice(index + 1))
    expect(await client.readdir(file, 0, 4096)).toHaveLength(4)
    await client.close(file)
  })

  test('names are bytes, whatever they are', async () => {
    const name = Buffer.from('caf\xe9\xff\x01', 'latin1')
    fs.writeFileSync(Buffer.concat([Buffer.from(`${on('')}/`), name]), 'x')
    expect(await client.names(folder)).toEqual([name.toString('latin1')])
    expect((await client.readFile(at(name.toString('latin1')))).toString()).toBe('x')
  })

  test('a name is made, moved over what is there, and taken away', async () => {
    await client.mkdir(at('d'), 0o700)
    await client.writeFile(at('d/f'), 'moved')
    fs.writeFileSync(on('old'), 'old')
    const below = await client.open(at('d/f'))
    await client.rename(at('d'), at('e'))
    expect(await client.getattr(below)).toMatchObject({size: 5})
    await client.rename(at('e/f'), at('old'))
    expect(fs.readFileSync(on('old'), 'utf8')).toBe('moved')
    expect(await client.getattr(below)).toMatchObject({size: 5})
    await client.close(below)
    await client.unlink(at('old'))
    await client.rmdir(at('e'))
    expect(fs.readdirSync(on(''))).toEqual([])
  })

  test('a hard link is the same file', async () => {
    fs.writeFileSync(on('f'), 'x')
    await client.link(at('f'), at('g'))
    expect(fs.statSync(on('g'))).toMatchObject({nlink: 2, ino: fs.statSync(on('f')).ino})
    expect(await failure(client.link(at('f'), at('g')))).toBe('EEXIST')
    fs.mkdirSync(on('d'))
    expect(await failure(client.link(at('d'), at('e')))).toBe('EPERM')
  })

  test('a symbolic link is text, whatever it leads to', async () => {
    for (const target of ['f', '/etc/passwd', '../../..', 'x'.repeat(4095)]) {
      await client.symlink(target, at('l'))
      expect([fs.readlinkSync(on('l')), await client.readlink(at('l'))]).toEqual([target, target])
      await client.unlink(at('l'))
    }
    expect(await failure(client.symlink('x'.repeat(4096), at('l')))).toBe('ENAMETOOLONG')
    expect(await failure(client.symlink('', at('l')))).toBe('ENOENT')
  })

  test('no set-user-ID: no power of the host’s users is made', async () => {
    await client.writeFile(at('f'), '', 0o4755)
    expect(fs.statSync(on('f')).mode).toBe(0o100755)
    await client.chmod(at('f'), 0o6711)
    expect(fs.statSync(on('f')).mode).toBe(0o100711)
  })

  test('what the host forbids this process, the machine’s root gets EACCES for', async () => {
    const isRoot = process.geteuid?.() === 0
    fs.writeFileSync(on('secret'), 'x', {mode: 0})
    fs.mkdirSync(on('closed'), {mode: 0})
    fs.chmodSync(share.path, 0o755)
    fs.chmodSync(on(''), 0o555)
    if (isRoot) process.setegid?.(65534)
    if (isRoot) process.seteuid?.(65534)
    try {
      expect(await failure(client.open(at('secret')))).toBe('EACCES')
      expect(await failure(client.open(at('closed')))).toBe('EACCES')
      expect(await failure(client.walk(at('closed/x')))).toBe('EACCES')
      expect(await failure(client.mkdir(at('d')))).toBe('EACCES')
      expect(await failure(client.chmod(at('secret'), 0o600))).toBe(isRoot ? 'EPERM' : 'no error')
    } finally {
      if (isRoot) process.seteuid?.(0)
      if (isRoot) process.setegid?.(0)
      for (const name of ['', 'closed']) fs.chmodSync(on(name), 0o755)
    }
  })
})
