// OwnerFiles: the guest's rights, and bounds on what a guest can make grow.

import {expect, test} from 'vitest'
import {NO_CAPABILITIES} from '../../../../../src/abi/capability.ts'
import {
  EACCES,
  EBADF,
  ELOOP,
  EMFILE,
  ENAMETOOLONG,
  ENOENT,
  EPERM,
  EXDEV,
} from '../../../../../src/abi/errno.ts'
import {S_IFIFO} from '../../../../../src/abi/file-mode.ts'
import type {Credentials} from '../../../../../src/sentry/core/credentials.ts'
import {
  type FileOperation,
  type FileResult,
  PIECE_ENTRIES,
} from '../../../../../src/sentry/outside/files/operations.ts'
import {OwnerFiles} from '../../../../../src/sentry/outside/files/owner-files.ts'
import {DirectoryDescription} from '../../../../../src/vfs/directory-description.ts'
import type {Inode} from '../../../../../src/vfs/file.ts'
import type {FileSystem} from '../../../../../src/vfs/file-system.ts'
import {ROOT, Tmpfs} from '../../../../../src/vfs/fs/tmpfs.ts'
import {mountRoot} from '../../../../../src/vfs/mount-tree.ts'
import {nativeHost} from '../../../../../src/vfs/native-host.ts'
import {VirtualFileSystem} from '../../../../../src/vfs/virtual-file-system.ts'
import {memoryFile} from '../../../../helpers/memory-file.ts'

const NO_BYTES = new Uint8Array(0)
const failure = (code: number) => expect.objectContaining({code})

/** A tree, and a way for its owner to ask, as a user. */
function tree(uid = 0) {
  const fs = new Tmpfs(memoryFile(1 << 24), {mode: 0o777})
  const who = uid === 0 ? ROOT : {uid, gid: uid, groups: [], capabilities: NO_CAPABILITIES}
  const rootMount = mountRoot(fs, new VirtualFileSystem(nativeHost))
  const kernel = {rootMount, vfs: rootMount.vfs, processes: new Map(), current: undefined}
  const files = new OwnerFiles(kernel, who as unknown as Credentials)
  const answers: FileResult[] = []
  const ask = (operation: FileOperation, bytes: Uint8Array = NO_BYTES) =>
    files.answer(operation, bytes, (answered) => answers.push(answered))
  return {fs, root: fs.root as Inode, files, ask, answers}
}

const at = (path: string) => ({at: {path}})
const write = (path: string, mode?: number): FileOperation => ({
  ...{name: 'write', ...at(path), isEnd: true},
  ...(mode !== undefined && {mode}),
})

function nest(directory: Inode, depth: number): Inode {
  for (let i = 0; i < depth; i++) directory = directory.mkdir('d', 0o755, ROOT)
  return directory
}

function removeAll(ask: ReturnType<typeof tree>['ask'], path: string): number {
  let answered = ask({name: 'remove', ...at(path), recursive: true})
  let pieces = 1
  for (; !answered!.answer.isEnd; pieces++)
    answered = ask({name: 'more', of: 'remove', handle: answered!.answer.handle!, isEnd: false})
  return pieces
}

test('what the guest may not, its owner may not', () => {
  const {root, ask} = tree(1000)
  root.create('others', 0o600, ROOT)
  root.mkdir('closed', 0o700, ROOT).create('file', 0o666, ROOT)
  expect(() => ask({name: 'read', ...at('/others')})).toThrow(failure(EACCES))
  expect(() => ask({name: 'read', ...at('/closed/file')})).toThrow(failure(EACCES))
  expect(() => ask({name: 'list', ...at('/closed')})).toThrow(failure(EACCES))
  expect(() => ask({name: 'watch', ...at('/others')})).toThrow(failure(EACCES))
  root.create('open', 0o666, ROOT)
  expect(() => ask(write('/open', 0o777))).toThrow(failure(EPERM))
  expect(ask(write('/open'))!.answer).toEqual({isEnd: true})
  expect(ask({name: 'stat', ...at('/open'), follows: true})!.answer.entry).toMatchObject({
    uid: 0,
    mode: 0o666,
  })
})

