// Tar archives as roots: a guest sees what GNU tar unpacks on Linux.

import {execFileSync} from 'node:child_process'
import {createHash} from 'node:crypto'
import * as fs from 'node:fs'
import {join} from 'node:path'
import * as zlib from 'node:zlib'
import {afterAll, beforeAll, describe, expect, onTestFinished, test} from 'vitest'
import {S_IFDIR, S_IFLNK, S_IFMT, S_IFREG} from '../../../src/abi/file-mode.ts'
import {openTar} from '../../../src/image/open-tar.ts'
import {Overlay} from '../../../src/vfs/fs/overlay.ts'
import {memoryFile} from '../../helpers/memory-file.ts'
import {paxOf, type TarFile, tarOf} from '../../helpers/tar.ts'
import {errorOf, TestVfs} from '../../helpers/vfs.ts'
import {hostDirectory} from '../../helpers/vfs-backends.ts'

const FORMATS = ['v7', 'ustar', 'oldgnu', 'gnu', 'pax']
/** Formats that allow names of any length. */
const LONG = ['oldgnu', 'gnu', 'pax']
/** A tar archive, packed with zstd, of the file `a`, which has the text `one`. */
const ZSTD = 'KLUv/QRorQEAksIHDtBnDKT6x0KTTXIq0CsFDlJ8jUAnObCuezf8a3b/igcgcB/5/WSOOmDyhEsEhvOTwwI/WHRl'
const isRoot = process.getuid?.() === 0

let folder: string
let remove: () => void
beforeAll(() => {
  ;({path: folder, remove} = hostDirectory())
  makeTree(join(folder, 'tree'))
})
afterAll(() => remove())

function makeTree(tree: string): void {
  const long = join('long'.repeat(30), 'name'.repeat(60))
  for (const name of ['empty', 'deep/er', long]) fs.mkdirSync(join(tree, name), {recursive: true})
  const write = (name: string, content: string | Uint8Array, mode = 0o644): void => {
    fs.writeFileSync(join(tree, name), content)
    fs.chmodSync(join(tree, name), mode)
    fs.utimesSync(join(tree, name), 1e9, 1e9 + name.length)
  }
  write('nothing', '', 0o600)
  write('block', 'x'.repeat(512))
  write('deep/er/large', Buffer.from(Array.from({length: 100_001}, (_, at) => at % 251)))
  write('grüße', 'Ω', 0o4755)
  write(join(long, 'f'), 'far')
  fs.linkSync(join(tree, 'block'), join(tree, 'deep/second'))
  fs.symlinkSync('deep/er', join(tree, 'link'))
  fs.symlinkSync('/no/such', join(tree, 'dangling'))
  execFileSync('mkfifo', [join(tree, 'fifo')])
  if (isRoot) fs.lchownSync(join(tree, 'nothing'), 3_000_000, 2_097_152)
}

async function openAs(bytes: Uint8Array, name = 'a.tar'): Promise<TestVfs> {
  const path = join(folder, name)
  fs.writeFileSync(path, bytes)
  const memory = memoryFile(16 << 20)
  const {fs: archive} = await (await openTar(path)).read()
  archive.useMemory(memory)
  const vfs = new TestVfs(new Overlay(archive, memory))
  onTestFinished(() => {
    vfs.dispose()
    memory.cache?.drop()
    expect(memory.allocatedBytes).toBe(0)
  })
  return vfs
}

const entry = (...files: TarFile[]): Promise<TestVfs> => openAs(tarOf(...files))

/** Everything in a tree, by path. */
function listing(names: (path: string) => string[], describe: (path: string) => string): string[] {
  const walk = (path: string): string[] =>
    [`${path}: ${describe(path)}`].concat(
      names(path)
        .sort()
        .flatMap((name) => walk(`${path}/${name}`)),
    )
  return walk('.')
}

function inGuest(vfs: TestVfs): string[] {
  const isDirectory = (path: string) => (vfs.lstat(path).mode & S_IFMT) === S_IFDIR
  return listing(
    (path) => (isDirectory(path) ? vfs.list(path) : []),
    (path) => {
      const {mode, uid, gid, nlink, size, mtime} = vfs.lstat(path)
      const kind = mode & S_IFMT
      const content = kind === S_IFREG ? digest(vfs.read(path)) : kind === S_IFLNK ? vfs.readlink(path) : ''
      return line({
        mode,
        uid,
        gid,
        nlink: kind === S_IFDIR ? 0 : nlink,
        size: kind === S_IFDIR ? 0 : size,
        mtime: mtime.seconds,
        content,
      })
    },
  )
}

function onHost(tree: string): string[] {
  const bytes = (text: string) => Buffer.from(text).toString('latin1')
  const at = (path: string) => Buffer.from(`${tree}/${path}`, 'latin1')
  return listing(
    (path) => (fs.lstatSync(at(path)).isDirectory() ? fs.readdirSync(at(path)).map(bytes) : []),
    (path) => {
      const stat = fs.lstatSync(at(path))
      const {mode, uid, gid} = stat
      const content = stat.isFile()
        ? digest(fs.readFileSync(at(path), 'latin1'))
        : stat.isSymbolicLink()
          ? bytes(fs.readlinkSync(at(path)))
          : ''
      const [nlink, size] = stat.isDirectory() ? [0, 0] : [stat.nlink, stat.size]
      return line({mode, uid, gid, nlink, size, mtime: Math.floor(stat.mtimeMs / 1000), content})
    },
  )
}

