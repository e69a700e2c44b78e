// ArchiveTree: builds an ArchiveFs from tar archives, one over the other; their names may be anything.

import {
  makeDev,
  PERMISSION_BITS,
  S_IFBLK,
  S_IFCHR,
  S_IFDIR,
  S_IFIFO,
  S_IFLNK,
  S_IFREG,
} from '../abi/file-mode.ts'
import {ArchiveFs} from '../vfs/fs/archive.ts'
import {ArchiveDirectory} from '../vfs/fs/archive-directory.ts'
import {ArchiveFile} from '../vfs/fs/archive-file.ts'
import {ArchiveLink, type ArchiveNode, ArchiveSpecial} from '../vfs/fs/archive-node.ts'
import {ownString} from '../vfs/own-string.ts'
import {NAME_MAX, PATH_MAX} from '../vfs/path-walk.ts'
import {badArchive, shown} from './archive-error.ts'
import type {FileBytes} from './file-bytes.ts'
import {type TarEntry, tarEntries} from './tar-entries.ts'

/** Linux's limit: man 7 path_resolution. */
const MAX_LINKS = 40
/** The limits of an index. An entry takes half a kilobyte of memory, in addition to its name and link text. */
const LIMITS = {
  entries: 400_000,
  nameBytes: 2 ** 26,
  /** Names looked up to reach all of them: links can lead a long way. */
  steps: 2 ** 26,
}
/** OCI image-spec, layer.md, "Whiteouts". */
const WHITEOUT = '.wh.'
const OPAQUE = '.wh..wh..opq'
const MAX_MINOR = 2 ** 20 - 1
const MAX_MAJOR = 2 ** 12 - 1
const SPECIAL: Readonly<Record<string, number>> = {3: S_IFCHR, 4: S_IFBLK, 6: S_IFIFO}

export class ArchiveTree {
  readonly fs = new ArchiveFs()
  #entries = 0
  #nameBytes = 0
  #steps = 0
  readonly #limits: typeof LIMITS

  constructor(limits: Partial<typeof LIMITS> = {}) {
    this.#limits = {...LIMITS, ...limits}
  }

  /** Names as they are. @throws HvError BAD_ARGUMENT; the system error of pread(2) */
  add(archive: FileBytes): void {
    this.fs.own(archive.source)
    for (const entry of tarEntries(archive)) this.#put(archive, entry)
  }

  /** Adds a layer of an image: what it removes goes before what it adds. @throws as `add` */
  addLayer(archive: FileBytes): void {
    this.fs.own(archive.source)
    // Read once: of a layer that is kept, headers are all that a start reads.
    const entries: TarEntry[] = []
    for (const entry of tarEntries(archive)) {
      if (entries.push(entry) > this.#limits.entries) throw this.#tooMany()
    }
    for (const {name} of entries) this.#takeAway(name)
    for (const entry of entries) if (!isWhiteout(entry.name)) this.#put(archive, entry)
  }

  /** A working directory, which may not exist yet. @throws HvError BAD_ARGUMENT */
  makeDirectory(path: string): void {
    const names = this.#namesOf(path)
    if (this.#directory(names, path, false) === undefined) this.#directory(names, path, true)
  }

  #takeAway(path: string): void {
    if (!isWhiteout(path)) return
    const names = this.#namesOf(path)
    const last = names.pop() as string
    const parent = this.#directory(names, path, false)
    if (last === OPAQUE) parent?.clear()
    // aufs's own names begin with .wh..wh.
    else if (!last.startsWith(WHITEOUT + WHITEOUT)) parent?.remove(last.slice(WHITEOUT.length))
  }

  #put(archive: FileBytes, entry: TarEntry): void {
    this.#countNames(entry.name.length + entry.linkName.length)
    const names = this.#namesOf(entry.name)
    const last = names.pop()
    const isDirectory = entry.type === '5' || (entry.type === '0' && entry.name.endsWith('/'))
    const attributes = {
      mode: (isDirectory ? S_IFDIR : S_IFREG) | (entry.mode & PERMISSION_BITS),
      ...{uid: entry.uid, gid: entry.gid, mtime: entry.mtime},
    }
    if (last === undefined) {
      if (!isDirectory) throw badArchive(`${shown(entry.name)} is a name of the root, and no directory`)
      this.fs.root.describe(attributes)
      return
    }
    const parent = this.#directory(names, entry.name, true) as ArchiveDirectory
    const known = parent.find(last)
    if (isDirectory && known instanceof ArchiveDirectory) known.describe(attributes)
    else if (isDirectory) parent.put(last, new ArchiveDirectory(this.fs, attributes))
    else parent.put(last, this.#leaf(archive, entry, attributes))
  }

  #leaf(archive: FileBytes, entry: TarEntry, attributes: ArchivedFile): ArchiveNode {
    const {type, linkName, major, minor} = entry
    const {fs} = this
    switch (type) {
      case '0':
      case '7': {
        const {source, start} = archive
        return new ArchiveFile(fs, attributes, {source, start: start + entry.start, size: entry.size})
      }
      case '1':
        return this.#linked(entry)
      case '2':
        if (linkName === '' || linkName.length >= PATH_MAX)
          throw badArchive(`the symbolic link ${shown(entry.name)} leads nowhere`)
        return new ArchiveLink(fs, attributes, ownString(linkName))
      case '3':
      case '4':
      case '6': {
        const mode = SPECIAL[type] | (attributes.mode & PERMISSION_BITS)
        const isDevice = major >= 0 && major <= MAX_MAJOR && minor >= 0 && minor <= MAX_MINOR
        if (!isDevice) throw badArchive(`the device ${shown(entry.name)} has no number that Linux knows`)
        return new ArchiveSpecial(fs, {...attributes, mode}, makeDev(major, minor))
      }
      default:
        throw badArchive(`${shown(entry.name)} is of a type that hv does not read: ${JSON.stringify(type)}`)
    }
  }