test('beneath a directory no link leads anywhere, and nothing leads out', () => {
  const {root, ask} = tree()
  const inner = root.mkdir('in', 0o755, ROOT)
  root.create('out', 0o644, ROOT)
  inner.symlink('l', '/', ROOT)
  const read = (path: string) => ask({name: 'read', at: {path, beneath: '/in'}})
  expect(() => read('l/out')).toThrow(failure(ELOOP))
  expect(() => read('../out')).toThrow(failure(EXDEV))
  expect(() => read('/out')).toThrow(failure(EXDEV))
  expect(() => read('l')).toThrow(failure(ELOOP))
})

test('a tree of many thousand levels goes, a deeper one is refused', () => {
  const {root, ask} = tree()
  nest(root.mkdir('a', 0o755, ROOT), 10_000)
  expect(removeAll(ask, '/a')).toBeGreaterThan(10)
  nest(root.mkdir('a', 0o755, ROOT), 20_000)
  expect(() => removeAll(ask, '/a')).toThrow(failure(ENAMETOOLONG))
})

test('a directory of many names goes, in pieces', () => {
  const {root, ask} = tree()
  const directory = root.mkdir('a', 0o755, ROOT)
  for (let i = 0; i < 10_000; i++) directory.mknod(`n${i}`, S_IFIFO | 0o644, 0, ROOT)
  expect(removeAll(ask, '/a')).toBeGreaterThan(10)
  expect(() => root.lookup('a')).toThrow(failure(ENOENT))
})

test('an answer with long names stays below the bound of a frame', () => {
  const {root, ask} = tree()
  for (let i = 0; i < 1000; i++) root.symlink(`${i}`.padEnd(255, '\x01'), '\xff'.repeat(4095), ROOT)
  const {answer} = ask({name: 'list', ...at('/')})!
  expect(answer.isEnd).toBe(false)
  expect(Buffer.byteLength(JSON.stringify(answer))).toBeLessThan(2 ** 22)
})

test('there are 512 handles, and each ends with an error or its close', () => {
  const {root, ask, files} = tree()
  for (let i = 0; i < 600; i++) root.create(`${i}`, 0o644, ROOT)
  const open = () => ask({name: 'write', ...at('/w'), isEnd: false})!.answer.handle!
  const handles = Array.from({length: 512}, open)
  expect(open).toThrow(failure(EMFILE))
  ask({name: 'close', handle: handles[0]})
  open()
  files.close()
  expect(() => ask({name: 'more', of: 'write', handle: handles[1], isEnd: true})).toThrow(failure(EBADF))
  expect(open()).toBeGreaterThan(512)
})

test('changes that nobody takes are bounded, and one that asks waits for some', () => {
  const {ask, answers, fs} = tree()
  const {handle} = ask({name: 'watch', ...at('/')})!.answer
  const more = () => ask({name: 'more', of: 'watch', handle: handle!, isEnd: false})
  for (let i = 0; i < 3000; i++) ask(write(`/${i}`))
  const {changes} = more()!.answer
  expect(changes).toHaveLength(1024)
  expect([changes![0], changes!.at(-1)]).toEqual([{kind: 'create', name: '0'}, {kind: 'overflow'}])
  expect(more()).toBe(undefined)
  ask(write('/new'))
  expect(answers).toEqual([{answer: {isEnd: false, handle, changes: [{kind: 'create', name: 'new'}]}}])
  expect(more()).toBe(undefined)
  ask({name: 'close', handle: handle!})
  expect(answers.at(-1)!.answer).toEqual({isEnd: true, changes: []})
  expect((fs as FileSystem).watches).toBe(0)
})

test('a directory of many names is listed a piece at a time', () => {
  const {root, ask} = tree()
  const looked: number[] = []
  const open = (flags: number) =>
    new DirectoryDescription(root, flags, function* () {
      for (let ino = 1; ino <= 200_000; ino++) {
        looked.push(ino)
        yield {name: 'n', ino, type: 8}
      }
    })
  root.create('n', 0o644, ROOT)
  Object.assign(root, {open})
  expect(ask({name: 'list', ...at('/')})!.answer.entries!.length).toBe(PIECE_ENTRIES)
  expect(looked.length).toBeLessThan(2 * PIECE_ENTRIES)
})
