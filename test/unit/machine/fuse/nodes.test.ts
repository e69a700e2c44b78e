// What a machine's kernel knows about a share: numbers of files, how often it has looked them up, and when they are released.

import * as fs from 'node:fs'
import {join} from 'node:path'
import {afterEach, beforeEach, describe, expect, test} from 'vitest'
import {Nodes} from '../../../../src/machine/fuse/nodes.ts'
import {openHostFs} from '../../../../src/vfs/fs/host.ts'
import {Overlay} from '../../../../src/vfs/fs/overlay.ts'
import {Tmpfs} from '../../../../src/vfs/fs/tmpfs.ts'
import type {Location} from '../../../../src/vfs/location.ts'
import {mountRoot} from '../../../../src/vfs/mount-tree.ts'
import {nativeHost} from '../../../../src/vfs/native-host.ts'
import {VirtualFileSystem} from '../../../../src/vfs/virtual-file-system.ts'
import {failure} from '../../../helpers/failure.ts'
import {u32, u64} from '../../../helpers/fields.ts'
import {type FuseClient, ROOT} from '../../../helpers/fuse-client.ts'
import {Op, request} from '../../../helpers/fuse-message.ts'
import {memoryFile} from '../../../helpers/memory-file.ts'
import {type FuseHostShare, fuseHostShare, fuseShareOf} from '../../../helpers/share.ts'
import {errorOf} from '../../../helpers/vfs.ts'

let share: FuseHostShare
let client: FuseClient
const on = (name: string): string => join(share.path, name)

beforeEach(async () => {
  share = await fuseHostShare()
  client = share.client
  fs.writeFileSync(on('f'), 'content')
})
afterEach(() => share.dispose())

test('a file has one number as long as it is known, by whichever of its names', async () => {
  fs.linkSync(on('f'), on('g'))
  const {node} = await client.lookup(ROOT, 'f')
  expect((await client.lookup(ROOT, 'f')).node).toBe(node)
  expect((await client.lookup(ROOT, 'g')).node).toBe(node)
  for (const gone of ['g', 'f']) {
    expect((await client.getattrOf(node)).nlink).toBe(gone === 'g' ? 2 : 1)
    await client.unlink(gone)
  }
  expect(await failure(client.getattrOf(node))).toBe('ENOENT')
})

test('it is forgotten when all lookups are, and its number is never another’s', async () => {
  const {node} = await client.lookup(ROOT, 'f')
  await client.lookup(ROOT, 'f')
  await client.forget(node)
  expect((await client.getattrOf(node)).size).toBe(7)
  await client.forget(node)
  expect(await failure(client.getattrOf(node))).toBe('ESTALE')
  await client.forget(node)
  expect((await client.lookup(ROOT, 'f')).node).toBeGreaterThan(node)
})

test('many are forgotten at once', async () => {
  const names = Array.from({length: 20}, (_, i) => `n${i}`)
  for (const name of names) fs.writeFileSync(on(name), '')
  const nodes: number[] = []
  for (const name of names) nodes.push((await client.lookup(ROOT, name)).node)
  const pairs = nodes.flatMap((node) => [u64(node), u64(1)])
  const answer = await share.server.answer(request(Op.batchForget, {}, u32(20), u32(0), ...pairs))
  expect(answer).toHaveLength(0)
  for (const node of nodes) expect(await failure(client.getattrOf(node))).toBe('ESTALE')
})

test('a batch that says that it is longer than it is forgets what is there', async () => {
  const {node} = await client.lookup(ROOT, 'f')
  const fields = [u32(0xffff_ffff), u32(0), u64(node), u64(1)]
  expect(await share.server.answer(request(Op.batchForget, {}, ...fields))).toHaveLength(0)
  expect(await failure(client.getattrOf(node))).toBe('ESTALE')
})

test('the root is never forgotten', async () => {
  await share.server.answer(request(Op.forget, {node: ROOT}, u64(1000)))
  expect(await client.names('')).toEqual(['f'])
})

test('a file that takes over the name has another number', async () => {
  const old = await client.lookup(ROOT, 'f')
  fs.writeFileSync(on('new'), 'new')
  fs.renameSync(on('new'), on('f'))
  const found = await client.lookup(ROOT, 'f')
  expect(found.node).not.toBe(old.node)
  expect(await failure(client.getattrOf(old.node))).toBe('ENOENT')
  expect((await client.getattrOf(found.node)).size).toBe(3)
})

