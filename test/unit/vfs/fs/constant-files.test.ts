// Which mapped host files no program can write to.

import {mkdirSync, symlinkSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {expect, onTestFinished, test} from 'vitest'
import {O_RDONLY} from '../../../../src/abi/open-flags.ts'
import {openHostFs} from '../../../../src/vfs/fs/host.ts'
import {Tmpfs} from '../../../../src/vfs/fs/tmpfs.ts'
import {memoryFile} from '../../../helpers/memory-file.ts'
import {TestVfs} from '../../../helpers/vfs.ts'
import {hostDirectory} from '../../../helpers/vfs-backends.ts'

/** A tree of libraries, and the part of it that programs may write to, if any. */
function start(writable?: string) {
  const directory = hostDirectory()
  const memory = memoryFile(4 << 20)
  for (const name of ['lib', 'work', 'work-too']) {
    mkdirSync(join(directory.path, name))
    writeFileSync(join(directory.path, name, 'file'), name)
  }
  symlinkSync('work', join(directory.path, 'link'))
  const rw = writable && new TestVfs(openHostFs(join(directory.path, writable), {readOnly: false, memory}))
  const vfs = new TestVfs(openHostFs(directory.path, {readOnly: true, memory}))
  onTestFinished(() => {
    vfs.dispose()
    if (rw) rw.dispose()
    directory.remove()
  })
  const isConstant = (path: string, of = vfs): boolean | undefined => {
    const file = of.locate(path).inode.open(O_RDONLY)
    try {
      return file.mappable!.isConstant
    } finally {
      file.close()
    }
  }
  return {isConstant, rw, memory}
}

test('all of a tree that is shown read-only', () => {
  expect(start().isConstant('lib/file')).toBe(true)
})

test.each(['work', 'link', 'work/file'])(
  'but for what is in %s, which is shown for writing, too',
  (writable) => {
    const {isConstant} = start(writable)
    expect(['lib/file', 'work/file', 'work-too/file'].map((path) => isConstant(path))).toEqual([
      true,
      false,
      true,
    ])
  },
)

test('none where the tree itself can be written to', () => {
  const {isConstant, rw} = start('.')
  expect(isConstant('lib/file')).toBe(false)
  expect(isConstant('lib/file', rw as TestVfs)).toBe(false)
})

test('none in memory', () => {
  const vfs = new TestVfs(new Tmpfs(memoryFile(4 << 20)))
  onTestFinished(() => vfs.dispose())
  const file = vfs.open('file', 0o102)
  expect(file.mappable!.isConstant ?? false).toBe(false)
  file.close()
})
