// The index of an image's tree: a tree read from it is the one that was written, and a lying one is an error and never more.

import {closeSync, fstatSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterAll, beforeAll, describe, expect, test} from 'vitest'
import {EIO} from '../../../src/abi/errno.ts'
import {ArchiveTree} from '../../../src/image/archive-tree.ts'
import {FileBytes} from '../../../src/image/file-bytes.ts'
import {INDEX_END, type IndexedLayer, type RowTuple} from '../../../src/image/index-row.ts'
import {readIndex} from '../../../src/image/read-index.ts'
import {writeIndex} from '../../../src/image/write-index.ts'
import {ArchiveFs} from '../../../src/vfs/fs/archive.ts'
import {ArchiveDirectory} from '../../../src/vfs/fs/archive-directory.ts'
import {ArchiveFile} from '../../../src/vfs/fs/archive-file.ts'
import {paxOf, type TarFile, tarOf} from '../../helpers/tar.ts'

const IO_ERROR = expect.objectContaining({code: EIO})
let folder: string
const open: number[] = []
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'hv-index-'))
})
afterAll(() => {
  open.forEach(closeSync)
  rmSync(folder, {recursive: true})
})

function bytesOf(content: Uint8Array | string): FileBytes {
  const path = join(folder, `file-${open.length}`)
  writeFileSync(path, content)
  const fd = openSync(path, 'r')
  open.push(fd)
  return new FileBytes({fd, path: undefined, close() {}}, 0, fstatSync(fd).size)
}

const layerOf = (digest: string, content: Uint8Array): IndexedLayer => ({digest, bytes: bytesOf(content)})

const layers = (): IndexedLayer[] => [
  layerOf(
    'aa',
    tarOf(
      {name: 'a', content: 'low', mode: 0o4755, uid: 7, gid: 8, mtime: 1_700_000_000},
      {name: 'gone', content: 'gone'},
      {name: 'd/e/f', content: 'deep'},
      {name: 'g/other', type: '1', link: 'd/e/f'},
      {name: 'link', type: '2', link: 'd/../a\xe9'},
      {name: 'null', type: '3', major: 1, minor: 3, mode: 0o666},
      {name: 'fifo', type: '6'},
      {name: 'empty', type: '5', mode: 0o700},
    ),
  ),
  layerOf(
    'bb',
    tarOf(
      {name: '.wh.gone'},
      paxOf({path: 'n\xe4me "\\\n', mtime: '-1.5'}),
      {name: 'x', content: 'odd'},
      {name: 'a', content: 'up'},
    ),
  ),
]

function treeOf(of: readonly IndexedLayer[]): ArchiveFs {
  const tree = new ArchiveTree()
  for (const {bytes} of of) tree.addLayer(bytes)
  return tree.fs
}

function indexOf(of: readonly IndexedLayer[]): Buffer {
  const path = join(folder, 'written')
  const fd = openSync(path, 'w')
  writeIndex(fd, treeOf(of), of)
  closeSync(fd)
  return readFileSync(path)
}

function readTree(index: Uint8Array | string, of: readonly IndexedLayer[]): ArchiveFs | undefined {
  const fs = new ArchiveFs()
  return readIndex(bytesOf(index), fs, of) ? fs : undefined
}

/** All that a guest can see of it, but for the number of the file system and of inodes. */
function listing(directory: ArchiveDirectory, path = ''): unknown[] {
  return [...directory.entries()].flatMap(([name, node]) => {
    const {dev, ino, ...attributes} = node.attributes()
    const content = node instanceof ArchiveFile ? contentOf(node) : undefined
    const own = [`${path}/${name}`, attributes, content, 'readlink' in node && linkOf(node)]
    return [own, ...(node instanceof ArchiveDirectory ? listing(node, `${path}/${name}`) : [])]
  })
}

function contentOf({source, start, size}: ArchiveFile): string {
  return new FileBytes(source, start, size).read(0, size).toString('latin1')
}

function linkOf(node: {readlink(): string}): string | undefined {
  try {
    return node.readlink()
  } catch {
    return undefined
  }
}

/** An index with these rows in its root. */
function lyingIndex(of: readonly IndexedLayer[], ...rows: readonly RowTuple[]): string {
  const record = JSON.stringify(rows)
  const root = ['', 0o40755, 0, 0, 0, 0, 1, 0, 0, record.length]
  return `${record}\n${JSON.stringify([of.map(({digest}) => digest), 0, root])}${INDEX_END}`
}

test('a tree read from it is the one that was written', () => {
  const of = layers()
  const [written, read] = [treeOf(of), readTree(indexOf(of), of)!]
  expect(listing(read.root)).toEqual(listing(written.root))
  expect(read.statfs()).toEqual(written.statfs())
  expect(listing(read.root).length).toBe(11)
})

test('names of one file lead to one', () => {
  const of = layers()
  const {root} = readTree(indexOf(of), of)!
  const other = (root.lookup('g') as ArchiveDirectory).lookup('other')
  expect(((root.lookup('d') as ArchiveDirectory).lookup('e') as ArchiveDirectory).lookup('f')).toBe(other)
})

