// A FUSE client that acts as Linux does: file operations by path, over handmade requests; forgets its lookups; shares no server code.

import {ENOTDIR, Errno} from '../../src/abi/errno.ts'
import type {Server} from '../../src/machine/fuse/server.ts'
import {type Field, u32, u64} from './fields.ts'
import {Answer, type DirectoryEntry, type Entry, Op, request, type Stat} from './fuse-message.ts'

export const ROOT = 1
const IO_BYTES = 1 << 19
const S_IFMT = 0o170000
const S_IFDIR = 0o040000
const O_CREAT = 0o100

interface OpenFile {
  node: number
  handle: number
  /** The flags of open(2), which Linux sends with each write. */
  flags: number
}

export class FuseClient {
  readonly server: Pick<Server, 'answer'>
  uid = 0
  gid = 0
  #lastUnique = 0
  /** Open files by their handles. */
  readonly #open = new Map<number, OpenFile>()

  constructor(server: Pick<Server, 'answer'>) {
    this.server = server
  }

  /** Begins a session as mount(2) does. @returns the fields of the answer */
  async init(major = 7, minor = 38): Promise<Answer> {
    return await this.call(
      Op.init,
      ROOT,
      u32(major),
      u32(minor),
      u32(1 << 20),
      u32(0xffff_ffff),
      new Uint8Array(48),
    )
  }

  async mount(): Promise<this> {
    await this.init()
    return this
  }

  /** Sends a request, and takes its answer. @throws the answer's Errno */
  async call(opcode: number, node: number, ...fields: readonly Field[]): Promise<Answer> {
    const unique = ++this.#lastUnique
    const {uid, gid} = this
    const answer = await this.send(request(opcode, {unique, node, uid, gid}, ...fields))
    if (answer.unique !== unique) throw new Error(`an answer to ${answer.unique}`)
    if (answer.error !== 0) throw new Errno(answer.error)
    return answer
  }

  async send(bytes: Uint8Array): Promise<Answer> {
    const given = this.server.answer(bytes)
    // The answer is valid until the next call, so it is copied before any await.
    const answer = new Answer(given instanceof Promise ? await given : given)
    if (answer.bytes.readUInt32LE(0) !== answer.bytes.length) throw new Error('an answer of the wrong size')
    return answer
  }

  async lookup(parent: number, name: string): Promise<Entry> {
    return (await this.call(Op.lookup, parent, name)).entry()
  }

  async forget(node: number, lookups = 1): Promise<void> {
    if (node === ROOT) return
    const {length} = await this.server.answer(request(Op.forget, {node}, u64(lookups)))
    if (length > 0) throw new Error('an answer to FORGET')
  }

  /** Walks to a node one name at a time. The caller forgets the node. */
  async walk(path: string): Promise<number> {
    let at = ROOT
    for (const name of path.split('/').filter(Boolean)) {
      const from = at
      try {
        at = (await this.lookup(from, name)).node
      } finally {
        await this.forget(from)
      }
    }
    return at
  }

  async with<T>(path: string, use: (node: number) => Promise<T> | T): Promise<T> {
    const node = await this.walk(path)
    try {
      return await use(node)
    } finally {
      await this.forget(node)
    }
  }

  async open(path: string, flags = 0): Promise<number> {
    const node = await this.walk(path)
    try {
      const {mode} = await this.getattrOf(node)
      const opcode = (mode & S_IFMT) === S_IFDIR ? Op.opendir : Op.open
      return this.#keep(node, (await this.call(opcode, node, u32(flags), u32(0))).u64(), flags)
    } catch (error) {
      await this.forget(node)
      throw error
    }
  }