test('a number keeps to its file while it moves, and while others are looked at', async () => {
  fs.mkdirSync(on('d'))
  const {node} = await client.lookup(ROOT, 'f')
  // The share's memory has room for 256 nodes.
  for (let i = 0; i < 600; i++) {
    fs.writeFileSync(on(`other${i}`), '')
    await client.stat(`other${i}`)
  }
  await client.rename('f', 'd/g')
  expect((await client.getattrOf(node)).size).toBe(7)
  expect((await client.lookup((await client.lookup(ROOT, 'd')).node, 'g')).node).toBe(node)
})

test('an overlay’s file keeps its number when it is copied', async () => {
  const memory = memoryFile(4 << 20)
  const lower = openHostFs(share.path, {readOnly: true, memory})
  const overlay = await fuseShareOf(new Overlay(lower, memory))
  const {node} = await overlay.client.lookup(ROOT, 'f')
  const file = await overlay.client.open('f', 2)
  await overlay.client.write(file, 0, Buffer.from('C'))
  expect((await overlay.client.lookup(ROOT, 'f')).node).toBe(node)
  expect((await overlay.client.readFile('f')).toString()).toBe('Content')
  expect(fs.readFileSync(on('f'), 'utf8')).toBe('content')
  overlay.dispose()
})

test('only so many are known at a time', async () => {
  const few = await fuseShareOf(new Tmpfs(memoryFile(1 << 20)), {nodes: 3})
  for (const name of ['a', 'b', 'c', 'd']) await few.client.mknod(name, 0o100644)
  const nodes: number[] = []
  for (const name of ['a', 'b', 'c']) nodes.push((await few.client.lookup(ROOT, name)).node)
  expect(await failure(few.client.lookup(ROOT, 'd'))).toBe('ENFILE')
  // Nothing is made that the server could not report.
  for (const call of [
    () => few.client.mkdir('e'),
    () => few.client.symlink('x', 'e'),
    () => few.client.create('e'),
  ])
    expect(await failure(call())).toBe('ENFILE')
  const file = await few.client.open('')
  const plus = await few.client.readdir(file, 0, 4096, true)
  expect(plus.map(({name, entry}) => [name, entry!.node]).sort()).toEqual([
    ['.', 0],
    ['..', 0],
    ...['a', 'b', 'c'].map((name, i) => [name, nodes[i]]),
    ['d', 0],
  ])
  await few.client.forget(nodes[0])
  expect((await few.client.lookup(ROOT, 'd')).node).toBeGreaterThan(nodes[2])
  few.dispose()
})

describe('of files with several names', () => {
  const tree = mountRoot(new Tmpfs(memoryFile(1 << 20)), new VirtualFileSystem(nativeHost)).top
  /** Each name has an object of its own, as on the host's file systems. */
  const nameOf = (held: object[], name: string): Location => {
    const counts = {hold: {value: () => held.push({})}, letGo: {value: () => held.pop()}}
    return {...tree, inode: Object.create(tree.inode, counts), name}
  }

  test('so many are kept', () => {
    const nodes = new Nodes(tree, 100)
    const held: object[] = []
    for (let i = 0; i < 40; i++) nodes.remember(nameOf(held, `${i}`), tree.inode.attributes())
    expect([nodes.size, held.length]).toEqual([1, 16])
    nodes.clear()
    expect([nodes.size, held.length]).toEqual([0, 0])
  })

  test('each counts among those of all', () => {
    const nodes = new Nodes(tree, 3)
    const held: object[] = []
    for (let i = 0; i < 40; i++) nodes.remember(nameOf(held, `${i}`), tree.inode.attributes())
    expect([nodes.size, held.length]).toEqual([1, 3])
    const other = {...tree.inode.attributes(), ino: 99}
    expect(errorOf(() => nodes.remember(nameOf(held, 'other'), other))).toBe('ENFILE')
    nodes.clear()
    nodes.remember(nameOf(held, 'other'), other)
    expect([nodes.size, held.length]).toEqual([1, 1])
  })
})
