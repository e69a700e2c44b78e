// A 9P2000.L client that acts as Linux does: file operations by path, over handmade messages. It shares no code with the server.

import {ENOTDIR, Errno} from '../../src/abi/errno.ts'
import type {Server} from '../../src/machine/9p/server.ts'
import {Answer, type Entry, type Field, message, type Qid, type Stat, u16, u32, u64} from './9p-message.ts'

const ROOT_FID = 0
export const NO_FID = 0xffff_ffff
const TAG = 7
const QTDIR = 0x80

export class Client {
  readonly server: Pick<Server, 'answer'>
  messageBytes = 0
  #lastFid = ROOT_FID
  /** Whether the last walk led to a directory. */
  #isDirectory = true

  constructor(server: Pick<Server, 'answer'>) {
    this.server = server
  }

  /** As mount(2): version and attach. */
  async mount({messageBytes = 65536, uid = 0, aname = ''} = {}): Promise<this> {
    this.messageBytes = await this.version(messageBytes)
    await this.attach(ROOT_FID, uid, aname)
    return this
  }

  /** Sends a message, and takes its answer. @throws Errno of an Rlerror */
  async call(type: number, ...fields: readonly Field[]): Promise<Answer> {
    const answer = await this.send(message(type, TAG, ...fields))
    if (answer.type === 7) throw new Errno(answer.u32())
    if (answer.type !== type + 1 || answer.tag !== TAG) throw new Error(`an answer of type ${answer.type}`)
    return answer
  }

  async send(bytes: Uint8Array): Promise<Answer> {
    const answer = this.server.answer(bytes)
    const got = new Answer(answer instanceof Promise ? await answer : answer)
    if (got.bytes.readUInt32LE(0) !== got.bytes.length) throw new Error('an answer of the wrong size')
    return got
  }

  newFid(): number {
    return ++this.#lastFid
  }

  async version(messageBytes: number, name = '9P2000.L'): Promise<number> {
    return (await this.call(100, u32(messageBytes), name)).u32()
  }

  async attach(fid: number, uid: number, aname = ''): Promise<Qid> {
    return (await this.call(104, u32(fid), u32(NO_FID), 'user', aname, u32(uid))).qid()
  }

  /** Walks to a new fid, one name at a time, as Linux's VFS does. */
  async walk(path: string, from = ROOT_FID): Promise<number> {
    const names = path.split('/').filter(Boolean)
    let at = from
    let type = QTDIR
    do {
      const next = this.newFid()
      const part = names.splice(0, 1)
      try {
        const answer = await this.call(110, u32(at), u32(next), u16(part.length), ...part)
        type = answer.u16() > 0 ? answer.qid().type : type
      } finally {
        if (at !== from) await this.clunk(at)
      }
      at = next
    } while (names.length > 0)
    this.#isDirectory = type === QTDIR
    return at
  }

  /** The same method as the other protocol's client has. */
  close(fid: number): Promise<unknown> {
    return this.clunk(fid)
  }

  clunk(fid: number): Promise<unknown> {
    return this.call(120, u32(fid))
  }

  /** Calls `use` with a fid of its own. */
  async with<T>(path: string, use: (fid: number) => Promise<T> | T): Promise<T> {
    const fid = await this.walk(path)
    try {
      return await use(fid)
    } finally {
      await this.clunk(fid)
    }
  }

  async open(path: string, flags = 0): Promise<number> {
    const fid = await this.walk(path)
    try {
      await this.lopen(fid, flags)
      return fid
    } catch (error) {
      await this.clunk(fid)
      throw error
    }
  }

  async lopen(fid: number, flags: number): Promise<Qid> {
    return (await this.call(12, u32(fid), u32(flags))).qid()
  }

  /** @returns an open fid */
  async create(path: string, flags = 2, mode = 0o644, gid = 0): Promise<number> {
    const [directory, name] = split(path)
    const fid = await this.walk(directory)
    try {
      await this.call(14, u32(fid), name, u32(flags), u32(mode), u32(gid))
      return fid
    } catch (error) {
      await this.clunk(fid)
      throw error
    }
  }

  async read(fid: number, offset: number, count: number): Promise<Buffer> {
    return (await this.call(116, u32(fid), u64(offset), u32(count))).data()
  }

  async write(fid: number, offset: number, bytes: Uint8Array): Promise<number> {
    return (await this.call(118, u32(fid), u64(offset), u32(bytes.length), bytes)).u32()
  }

  async readFile(path: string): Promise<Buffer> {
    const fid = await this.open(path)
    const parts: Buffer[] = []
    for (let offset = 0; ; offset += parts.at(-1)!.length) {
      parts.push(await this.read(fid, offset, this.messageBytes))
      if (parts.at(-1)!.length === 0) break
    }
    await this.clunk(fid)
    return Buffer.concat(parts)
  }