const line = (facts: object): string => JSON.stringify(facts)
const digest = (text: string): string => createHash('sha256').update(text, 'latin1').digest('hex')

describe.each(FORMATS)('in the format %s', (format) => {
  test('all that tar unpacks is there as tar unpacks it', async () => {
    const [archive, unpacked] = [join(folder, 'made.tar'), join(folder, format)]
    const without = LONG.includes(format)
      ? []
      : ['long*', 'nothing', 'fifo'].map((name) => `--exclude=${name}`)
    execFileSync('tar', ['-C', join(folder, 'tree'), `--format=${format}`, ...without, '-cf', archive, '.'])
    fs.mkdirSync(unpacked)
    execFileSync('tar', ['-C', unpacked, '--numeric-owner', '-xpf', archive])
    expect(inGuest(await openAs(fs.readFileSync(archive)))).toEqual(onHost(unpacked))
  })
})

test('what is in use is what the files hold, each once', async () => {
  const file = (name: string, length: number): TarFile => ({name, content: 'x'.repeat(length)})
  const second: TarFile = {name: 'second', type: '1', link: 'b'}
  const {fs} = (await openAs(tarOf(file('a', 8192), file('b', 20_480), second, file('a', 4096)))).root.inode
  const {blocks, bfree} = fs.statfs()
  expect(blocks - bfree).toBe((20_480 + 4096) / 4096)
})

test('a compressed archive is the same, also one of several parts', async () => {
  const bytes = tarOf({name: 'a', content: 'one'}, {name: 'b', content: 'two'})
  const parts = Buffer.concat([zlib.gzipSync(bytes.subarray(0, 700)), zlib.gzipSync(bytes.subarray(700))])
  const vfs = await openAs(parts, 'a.tar.gz')
  expect([vfs.read('a'), vfs.read('b')]).toEqual(['one', 'two'])
})

test('by zstd, whether Node has it or not', async () => {
  expect((await openAs(Buffer.from(ZSTD, 'base64'))).read('a')).toBe('one')
})

test('pages of a mapped file hold it, and zeros behind its end', async () => {
  const content = 'page'.repeat(2500)
  const memory = memoryFile(1 << 20)
  const path = join(folder, 'mapped.tar')
  fs.writeFileSync(
    path,
    tarOf({name: 'first', content: 'before'}, {name: 'mapped', content}, {name: 'last', content: 'behind'}),
  )
  const {fs: archive} = await (await openTar(path)).read()
  archive.useMemory(memory)
  const vfs = new TestVfs(archive)
  const [file, other] = [vfs.open('mapped'), vfs.open('mapped')]
  const page = file.mappable!.sharedPage(2)
  other.mappable!.sharedPage(0)
  other.close()
  const text = Buffer.from(memory.bytes.subarray(page, page + 4096)).toString('latin1')
  expect(text).toBe(content.slice(8192) + '\0'.repeat(4096 - (content.length - 8192)))
  expect(() => file.mappable!.sharedPage(3)).toThrow()
  file.close()
  vfs.dispose()
})

test('times before 1970, and parts of seconds', async () => {
  const vfs = await entry(paxOf({mtime: '-1.25'}), {name: 'a'}, paxOf({mtime: '2.5'}), {name: 'b'})
  expect(vfs.stat('a').mtime).toEqual({seconds: -2, nanoseconds: 750_000_000})
  expect(vfs.stat('b').mtime).toEqual({seconds: 2, nanoseconds: 500_000_000})
})

test('devices are the guest’s own', async () => {
  const vfs = await entry({name: 'null', type: '3', major: 1, minor: 3}, {name: 'disk', type: '4', major: 8})
  vfs.write('null', 'gone', 1)
  expect(vfs.read('null')).toBe('')
  expect(errorOf(() => vfs.open('disk'))).toBe('ENXIO')
})

test('what comes later takes the place of what came before, and directories are one', async () => {
  const vfs = await entry(
    {name: 'd/', type: '5', mode: 0o700},
    {name: 'd/a', content: 'old'},
    {name: './/d/./a', content: 'new'},
    {name: '/d/', type: '5', mode: 0o711},
    {name: 'd/a/b', content: 'in place of a file'},
  )
  expect([vfs.list('.'), vfs.list('d')]).toEqual([['d'], ['a']])
  expect([vfs.stat('d').mode & 0o777, vfs.read('d/a/b')]).toEqual([0o711, 'in place of a file'])
})

test('names lead through links, and never out of the tree', async () => {
  const vfs = await entry(
    {name: 'lib', type: '2', link: '../../usr/lib'},
    {name: 'lib/x', content: 'x'},
    {name: 'abs', type: '2', link: '/etc'},
    {name: 'abs/passwd', content: 'own'},
  )
  expect([vfs.read('usr/lib/x'), vfs.read('etc/passwd'), vfs.list('.')]).toEqual([
    'x',
    'own',
    ['abs', 'etc', 'lib', 'usr'],
  ])
})