  async create(path: string, flags = 2, mode = 0o644): Promise<number> {
    return await this.#in(path, async (directory, name) => {
      const fields = [u32(flags | O_CREAT), u32(mode), u32(0), u32(0), name]
      const answer = await this.call(Op.create, directory, ...fields)
      return this.#keep(answer.entry().node, answer.u64(), flags)
    })
  }

  #keep(node: number, handle: number, flags: number): number {
    this.#open.set(handle, {node, handle, flags})
    return handle
  }

  nodeOf(file: number): number {
    return this.#open.get(file)!.node
  }

  async close(file: number): Promise<void> {
    const {node, handle} = this.#open.get(file)!
    this.#open.delete(file)
    await this.call(Op.release, node, u64(handle), u32(0), u32(0), u64(0))
    await this.forget(node)
  }

  async read(file: number, offset: number, count: number): Promise<Buffer> {
    const fields = [u64(file), u64(offset), u32(count), u32(0), u64(0), u32(0), u32(0)]
    return (await this.call(Op.read, this.nodeOf(file), ...fields)).rest()
  }

  /** @param flags the open file's current ones. @param writeFlags FUSE_WRITE_* */
  async write(
    file: number,
    offset: number,
    bytes: Uint8Array,
    flags = this.#open.get(file)!.flags,
    writeFlags = 0,
  ): Promise<number> {
    const head = [u64(file), u64(offset), u32(bytes.length), u32(writeFlags)]
    const fields = [...head, u64(0), u32(flags), u32(0), bytes]
    return (await this.call(Op.write, this.nodeOf(file), ...fields)).u32()
  }

  async readFile(path: string): Promise<Buffer> {
    const file = await this.open(path)
    const parts: Buffer[] = []
    for (let offset = 0; ; offset += parts.at(-1)!.length) {
      parts.push(await this.read(file, offset, IO_BYTES))
      if (parts.at(-1)!.length === 0) break
    }
    await this.close(file)
    return Buffer.concat(parts)
  }

  async writeFile(path: string, content: Uint8Array | string, mode = 0o644): Promise<void> {
    const bytes = Buffer.from(content)
    const file = await this.create(path, 0o1002, mode)
    for (let done = 0; done < bytes.length; )
      done += await this.write(file, done, bytes.subarray(done, done + IO_BYTES))
    await this.close(file)
  }

  async getattrOf(node: number): Promise<Stat> {
    return (await this.call(Op.getattr, node, u32(0), u32(0), u64(0))).attributes()
  }

  getattr(file: number): Promise<Stat> {
    return this.getattrOf(this.nodeOf(file))
  }

  stat(path: string): Promise<Stat> {
    return this.with(path, (node) => this.getattrOf(node))
  }

  /** Times are in seconds. @param valid FATTR_* */
  async setattrOf(
    node: number,
    valid: number,
    {mode = 0, uid = 0, gid = 0, size = 0, atime = 0, mtime = 0},
  ): Promise<Stat> {
    const nanoseconds = [atime, mtime].map((time) => u32(Math.round((time - Math.floor(time)) * 1e9)))
    const head = [u32(valid), u32(0), u64(0), u64(size), u64(0)]
    const times = [u64(Math.floor(atime)), u64(Math.floor(mtime)), u64(0), ...nanoseconds, u32(0)]
    const owner = [u32(mode), u32(0), u32(uid), u32(gid), u32(0)]
    return (await this.call(Op.setattr, node, ...head, ...times, ...owner)).attributes()
  }

  setattr(file: number, valid: number, changes: Parameters<FuseClient['setattrOf']>[2]): Promise<Stat> {
    return this.setattrOf(this.nodeOf(file), valid, changes)
  }

  /** Forgets at once what PLUS looks up. */
  async readdir(file: number, offset: number, count: number, isPlus = false): Promise<DirectoryEntry[]> {
    const fields = [u64(file), u64(offset), u32(count), u32(0), u64(0), u32(0), u32(0)]
    const answer = await this.call(isPlus ? Op.readdirplus : Op.readdir, this.nodeOf(file), ...fields)
    if (answer.left > count) throw new Error(`a listing of ${answer.left} bytes`)
    const entries = answer.listing(isPlus)
    for (const {entry} of entries) if (entry !== undefined && entry.node !== 0) await this.forget(entry.node)
    return entries
  }

  async list(path: string, count = IO_BYTES, isPlus = false): Promise<DirectoryEntry[]> {
    const file = await this.open(path, 0o200000)
    const all: DirectoryEntry[] = []
    for (let more = true; more; ) {
      const entries = await this.readdir(file, all.at(-1)?.offset ?? 0, count, isPlus)
      all.push(...entries)
      more = entries.length > 0
    }
    await this.close(file)
    return all.filter(({name}) => name !== '.' && name !== '..')
  }

  async names(path: string): Promise<string[]> {
    return (await this.list(path)).map(({name}) => name).sort()
  }

  mkdir(path: string, mode = 0o755): Promise<Stat> {
    return this.#make(Op.mkdir, path, u32(mode), u32(0))
  }

  mknod(path: string, mode: number, rdev = 0): Promise<Stat> {
    return this.#make(Op.mknod, path, u32(mode), u32(rdev), u32(0), u32(0))
  }

  symlink(target: string, path: string): Promise<Stat> {
    return this.#in(path, async (directory, name) =>
      this.#forgotten((await this.call(Op.symlink, directory, name, target)).entry()),
    )
  }

  link(from: string, path: string): Promise<Stat> {
    return this.with(from, (node) => this.#make(Op.link, path, u64(node)))
  }

  #make(opcode: number, path: string, ...fields: readonly Field[]): Promise<Stat> {
    return this.#in(path, async (directory, name) =>
      this.#forgotten((await this.call(opcode, directory, ...fields, name)).entry()),
    )
  }

  async #forgotten({node, stat}: Entry): Promise<Stat> {
    await this.forget(node)
    return stat
  }

  readlink(path: string): Promise<string> {
    return this.with(path, async (node) => (await this.call(Op.readlink, node)).rest().toString('latin1'))
  }

  unlink(path: string): Promise<unknown> {
    return this.#in(path, (directory, name) => this.call(Op.unlink, directory, name))
  }

  rmdir(path: string): Promise<unknown> {
    return this.#in(path, (directory, name) => this.call(Op.rmdir, directory, name))
  }

  /** @param flags those of renameat2(2); undefined: sends RENAME, as Linux does without flags */
  rename(from: string, to: string, flags?: number): Promise<unknown> {
    return this.#in(from, (oldDirectory, oldName) =>
      this.#in(to, (newDirectory, newName) =>
        flags === undefined
          ? this.call(Op.rename, oldDirectory, u64(newDirectory), oldName, newName)
          : this.call(Op.rename2, oldDirectory, u64(newDirectory), u32(flags), u32(0), oldName, newName),
      ),
    )
  }

  chmod(path: string, mode: number): Promise<unknown> {
    return this.with(path, (node) => this.setattrOf(node, 1, {mode}))
  }

  truncate(path: string, size: number): Promise<unknown> {
    return this.with(path, (node) => this.setattrOf(node, 8, {size}))
  }

  #in<T>(path: string, use: (directory: number, name: string) => Promise<T>): Promise<T> {
    const at = path.lastIndexOf('/')
    return this.with(path.slice(0, Math.max(at, 0)), async (directory) => {
      // Linux would not ask.
      if (at >= 0 && ((await this.getattrOf(directory)).mode & S_IFMT) !== S_IFDIR) throw new Errno(ENOTDIR)
      return await use(directory, path.slice(at + 1))
    })
  }
}
