// Mutants of tar archives: a tree whose every file lies in the archive, or one line of refusal, nothing else.

import {closeSync, mkdtempSync, openSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterAll, expect, test} from 'vitest'
import {HvError} from '../../src/errors.ts'
import {ArchiveTree} from '../../src/image/archive-tree.ts'
import {FileBytes} from '../../src/image/file-bytes.ts'
import {ArchiveDirectory} from '../../src/vfs/fs/archive-directory.ts'
import {ArchiveFile} from '../../src/vfs/fs/archive-file.ts'
import {type Random, seededRandom} from '../helpers/mutate.ts'
import {entryOf, paxOf, summed, type TarFile} from '../helpers/tar.ts'

const SEED = 20_261_128
const MUTANTS = 1000
const BLOCK = 512
const FILES: readonly TarFile[] = [
  {name: './', type: '5'},
  {name: 'usr/lib/', type: '5'},
  {name: 'lib', type: '2', link: 'usr/lib'},
  paxOf({path: `long/${'name/'.repeat(40)}file`, mtime: '1.5', size: '700', uid: '70000'}),
  {name: 'short', content: 'c'.repeat(700)},
  {name: 'lib/a', content: 'a'.repeat(1500)},
  {name: 'b', type: '1', link: 'usr/lib/a'},
  {name: 'L', type: 'L', content: `${'gnu/'.repeat(50)}\0`},
  {name: 'cut', content: 'g'},
  {name: 'null', type: '3', major: 1, minor: 3},
  paxOf({comment: 'all', gid: '5'}, 'g'),
  {name: 'usr/lib/.wh.a'},
  {name: 'usr/.wh..wh..opq'},
]
/** What is written into fields. */
const PIECES = [
  '\xff'.repeat(12),
  '\x80\0\0\0\0\0\0\0\0\0\0\x10',
  '77777777777\0',
  '../',
  '/',
  '\0',
  '.wh.',
  'lib/..',
  ' ',
  '0',
  '9999 path=x\n',
]
const TYPES = '0123456789xgLKSVMD\0\x01'

const folder = mkdtempSync(join(tmpdir(), 'hv-tar-mutants-'))
afterAll(() => rmSync(folder, {recursive: true}))

/** The mutant's headers have correct checksums, as a hostile archive's do. */
function mutate(random: Random): Buffer {
  const entries = FILES.map((file) => entryOf(file))
  for (let count = 1 + random(3); count > 0; count--) {
    const entry = entries[random(entries.length)]
    const kind = random(4)
    if (kind === 0) entry[156] = TYPES.charCodeAt(random(TYPES.length))
    else if (kind === 1) entry[random(entry.length)] = random(256)
    else entry.write(PIECES[random(PIECES.length)], random(Math.min(entry.length, 350)), 'latin1')
    summed(entry)
    if (random(8) === 0) entries.push(entries.splice(random(entries.length), 1)[0])
  }
  const bytes = Buffer.concat([...entries, Buffer.alloc(2 * BLOCK)])
  return random(10) === 0 ? bytes.subarray(0, random(bytes.length)) : bytes
}

/** What is wrong with a tree: names that may not be, and files outside of the archive. */
function* defects(tree: ArchiveTree, length: number): Iterable<string> {
  const directories: ArchiveDirectory[] = [tree.fs.root]
  for (let at = directories.pop(); at !== undefined; at = directories.pop()) {
    for (const {name} of at.open(0).readDirectory(1000).slice(2)) {
      if (!/^(?!\.{0,2}$)[^/\0]{1,255}$/.test(name)) yield `a name: ${JSON.stringify(name)}`
      const node = at.lookup(name)
      if (node.attributes().nlink < 1) yield `${name} has no name`
      if (node instanceof ArchiveFile && node.start + node.size > length)
        yield `${name} ends behind the archive`
      if (node instanceof ArchiveDirectory) directories.push(node)
    }
  }
}

test.each(['add', 'addLayer'] as const)('%s: no mutant causes an error of our own', (method) => {
  const outcomes = {taken: 0, refused: 0}
  const wrong: string[] = []
  for (let index = 0; index < MUTANTS; index++) {
    const bytes = mutate(seededRandom(SEED + index))
    const path = join(folder, 'mutant')
    writeFileSync(path, bytes)
    const fd = openSync(path, 'r')
    const tree = new ArchiveTree()
    try {
      tree[method](new FileBytes({fd, path: undefined, close() {}}, 0, bytes.length))
      outcomes.taken++
      wrong.push(...defects(tree, bytes.length))
    } catch (error) {
      if (!(error instanceof HvError)) throw new Error(`mutant ${index}`, {cause: error})
      if (error.code !== 'BAD_ARGUMENT' || error.message.includes('\n')) wrong.push(error.message)
      outcomes.refused++
    } finally {
      closeSync(fd)
    }
  }
  expect(wrong).toEqual([])
  // Both must be frequent, or the mutants are useless.
  expect(Math.min(outcomes.taken, outcomes.refused)).toBeGreaterThan(MUTANTS / 10)
})
