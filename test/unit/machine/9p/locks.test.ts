// Locks of a machine's processes on a share: with each other, and with the host's processes.

import {closeSync, openSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {afterEach, beforeEach, expect, test} from 'vitest'
import {F_RDLCK, F_UNLCK, F_WRLCK} from '../../../../src/abi/fcntl.ts'
import {O_RDWR} from '../../../../src/abi/open-flags.ts'
import {ShareLocks} from '../../../../src/machine/9p/locks.ts'
import {COST} from '../../../../src/vfs/budget.ts'
import {nativeHost} from '../../../../src/vfs/native-host.ts'
import type {Client} from '../../../helpers/9p-client.ts'
import {type Answer, u8, u32, u64} from '../../../helpers/9p-message.ts'
import {failure} from '../../../helpers/failure.ts'
import {type HostShare, hostShare} from '../../../helpers/share.ts'
import {errorOf} from '../../../helpers/vfs.ts'

const host = nativeHost.files

const SUCCESS = 0
const BLOCKED = 1

let share: HostShare
let client: Client
let fid: number
/** The descriptor of another process on the host. */
let otherFd: number

beforeEach(async () => {
  share = await hostShare()
  client = share.client
  writeFileSync(join(share.path, 'f'), 'content')
  fid = await client.open('f', 2)
  otherFd = openSync(join(share.path, 'f'), 'r+')
})

afterEach(() => {
  closeSync(otherFd)
  share.dispose()
})

async function lock(type: number, start: number, length: number, pid = 1, on = fid): Promise<number> {
  return (await client.call(52, u32(on), u8(type), u32(1), u64(start), u64(length), u32(pid), 'node')).u8()
}

async function getLock(type: number, start: number, length: number, pid: number): Promise<unknown[]> {
  const fields = [u32(fid), u8(type), u64(start), u64(length), u32(pid), 'other']
  const answer: Answer = await client.call(54, ...fields)
  return [answer.u8(), answer.u64(), answer.u64(), answer.u32(), answer.text()]
}

/** Whether another process on the host gets the lock. */
const hostLock = (type: number, start: number, length: number): boolean =>
  host.hostLock(otherFd, type, start, length) === 0

test('of the machine’s own processes none is in the way: its kernel has looked', async () => {
  expect(await lock(F_WRLCK, 0, 10, 1)).toBe(SUCCESS)
  expect(await lock(F_WRLCK, 5, 10, 2)).toBe(SUCCESS)
  for (const type of [F_RDLCK, F_WRLCK, F_UNLCK])
    expect(await getLock(type, 5, 0, 3)).toEqual([F_UNLCK, 5, 0, 3, 'other'])
  expect(await lock(F_UNLCK, 0, 0, 1)).toBe(SUCCESS)
  expect([hostLock(F_RDLCK, 0, 5), hostLock(F_RDLCK, 5, 1)]).toEqual([true, false])
})

test('one process has one lock, by whichever of its fids', async () => {
  const second = await client.open('f', 2)
  expect(await lock(F_WRLCK, 0, 10)).toBe(SUCCESS)
  expect(await lock(F_WRLCK, 5, 10, 1, second)).toBe(SUCCESS)
  await client.clunk(second)
  expect(hostLock(F_WRLCK, 12, 1)).toBe(false)
})

test('the host sees them, as long as anybody in the machine has them', async () => {
  await lock(F_RDLCK, 0, 10, 1)
  await lock(F_RDLCK, 5, 10, 2)
  expect(hostLock(F_WRLCK, 14, 1)).toBe(false)
  await lock(F_UNLCK, 0, 0, 2)
  expect(hostLock(F_WRLCK, 14, 1)).toBe(true)
  expect(hostLock(F_WRLCK, 5, 1)).toBe(false)
  expect(hostLock(F_RDLCK, 5, 1)).toBe(true)
})

test('those of the host are in the way', async () => {
  expect(hostLock(F_WRLCK, 3, 4)).toBe(true)
  expect(await lock(F_RDLCK, 0, 0)).toBe(BLOCKED)
  for (const type of [F_RDLCK, F_WRLCK, F_UNLCK])
    expect((await getLock(type, 0, 0, 1)).slice(0, 3)).toEqual([F_WRLCK, 3, 4])
  expect(hostLock(F_UNLCK, 0, 0)).toBe(true)
  expect(await lock(F_RDLCK, 0, 0)).toBe(SUCCESS)
})

test('end with the last fid that has the file open, and with the session', async () => {
  await lock(F_WRLCK, 0, 0)
  await client.clunk(fid)
  expect(hostLock(F_WRLCK, 0, 0)).toBe(true)
  hostLock(F_UNLCK, 0, 0)
  fid = await client.open('f', 2)
  await lock(F_WRLCK, 0, 0)
  await client.version(8192)
  expect(hostLock(F_WRLCK, 0, 0)).toBe(true)
})

test('make sense, and are of a file that is open', async () => {
  expect(await failure(lock(3, 0, 1))).toBe('EINVAL')
  expect(await failure(lock(F_RDLCK, 2 ** 53, 1))).toBe('EINVAL')
  expect(await failure(getLock(3, 0, 1, 1))).toBe('EINVAL')
  expect(await lock(F_RDLCK, 2 ** 52 - 1, 2 ** 52)).toBe(SUCCESS)
  await client.with('f', async (closed) => {
    expect(await failure(lock(F_RDLCK, 0, 1, 1, closed))).toBe('EBADF')
  })
  const directory = await client.open('')
  expect(await failure(lock(F_RDLCK, 0, 1, 1, directory))).toBe('EINVAL')
  const long = client.call(52, u32(fid), u8(0), u32(0), u64(0), u64(1), u32(1), 'x'.repeat(256))
  expect(await failure(long)).toBe('EINVAL')
})

test('are as many as a share has room for', async () => {
  const locks = new ShareLocks(3 * COST.lock)
  const file = share.root.inode.lookup('f').open(O_RDWR)
  const set = (type: number, start: number): boolean =>
    locks.set(file, {type, start, end: start + 1, pid: 1, owner: '1'})
  for (const start of [0, 2, 4]) expect(set(F_RDLCK, start)).toBe(true)
  expect(errorOf(() => set(F_RDLCK, 6))).toBe('ENOLCK')
  expect(set(F_UNLCK, 0)).toBe(true)
  expect(set(F_RDLCK, 6)).toBe(true)
  locks.closed(file, [])
  file.close()
})