test('of it only the directories are read that somebody looks into', () => {
  const of = layers()
  const index = bytesOf(indexOf(of))
  const fs = new ArchiveFs()
  readIndex(index, fs, of)
  const read: number[] = []
  const whole = index.read.bind(index)
  index.read = (position, length) => {
    read.push(length)
    return whole(position, length)
  }
  ;(fs.root.lookup('empty') as ArchiveDirectory).entries()
  fs.root.lookup('d')
  expect(read).toEqual([expect.any(Number), '[]'.length])
})

test('of a tree deeper than a stack it can be written', () => {
  const deep = layerOf('cc', tarOf(...Array.from({length: 3}, (_, level) => paxed(level)).flat()))
  let directory = readTree(indexOf([deep]), [deep])!.root
  let depth = 0
  for (; directory.find('d') !== undefined; depth++) directory = directory.find('d') as ArchiveDirectory
  expect(depth).toBe(6000)
})

/** Directories below those of the link of the level before. */
function paxed(level: number): TarFile[] {
  const below = level === 0 ? '' : `l${level - 1}/`
  const path = `${below}${'d/'.repeat(2000)}`.slice(0, -1)
  return [
    paxOf({path}),
    {name: 'x', type: '5'},
    paxOf({path: `l${level}`, linkpath: path}),
    {name: 'x', type: '2'},
  ]
}

describe('it is not used', () => {
  test.each<[string, (index: string) => string]>([
    ['without its end', (index) => index.slice(0, -1)],
    ['of other layers', (index) => index.replace('"aa"', '"ab"')],
    ['of fewer layers', (index) => index.replace('"aa",', '')],
    ['whose trailer is no JSON', (index) => index.replace('\n[[', '\n[[[')],
    ['whose trailer is a word', () => `\n"word"${INDEX_END}`],
    ['whose root is no directory', () => `\n[["aa","bb"],0,["",33188,0,0,0,0,1,0,0,0,0]]${INDEX_END}`],
    ['of nothing', () => ''],
  ])('%s', (_, change) => {
    const of = layers()
    const index = indexOf(of).toString('latin1')
    expect(readTree(index, of)).toBeDefined()
    expect(readTree(Buffer.from(change(index), 'latin1'), of)).toBeUndefined()
  })
})

const file = (...rest: readonly unknown[]): RowTuple => ['x', 0o100644, 0, 0, 0, 0, 1, 0, ...rest]

describe('a record of it is an I/O error', () => {
  test.each<[string, RowTuple]>([
    ['with content behind the end of its layer', file(0, 0, 1e6)],
    ['with content from behind it', file(0, 1e6, 0)],
    ['with content before it', file(0, -1, 1)],
    ['with content in a layer that is not there', file(2, 0, 1)],
    ['with content that has no size', file(0, 0, 'all')],
    ['with a name that leads up', ['..', ...file(0, 0, 1).slice(1)]],
    ['with a name of two', ['a/b', ...file(0, 0, 1).slice(1)]],
    ['with a name beyond bytes', ['\u0100', ...file(0, 0, 1).slice(1)]],
    ['with no name', [0, ...file(0, 0, 1).slice(1)]],
    ['with a user that is none', ['x', 0o100644, 2 ** 32, 0, 0, 0, 1, 0, 0, 0, 1]],
    ['with a time that is none', ['x', 0o100644, 0, 0, 'now', 0, 1, 0, 0, 0, 1]],
    ['with a socket', ['x', 0o140644, 0, 0, 0, 0, 1, 0, 0]],
    ['with a link to nothing', ['x', 0o120777, 0, 0, 0, 0, 1, 0, '']],
    ['that is too short', ['x', 0o100644]],
    ['that is a number', 7 as unknown as RowTuple],
  ])('%s', (_, row) => {
    const of = layers()
    const {root} = readTree(lyingIndex(of, file(0, 0, 1), row), of)!
    for (const _ of [1, 2]) expect(() => root.find('x')).toThrow(IO_ERROR)
  })

  test('that is behind the end, or no JSON', () => {
    const of = layers()
    const directory = (offset: number, length: number) => ['d', 0o40755, 0, 0, 0, 0, 1, 0, offset, length]
    for (const place of [directory(1e6, 10), directory(1, 3), directory(0, 2 ** 40)]) {
      const {root} = readTree(lyingIndex(of, place), of)!
      expect(() => (root.find('d') as ArchiveDirectory).find('x')).toThrow(IO_ERROR)
    }
  })

  test('after as many entries as a tree may have: a directory may be its own', () => {
    const of = layers()
    const rows = Array.from({length: 20_000}, (_, index) => [`${index}`, ...file(0, 0, 1).slice(1)])
    const own = ['d', 0o40755, 0, 0, 0, 0, 1, 0, 0, 0]
    const length = JSON.stringify([...rows, own]).length
    const bytes = length + String(length).length - 1
    own[9] = bytes
    let directory = readTree(lyingIndex(of, ...rows, own), of)!.root
    const down = (): void => {
      for (let depth = 0; depth < 30; depth++) directory = directory.find('d') as ArchiveDirectory
    }
    expect(down).toThrow(IO_ERROR)
  })
})
