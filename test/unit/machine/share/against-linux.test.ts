// The same random calls on a host directory and through shares of each writable file system, over each protocol: same errors, same tree.

import * as fs from 'node:fs'
import {join} from 'node:path'
import {describe, expect, test} from 'vitest'
import {Errno, errnoName} from '../../../../src/abi/errno.ts'
import type {Client} from '../../../helpers/9p-client.ts'
import type {FuseClient} from '../../../helpers/fuse-client.ts'
import {memoryFile} from '../../../helpers/memory-file.ts'
import {seededRandom} from '../../../helpers/mutate.ts'
import {protocols} from '../../../helpers/share.ts'
import {backends, hostDirectory} from '../../../helpers/vfs-backends.ts'

const CALLS = 1200
const SEED = 20261128
const NAMES = ['a', 'b', 'c', 'd', 'missing']
const MAX_DEPTH = 3
/** Flags as in a program's calls. No links are followed, as only the machine's kernel would follow them. */
const {O_RDONLY, O_WRONLY, O_CREAT, O_EXCL, O_TRUNC, O_APPEND, O_NOFOLLOW} = fs.constants

interface Calls {
  mkdir(path: string): unknown
  rmdir(path: string): unknown
  unlink(path: string): unknown
  rename(from: string, to: string): unknown
  link(from: string, to: string): unknown
  symlink(path: string): unknown
  readlink(path: string): unknown
  write(path: string, text: string): unknown
  makeNew(path: string): unknown
  append(path: string, text: string): unknown
  truncate(path: string, size: number): unknown
  read(path: string): unknown
  chmod(path: string, mode: number): unknown
  list(path: string): unknown
  stat(path: string): unknown
}

/** A target that is no directory on either side. */
const TARGET = '/dev/null'

function hostCalls(root: string): Calls {
  const at = (path: string): string => join(root, path)
  const withFile = <T>(path: string, flags: number, use: (fd: number) => T, mode = 0o640): T => {
    const fd = fs.openSync(at(path), flags | O_NOFOLLOW, mode)
    try {
      return use(fd)
    } finally {
      fs.closeSync(fd)
    }
  }
  return {
    mkdir: (path) => fs.mkdirSync(at(path), 0o750),
    rmdir: (path) => fs.rmdirSync(at(path)),
    unlink: (path) => fs.unlinkSync(at(path)),
    rename: (from, to) => fs.renameSync(at(from), at(to)),
    link: (from, to) => fs.linkSync(at(from), at(to)),
    symlink: (path) => fs.symlinkSync(TARGET, at(path)),
    readlink: (path) => fs.readlinkSync(at(path)),
    write: (path, text) => withFile(path, O_WRONLY | O_CREAT | O_TRUNC, (fd) => fs.writeSync(fd, text)),
    makeNew: (path) => withFile(path, O_WRONLY | O_CREAT | O_EXCL, () => undefined),
    append: (path, text) => withFile(path, O_WRONLY | O_APPEND, (fd) => fs.writeSync(fd, text)),
    truncate: (path, size) => withFile(path, O_WRONLY, (fd) => fs.ftruncateSync(fd, size)),
    read: (path) => withFile(path, O_RDONLY, (fd) => fs.readFileSync(fd, 'latin1')),
    chmod: (path, mode) => withFile(path, O_RDONLY, (fd) => fs.fchmodSync(fd, mode)),
    list: (path) => fs.readdirSync(at(path)).sort(),
    stat: (path) => tellOf(fs.lstatSync(at(path))),
  }
}

