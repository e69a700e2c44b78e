// The host file system keeps its descriptors few, and closes them all.

import * as fs from 'node:fs'
import {join} from 'node:path'
import {afterEach, beforeEach, describe, expect, test} from 'vitest'
import {S_IFREG} from '../../../../src/abi/file-mode.ts'
import {openHostFs} from '../../../../src/vfs/fs/host.ts'
import {memoryFile} from '../../../helpers/memory-file.ts'
import {errorOf, TestVfs} from '../../../helpers/vfs.ts'
import {hostDirectory} from '../../../helpers/vfs-backends.ts'

const memory = memoryFile(4 << 20)
let directory: ReturnType<typeof hostDirectory>
let shared: string
let vfs: TestVfs

beforeEach(() => {
  directory = hostDirectory()
  shared = join(directory.path, 'shared')
  fs.mkdirSync(shared)
  vfs = new TestVfs(openHostFs(shared, {readOnly: false, memory}))
})

afterEach(() => {
  vfs.dispose()
  directory.remove()
})

const openDescriptors = (): number => fs.readdirSync('/proc/self/fd').length

describe('descriptors', () => {
  test('stay few over 200 directories, 100 deep', () => {
    let deep = ''
    for (let i = 0; i < 100; i++) {
      deep += 'd/'
      vfs.mkdir(deep)
      vfs.mkdir(`${deep}e`)
      vfs.write(`${deep}e/f`, '')
    }
    const before = openDescriptors()
    for (let depth = 100; depth > 0; depth--) vfs.stat(`${'d/'.repeat(depth)}e/f`)
    expect(openDescriptors() - before).toBeLessThan(64)
    const other = openHostFs(shared, {readOnly: true, memory})
    other.dispose()
  })

  test('are opened so many for one call, however deep a guest nests directories', () => {
    const deep = new TestVfs(openHostFs(shared, {readOnly: false, memory, maxSteps: 100}))
    for (let depth = 0; depth < 150; depth++) {
      deep.mkdir('d')
      deep.chdir('d')
    }
    const bottom = deep.cwd
    deep.chdir('/')
    for (let i = 0; i < 70; i++) {
      deep.mkdir(`other${i}`)
      deep.mkdir(`other${i}/e`)
    }
    expect(errorOf(() => bottom.inode.lookup('e'))).toBe('ENAMETOOLONG')
    for (let depth = 0; depth < 150; depth++) deep.chdir('d')
    expect(errorOf(() => bottom.inode.lookup('e'))).toBe('ENOENT')
    deep.dispose()
  })

  test('stay few over 100 files that mknod made and nobody opens', () => {
    const before = openDescriptors()
    for (let i = 0; i < 100; i++) vfs.mknod(`f${i}`, S_IFREG | 0o600)
    expect(openDescriptors() - before).toBeLessThan(10)
  })

  test('are all closed with the file system', () => {
    const before = openDescriptors()
    const other = new TestVfs(openHostFs(shared, {readOnly: false, memory}))
    other.mkdir('a')
    other.write('a/f', 'x')
    expect(other.list('a')).toEqual(['f'])
    other.dispose()
    expect(openDescriptors()).toBe(before)
  })
})
