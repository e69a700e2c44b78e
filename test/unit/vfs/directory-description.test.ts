// Open directories: how much of one is listed at a time, and what is listed while names come and go.

import {expect, test, vi} from 'vitest'
import {ENOMEM} from '../../../src/abi/errno.ts'
import {O_CREAT, O_DIRECTORY, O_RDONLY, O_WRONLY, SEEK_SET} from '../../../src/abi/open-flags.ts'
import {Budget} from '../../../src/vfs/budget.ts'
import {DirectoryDescription, SLICE_ENTRIES} from '../../../src/vfs/directory-description.ts'
import type {DirectoryEntry, FileDescription} from '../../../src/vfs/file.ts'
import {openHostFs} from '../../../src/vfs/fs/host.ts'
import {Overlay} from '../../../src/vfs/fs/overlay.ts'
import {Tmpfs} from '../../../src/vfs/fs/tmpfs.ts'
import {nativeHost} from '../../../src/vfs/native-host.ts'
import {UnfinishedError} from '../../../src/vfs/unfinished.ts'
import {memoryFile} from '../../helpers/memory-file.ts'
import {TestVfs} from '../../helpers/vfs.ts'
import {hostDirectory} from '../../helpers/vfs-backends.ts'

const host = nativeHost.files

const MANY = 200_000

/** A directory of MANY names, and a count of those that were looked at. */
function manyNames(budget = new Budget(), shows = (_i: number): boolean => true) {
  const {root} = new Tmpfs(memoryFile(1 << 20), {budget})
  const looked = {count: 0}
  function* list(): Iterable<DirectoryEntry | undefined> {
    for (; looked.count < MANY; looked.count++)
      yield shows(looked.count) ? {name: `n${looked.count}`, ino: 1, type: 8} : undefined
  }
  return {file: new DirectoryDescription(root, O_RDONLY, list), looked}
}

/** Reads to the end, as a caller that comes back; @returns the most names that were looked at in one go, and what was found. */
function readAll(file: FileDescription, looked: {count: number}, each = 1000) {
  const names: string[] = []
  let most = 0
  for (;;) {
    const before = looked.count
    try {
      const entries = file.readDirectory(each)
      if (entries.length === 0) return {most, names}
      names.push(...entries.map(({name}) => name))
    } catch (error) {
      if (!(error instanceof UnfinishedError)) throw error
    }
    most = Math.max(most, looked.count - before)
  }
}

const namesOf = (entries: readonly DirectoryEntry[]): string[] => entries.map(({name}) => name)

test('no more names are looked at than were asked for', () => {
  const {file, looked} = manyNames()
  expect(namesOf(file.readDirectory(4))).toEqual(['.', '..', 'n0', 'n1'])
  expect(looked.count).toBeLessThan(4)
  expect(readAll(file, looked)).toMatchObject({most: 1000, names: {length: MANY - 2}})
})

test('an offset far away is reached in slices', () => {
  const {file, looked} = manyNames()
  file.seek(MANY, SEEK_SET)
  expect(() => file.readDirectory(10)).toThrow(UnfinishedError)
  expect(readAll(file, looked)).toMatchObject({most: SLICE_ENTRIES, names: ['n199998', 'n199999']})
})

test('names that do not show are looked at in slices', () => {
  const {file, looked} = manyNames(new Budget(), (i) => i === MANY - 1)
  expect(readAll(file, looked)).toMatchObject({most: SLICE_ENTRIES, names: ['.', '..', 'n199999']})
})

test('what was listed is given back when the budget is used up, and at the end', () => {
  const budget = new Budget(100_000)
  const {file, looked} = manyNames(budget)
  const before = budget.used
  expect(() => readAll(file, looked)).toThrow(expect.objectContaining({code: ENOMEM}))
  expect(budget.used).toBe(before)
  file.readDirectory(10)
  file.close()
  expect(budget.used).toBe(before)
})

test('a volume is asked for a few names at a time', () => {
  const {path, remove} = hostDirectory()
  const vfs = new TestVfs(openHostFs(path, {readOnly: false, memory: memoryFile(1 << 20)}))
  const readDirectory = vi.spyOn(host, 'hostReadDirectory')
  try {
    for (let i = 0; i < 1000; i++) vfs.open(`n${i}`, O_CREAT | O_WRONLY).close()
    const file = vfs.open('/', O_RDONLY | O_DIRECTORY)
    readDirectory.mockClear()
    const first = namesOf(file.readDirectory(10))
    expect(readDirectory.mock.calls.map(([, bytes]) => bytes.length)).toEqual([4096])
    const all = new Set([...first, ...readAll(file, {count: 0}).names])
    expect(all.size).toBe(1002)
    file.close()
  } finally {
    readDirectory.mockRestore()
    vfs.dispose()
    remove()
  }
})

test('two that read one volume at the same time do not disturb each other', () => {
  const {path, remove} = hostDirectory()
  const vfs = new TestVfs(openHostFs(path, {readOnly: false, memory: memoryFile(1 << 20)}))
  vfs.mkdir('a')
  vfs.mkdir('b')
  for (const directory of ['a', 'b'])
    for (let i = 0; i < 300; i++) vfs.open(`${directory}/${directory}${i}`, O_CREAT | O_WRONLY).close()
  const files = ['a', 'b'].map((name) => vfs.open(name, O_RDONLY | O_DIRECTORY))
  const found = [new Set<string>(), new Set<string>()]
  for (let i = 0; i < 310; i++)
    for (const [index, file] of files.entries())
      for (const {name} of file.readDirectory(1)) found[index]!.add(name)
  expect(found.map(({size}) => size)).toEqual([302, 302])
  expect([...found[0]!].filter((name) => name.startsWith('b'))).toEqual([])
  for (const file of files) file.close()
  vfs.dispose()
  remove()
})

test('a program that moves each name to another one while it lists them comes to an end', () => {
  const vfs = new TestVfs(new Tmpfs(memoryFile(1 << 20)))
  for (const name of ['a', 'b', 'c']) vfs.open(name, O_CREAT | O_WRONLY).close()
  const file = vfs.open('/', O_RDONLY | O_DIRECTORY)
  const listed: string[] = []
  for (let entries = file.readDirectory(1); entries.length > 0; entries = file.readDirectory(1)) {
    const [{name}] = entries as [DirectoryEntry]
    listed.push(name)
    expect(listed.length).toBeLessThan(10)
    if (!name.startsWith('.')) vfs.rename(name, `${name}x`)
  }
  expect(listed).toEqual(['.', '..', 'a', 'b', 'c'])
})

test('a file of an overlay that changes while its directory is listed is listed once', () => {
  const memory = memoryFile(1 << 20)
  const lower = new Tmpfs(memory)
  const below = new TestVfs(lower)
  for (const name of ['a', 'b', 'c']) below.open(name, O_CREAT | O_WRONLY).close()
  const vfs = new TestVfs(new Overlay(lower, memory))
  vfs.open('a', O_WRONLY).write(new Uint8Array(1))
  const file = vfs.open('/', O_RDONLY | O_DIRECTORY)
  const first = namesOf(file.readDirectory(3))
  for (const name of ['b', 'c']) vfs.open(name, O_WRONLY).write(new Uint8Array(1))
  expect([...first, ...namesOf(file.readDirectory(10))].sort()).toEqual(['.', '..', 'a', 'b', 'c'])
})