function shareCalls(client: Client | FuseClient): Calls {
  const withFile = async <T>(path: string, flags: number, use: (fid: number) => Promise<T>): Promise<T> => {
    const fid = flags & O_CREAT ? await client.create(path, flags, 0o640) : await client.open(path, flags)
    try {
      return await use(fid)
    } finally {
      await client.close(fid)
    }
  }
  return {
    mkdir: async (path) => void (await client.mkdir(path, 0o750)),
    rmdir: async (path) => void (await client.rmdir(path)),
    unlink: async (path) => void (await client.unlink(path)),
    rename: async (from, to) => void (await client.rename(from, to)),
    link: async (from, to) => void (await client.link(from, to)),
    symlink: async (path) => void (await client.symlink(TARGET, path)),
    readlink: (path) => client.readlink(path),
    write: (path, text) =>
      withFile(path, O_WRONLY | O_CREAT | O_TRUNC, (fid) => client.write(fid, 0, Buffer.from(text))),
    makeNew: (path) => withFile(path, O_WRONLY | O_CREAT | O_EXCL, async () => undefined),
    append: (path, text) =>
      withFile(path, O_WRONLY | O_APPEND, (fid) => client.write(fid, 0, Buffer.from(text))),
    truncate: (path, size) =>
      withFile(path, O_WRONLY, async (fid) => void (await client.setattr(fid, 8, {size}))),
    read: (path) =>
      withFile(path, O_RDONLY, async (fid) => (await client.read(fid, 0, 4096)).toString('latin1')),
    chmod: (path, mode) =>
      withFile(path, O_RDONLY, async (fid) => void (await client.setattr(fid, 1, {mode}))),
    list: (path) => client.names(path),
    stat: async (path) => tellOf(await client.stat(path)),
  }
}

/** The attributes that are the same in every file system; a directory's size and links are not. */
function tellOf({mode, size, nlink}: {mode: number; size: number; nlink: number}): unknown {
  return (mode & 0o170000) === 0o040000 ? {mode} : {mode, size, nlink}
}

/** A call's result, or the name of its error. */
async function outcomeOf(call: () => unknown): Promise<unknown> {
  try {
    return await call()
  } catch (error) {
    if (error instanceof Errno) return errnoName(error.code)
    return (error as NodeJS.ErrnoException).code
  }
}

function* randomCalls(): Iterable<[description: string, call: (calls: Calls) => unknown]> {
  const random = seededRandom(SEED)
  const path = (): string =>
    Array.from(
      {length: 1 + random(MAX_DEPTH)},
      () => NAMES[random(NAMES.length - (random(4) > 0 ? 1 : 0))],
    ).join('/')
  for (let i = 0; i < CALLS; i++) {
    const [from, to, size, mode] = [path(), path(), random(3000), 0o700 + random(0o100)]
    const kinds: [string, (calls: Calls) => unknown][] = [
      [`mkdir ${from}`, (calls) => calls.mkdir(from)],
      [`mkdir ${to}`, (calls) => calls.mkdir(to)],
      [`rmdir ${from}`, (calls) => calls.rmdir(from)],
      [`unlink ${from}`, (calls) => calls.unlink(from)],
      [`rename ${from} ${to}`, (calls) => calls.rename(from, to)],
      [`rename ${to} ${from}`, (calls) => calls.rename(to, from)],
      [`link ${from} ${to}`, (calls) => calls.link(from, to)],
      [`symlink ${from}`, (calls) => calls.symlink(from)],
      [`readlink ${from}`, (calls) => calls.readlink(from)],
      [`write ${from}`, (calls) => calls.write(from, `text${i}`)],
      [`write ${to}`, (calls) => calls.write(to, 'x'.repeat(size))],
      [`new ${from}`, (calls) => calls.makeNew(from)],
      [`append ${from}`, (calls) => calls.append(from, `more${i}`)],
      [`truncate ${from} ${size}`, (calls) => calls.truncate(from, size)],
      [`read ${from}`, (calls) => calls.read(from)],
      [`chmod ${from}`, (calls) => calls.chmod(from, mode)],
      [`list ${from}`, (calls) => calls.list(from)],
      [`stat ${from}`, (calls) => calls.stat(from)],
    ]
    yield kinds[random(kinds.length)]
  }
}

describe.each(protocols)('$protocol', ({shareOf}) => {
  test.each(backends)('$name', async (backend) => {
    const native = hostDirectory()
    const share = await shareOf(backend.create(memoryFile(16 << 20)))
    try {
      const [linux, shared] = [hostCalls(native.path), shareCalls(share.client)]
      const counts = {done: 0, refused: 0}
      for (const [description, call] of randomCalls()) {
        const expected = await outcomeOf(() => call(linux))
        expect([description, await outcomeOf(() => call(shared))]).toEqual([description, expected])
        if (typeof expected === 'string' && /^E[A-Z]+$/.test(expected)) counts.refused++
        else counts.done++
      }
      // Both must be frequent, or the calls are useless.
      expect(Math.min(counts.done, counts.refused)).toBeGreaterThan(CALLS / 8)
    } finally {
      share.dispose()
      backend.cleanUp()
      native.remove()
    }
  })
})
