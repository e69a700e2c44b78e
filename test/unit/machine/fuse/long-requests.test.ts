// FUSE requests that take several turns of the event loop.

import * as fs from 'node:fs'
import {expect, test} from 'vitest'
import {EAGAIN, EINVAL, EPROTO} from '../../../../src/abi/errno.ts'
import {openHostFs} from '../../../../src/vfs/fs/host.ts'
import {Overlay} from '../../../../src/vfs/fs/overlay.ts'
import {Tmpfs} from '../../../../src/vfs/fs/tmpfs.ts'
import {UNFINISHED} from '../../../../src/vfs/unfinished.ts'
import {u32} from '../../../helpers/fields.ts'
import {ROOT} from '../../../helpers/fuse-client.ts'
import {Answer, Op, request} from '../../../helpers/fuse-message.ts'
import {memoryFile} from '../../../helpers/memory-file.ts'
import {type FuseShare, fuseShareOf} from '../../../helpers/share.ts'
import {hostDirectory} from '../../../helpers/vfs-backends.ts'

const LARGE = 21 << 20
const O_RDWR = 2

const open = (node: number, unique: number): Uint8Array =>
  request(Op.open, {node, unique}, u32(O_RDWR), u32(0))

/** A share with a file whose open goes on until `finish` is called. */
async function shareThatWaits(): Promise<FuseShare & {node: number; finish(): void}> {
  const share = await fuseShareOf(new Tmpfs(memoryFile(1 << 20)))
  await share.client.writeFile('f', '')
  const inode = share.root.inode.lookup('f')
  const openNow = inode.open.bind(inode)
  inode.open = () => {
    throw UNFINISHED
  }
  const finish = (): void => {
    inode.open = openNow
  }
  return {...share, node: (await share.client.lookup(ROOT, 'f')).node, finish}
}

test('an overlay copies a large file in turns, and others are answered meanwhile', async () => {
  const directory = hostDirectory()
  fs.writeFileSync(`${directory.path}/large`, Buffer.alloc(LARGE, 'x'))
  const memory = memoryFile(64 << 20)
  const share = await fuseShareOf(new Overlay(openHostFs(directory.path, {readOnly: true, memory}), memory))
  const {client, server} = share
  const {node} = await client.lookup(ROOT, 'large')
  const opening = server.answer(open(node, 21))
  expect(opening).toBeInstanceOf(Promise)
  expect((await client.getattrOf(node)).size).toBe(LARGE)
  expect(new Answer(await opening).error).toBe(0)
  share.dispose()
  directory.remove()
})

test('they are 64 at a time, told apart by their numbers; who comes then asks again', async () => {
  const share = await shareThatWaits()
  const {server, node} = share
  const answers = Array.from({length: 64}, (_, i) => server.answer(open(node, 100 + i)))
  expect(new Answer(server.answer(open(node, 100)) as Uint8Array).error).toBe(EINVAL)
  expect(new Answer(server.answer(open(node, 200)) as Uint8Array).error).toBe(EAGAIN)
  share.finish()
  for (const [i, answer] of answers.entries()) {
    const {error, unique} = new Answer(await answer)
    expect([error, unique]).toEqual([0, 100 + i])
  }
  share.dispose()
})

test('of a session that ends, what is under way ends', async () => {
  const share = await shareThatWaits()
  const opening = share.server.answer(open(share.node, 7))
  share.server.reset()
  expect(new Answer(await opening).error).toBe(EPROTO)
  share.dispose()
})