  async writeFile(path: string, content: Uint8Array | string, mode = 0o644): Promise<void> {
    const bytes = Buffer.from(content)
    const fid = await this.create(path, 0o1002, mode)
    for (let done = 0; done < bytes.length; )
      done += await this.write(fid, done, bytes.subarray(done, done + this.messageBytes - 24))
    await this.clunk(fid)
  }

  async getattr(fid: number): Promise<Stat> {
    const answer = await this.call(24, u32(fid), u64(0x3fff))
    answer.u64()
    const qid = answer.qid()
    const [mode, uid, gid] = [answer.u32(), answer.u32(), answer.u32()]
    const [nlink, rdev, size, blksize, blocks] = Array.from({length: 5}, () => answer.u64())
    const times = Array.from({length: 3}, () => BigInt(answer.u64()) * 1_000_000_000n + BigInt(answer.u64()))
    return {
      qid,
      mode,
      uid,
      gid,
      nlink,
      rdev,
      size,
      blksize,
      blocks,
      atimeNs: times[0],
      mtimeNs: times[1],
      ctimeNs: times[2],
    }
  }

  stat(path: string): Promise<Stat> {
    return this.with(path, (fid) => this.getattr(fid))
  }

  /** Times are in seconds; undefined: the server's own time, where `valid` asks for one. */
  async setattr(
    fid: number,
    valid: number,
    {mode = 0, uid = 0, gid = 0, size = 0, atime = 0, mtime = 0},
  ): Promise<void> {
    const times = [atime, mtime].flatMap((time) => [
      u64(Math.floor(time)),
      u64(Math.round((time - Math.floor(time)) * 1e9)),
    ])
    await this.call(26, u32(fid), u32(valid), u32(mode), u32(uid), u32(gid), u64(size), ...times)
  }

  async readdir(fid: number, offset: number, count: number): Promise<Entry[]> {
    const answer = await this.call(40, u32(fid), u64(offset), u32(count))
    const length = answer.u32()
    if (length !== answer.left || length > count) throw new Error(`a listing of ${length} bytes`)
    const entries: Entry[] = []
    while (answer.left > 0)
      entries.push({qid: answer.qid(), offset: answer.u64(), type: answer.u8(), name: answer.text()})
    return entries
  }

  async list(path: string, count = this.messageBytes - 11): Promise<Entry[]> {
    const fid = await this.open(path, 0o200000)
    const all: Entry[] = []
    for (let more = true; more; ) {
      const entries = await this.readdir(fid, all.at(-1)?.offset ?? 0, count)
      all.push(...entries)
      more = entries.length > 0
    }
    await this.clunk(fid)
    return all.filter(({name}) => name !== '.' && name !== '..')
  }

  async names(path: string): Promise<string[]> {
    return (await this.list(path)).map(({name}) => name).sort()
  }

  mkdir(path: string, mode = 0o755, gid = 0): Promise<Qid> {
    return this.#in(path, async (fid, name) =>
      (await this.call(72, u32(fid), name, u32(mode), u32(gid))).qid(),
    )
  }

  mknod(path: string, mode: number, major = 0, minor = 0): Promise<Qid> {
    return this.#in(path, async (fid, name) =>
      (await this.call(18, u32(fid), name, u32(mode), u32(major), u32(minor), u32(0))).qid(),
    )
  }

  symlink(target: string, path: string): Promise<Qid> {
    return this.#in(path, async (fid, name) => (await this.call(16, u32(fid), name, target, u32(0))).qid())
  }

  readlink(path: string): Promise<string> {
    return this.with(path, async (fid) => (await this.call(22, u32(fid))).text())
  }

  link(from: string, path: string): Promise<void> {
    return this.with(from, (fid) =>
      this.#in(path, async (directory, name) => {
        await this.call(70, u32(directory), u32(fid), name)
      }),
    )
  }

  unlink(path: string, flags = 0): Promise<unknown> {
    return this.#in(path, (fid, name) => this.call(76, u32(fid), name, u32(flags)))
  }

  rmdir(path: string): Promise<unknown> {
    return this.unlink(path, 0x200)
  }

  rename(from: string, to: string): Promise<void> {
    return this.#in(from, (oldDirectory, oldName) =>
      this.#in(to, async (newDirectory, newName) => {
        await this.call(74, u32(oldDirectory), oldName, u32(newDirectory), newName)
      }),
    )
  }

  chmod(path: string, mode: number): Promise<void> {
    return this.with(path, (fid) => this.setattr(fid, 1, {mode}))
  }

  truncate(path: string, size: number): Promise<void> {
    return this.with(path, (fid) => this.setattr(fid, 8, {size}))
  }

  #in<T>(path: string, use: (directory: number, name: string) => Promise<T>): Promise<T> {
    const [directory, name] = split(path)
    return this.with(directory, (fid) => {
      // Linux would not ask.
      if (!this.#isDirectory) throw new Errno(ENOTDIR)
      return use(fid, name)
    })
  }
}

function split(path: string): [directory: string, name: string] {
  const at = path.lastIndexOf('/')
  return [path.slice(0, Math.max(at, 0)), path.slice(at + 1)]
}