  /** Another name for an earlier file. */
  #linked({name, linkName}: TarEntry): ArchiveNode {
    const names = this.#namesOf(linkName)
    const last = names.pop()
    const node = last === undefined ? undefined : this.#directory(names, linkName, false)?.find(last)
    if (node === undefined || node.kind === S_IFDIR)
      throw badArchive(`the link ${shown(name)} is to ${shown(linkName)}, which is no file before it`)
    return node
  }

  /**
   * The directory that the names lead to, through links, but never out of the root.
   * @param makes makes missing directories, and replaces other files by directories; without it, the result is then undefined
   */
  #directory(names: readonly string[], path: string, makes: boolean): ArchiveDirectory | undefined {
    const pending = [...names].reverse()
    let links = 0
    let at = this.fs.root
    for (let name = pending.pop(); name !== undefined; name = pending.pop()) {
      if (++this.#steps > this.#limits.steps)
        throw badArchive('the symbolic links of the archive lead too long a way')
      if (name === '.' || name === '') continue
      if (name === '..') {
        at = (at.place()?.directory as ArchiveDirectory | undefined) ?? at
        continue
      }
      let next = at.find(name)
      if (next?.kind === S_IFLNK) {
        if (++links > MAX_LINKS) throw badArchive(`${shown(path)} leads through too many symbolic links`)
        const target = next.readlink()
        pending.push(...target.split('/').reverse())
        if (target.startsWith('/')) at = this.fs.root
        continue
      }
      if (!(next instanceof ArchiveDirectory)) {
        if (!makes) return undefined
        next = new ArchiveDirectory(this.fs)
        this.#countNames(name.length)
        at.put(name, next)
      }
      at = next as ArchiveDirectory
    }
    return at
  }

  #namesOf(path: string): string[] {
    const names = path.split('/').filter((name) => name !== '' && name !== '.')
    if (path.length >= PATH_MAX || names.some((name) => name.length > NAME_MAX))
      throw badArchive(`${shown(path)} is longer than a path may be`)
    if (names.includes('..') || path.includes('\0'))
      throw badArchive(`${shown(path)} is no name of a file in a tree`, 'make it anew from within the tree')
    return names
  }

  #tooMany(): Error {
    return badArchive(`there are more than ${this.#limits.entries} files in it`, UNPACK)
  }

  #countNames(bytes: number): void {
    this.#entries++
    this.#nameBytes += bytes
    const {entries, nameBytes} = this.#limits
    if (this.#entries > entries) throw this.#tooMany()
    if (this.#nameBytes > nameBytes) throw badArchive('the names in it are too long, taken together', UNPACK)
  }
}

const UNPACK = 'unpack it, and give the directory as `root`'

type ArchivedFile = Pick<TarEntry, 'mode' | 'uid' | 'gid' | 'mtime'>

function isWhiteout(path: string): boolean {
  return path.slice(path.lastIndexOf('/') + 1).startsWith(WHITEOUT)
}
