// Tar archives that lie: each is refused in one line, and none costs more than it may.

import {closeSync, openSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {gzipSync} from 'node:zlib'
import {afterAll, beforeAll, describe, expect, test} from 'vitest'
import {HvError} from '../../../src/errors.ts'
import {ArchiveTree} from '../../../src/image/archive-tree.ts'
import {FileBytes} from '../../../src/image/file-bytes.ts'
import {openTar} from '../../../src/image/open-tar.ts'
import {plainBytes} from '../../../src/image/plain-bytes.ts'
import {Room} from '../../../src/image/room.ts'
import {entryOf, paxOf, summed, type TarFile, tarOf} from '../../helpers/tar.ts'
import {hostDirectory} from '../../helpers/vfs-backends.ts'

let folder: string
let remove: () => void
beforeAll(() => {
  ;({path: folder, remove} = hostDirectory())
})
afterAll(() => remove())

const file = (bytes: Uint8Array): string => {
  const path = join(folder, 'hostile.tar')
  writeFileSync(path, bytes)
  return path
}

/** The error's text, without the path. */
async function refusal(bytes: Uint8Array): Promise<string> {
  const path = file(bytes)
  const error = await (await openTar(path)).read().then(
    ({fs}) => fs.dispose(),
    (thrown) => thrown,
  )
  if (!(error instanceof HvError)) throw error ?? new Error('it was taken')
  expect([error.code, error.nextStep]).toEqual(['BAD_ARGUMENT', expect.stringMatching(/./)])
  expect(error.message).not.toContain('\n')
  return error.message.replace(`${path}: `, '')
}

/** A header with some of its bytes replaced, and the right checksum. */
function patched(at: number, bytes: string | Uint8Array, of: TarFile = {name: 'a'}): Buffer {
  const header = entryOf(of)
  Buffer.from(bytes as string).copy(header, at)
  return Buffer.concat([summed(header), Buffer.alloc(1024)])
}

describe.each<[string, () => Uint8Array, RegExp]>([
  ['text', () => Buffer.alloc(2000, 'text'), /it is no tar archive/],
  ['no byte at all', () => Buffer.alloc(0), /it is empty/],
  ['a part of a header', () => tarOf({name: 'a'}).subarray(0, 200), /ends in a header/],
  [
    'content that is cut off',
    () => tarOf({name: 'a', content: 'x'.repeat(5000)}).subarray(0, 2000),
    /ends in a$/,
  ],
  ['a size beyond the archive', () => tarOf({name: 'a', size: 0o77777777777}), /ends in a$/],
  ['a size of 2^62', () => patched(124, Uint8Array.of(0x80, 0, 0, 0, 0x40, 0, 0, 0, 0, 0, 0, 0)), /no size/],
  ['a size below 0', () => patched(124, new Uint8Array(12).fill(0xff)), /no size/],
  ['a size that is a word', () => patched(124, 'some bytes\0\0'), /no size/],
  ['a size of pax that is none', () => tarOf(paxOf({size: '-5'}), {name: 'a'}), /no size/],
  ['a size of pax beyond all', () => tarOf(paxOf({size: '9'.repeat(16)}), {name: 'a'}), /no size/],
  ['an owner that is none', () => tarOf(paxOf({uid: '99999999999'}), {name: 'a'}), /numbers that are none/],
  ['a time that is none', () => tarOf(paxOf({mtime: 'now'}), {name: 'a'}), /numbers that are none/],
  ['a name above', () => tarOf({name: '../../etc/passwd'}), /no name of a file in a tree/],
  ['a name above, within', () => tarOf({name: 'a/../../b'}), /no name of a file in a tree/],
  ['a link to a name above', () => tarOf({name: 'a', type: '1', link: '../etc/passwd'}), /no name of a file/],
  ['a link to nothing', () => tarOf({name: 'a', type: '1', link: 'b'}), /which is no file before it/],
  [
    'a link to a directory',
    () => tarOf({name: 'd', type: '5'}, {name: 'a', type: '1', link: 'd'}),
    /no file before/,
  ],
  ['a symbolic link to nothing', () => tarOf({name: 'a', type: '2'}), /leads nowhere/],
  [
    'a link to itself on the way',
    () => tarOf({name: 'a', type: '2', link: 'a'}, {name: 'a/b'}),
    /too many symbolic links/,
  ],
  ['a root that is a file', () => tarOf({name: './'.slice(0, 1)}), /name of the root/],
  [
    'a name of 300 bytes',
    () => tarOf({name: 'L', type: 'L', content: 'n'.repeat(300)}, {name: 'a'}),
    /longer than a path/,
  ],
  ['a path of 5000 bytes', () => tarOf(paxOf({path: 'n/'.repeat(2500)}), {name: 'a'}), /longer than a path/],
  ['a header without end', () => tarOf({name: 'x', type: 'x', content: 'z'.repeat(2 ** 20 + 1)}), /too long/],
  [
    'a header of a negative size',
    () => patched(124, new Uint8Array(12).fill(0xff), {name: 'x', type: 'L'}),
    /too long/,
  ],
  ['a record longer than its header', () => tarOf({name: 'x', type: 'x', content: '99 path=a\n'}), /damaged/],
  ['a record of no length', () => tarOf({name: 'x', type: 'x', content: '0 path=a\n'}), /damaged/],
  ['a sparse file of GNU', () => tarOf({name: 'a', type: 'S'}), /sparse/],
  ['a sparse file of pax', () => tarOf(paxOf({'GNU.sparse.major': '1'}), {name: 'a'}), /sparse/],
  [
    'a type that nobody knows',
    () => tarOf({name: 'a', type: '\x1b'}),
    /of a type that hv does not read: "\\u001b"/,
  ],
  ['a part of several volumes', () => tarOf({name: 'a', type: 'M'}), /of a type/],
  [
    'a device of no number',
    () => tarOf({name: 'a', type: '3', major: 0o7777777}),
    /no number that Linux knows/,
  ],
  ['controls in its names', () => tarOf({name: '\x1b[2J/../\n'}), /^\\x1b\[2J\/\.\.\/\\x0a is no name/],
  ['bzip2', () => Buffer.from('BZh91AY&SY'), /compressed by bzip2/],
  ['xz', () => Buffer.from('\xfd7zXZ\0', 'latin1'), /compressed by xz/],
  ['gzip that is damaged', () => gzipSync(tarOf({name: 'a'})).fill(7, 20), /cannot be unpacked/],
  [
    'gzip that is cut off',
    () => gzipSync(tarOf({name: 'a'})).subarray(0, 40),
    /cannot be unpacked: unexpected end/,
  ],
])('%s', (_, bytes, message) => {
  test('is refused', async () => {
    expect(await refusal(bytes())).toMatch(message)
  })
})

describe('what grows has an end', () => {
  const add = (limits: ConstructorParameters<typeof ArchiveTree>[0], ...files: TarFile[]) => {
    const archive = tarOf(...files)
    const fd = openSync(file(archive), 'r')
    try {
      new ArchiveTree(limits).add(new FileBytes({fd, path: undefined, close() {}}, 0, archive.length))
    } finally {
      closeSync(fd)
    }
  }
  const many = Array.from({length: 11}, (_, index) => ({name: `d/${index}`}))

  test('files, those between them counted', () => {
    expect(() => add({entries: 12}, ...many)).not.toThrow()
    expect(() => add({entries: 11}, ...many)).toThrow('more than 11 files')
  })

  test('one file again and again', () => {
    expect(() => add({entries: 11}, ...many.map(() => ({name: 'same'})))).not.toThrow()
    expect(() => add({entries: 10}, ...many.map(() => ({name: 'same'})))).toThrow('more than 10 files')
  })

  test('names and texts of links', () => {
    const link = {name: 'a', type: '2', link: 'x'.repeat(90)}
    expect(() => add({nameBytes: 91}, link)).not.toThrow()
    expect(() => add({nameBytes: 90}, link)).toThrow('names in it are too long')
  })

  test('the way through links', () => {
    const far = {name: 'l', type: '2', link: 'd/../'.repeat(15)}
    expect(() => add({steps: 40}, {name: 'd', type: '5'}, far, {name: 'l/a'})).not.toThrow()
    expect(() => add({steps: 40}, {name: 'd', type: '5'}, far, {name: 'l/a'}, {name: 'l/b'})).toThrow(
      'too long a way',
    )
  })

  test('what is unpacked', async () => {
    const packed = gzipSync(Buffer.alloc(2 ** 24))
    const fd = openSync(file(packed), 'r')
    const bytes = new FileBytes({fd, path: undefined, close() {}}, 0, packed.length)
    await expect(plainBytes(bytes, new Room(2 ** 24 - 1))).rejects.toThrow(
      `unpacked, it takes more than ${2 ** 24 - 1} bytes`,
    )
    const plain = await plainBytes(bytes, new Room(2 ** 24))
    plain.source.close()
    closeSync(fd)
  })

  test('a tree deeper than a stack can be taken away', async () => {
    const deep = 'd/'.repeat(2000)
    const down = Array.from({length: 15}, (_, level) => [
      paxOf({path: `l${level}`, linkpath: level === 0 ? deep : `l${level - 1}/${deep}`}),
      {name: 'l', type: '2'},
      paxOf({path: `l${level}/d/`}),
      {name: 'x', type: '5'},
    ])
    const path = file(tarOf(...down.flat(), {name: 'd', content: 'a file now'}))
    const {fs} = await (await openTar(path)).read()
    expect(fs.root.lookup('d').size).toBe(10)
    fs.dispose()
  })
})
