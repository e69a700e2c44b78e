// HostDirectory: names of a host directory: looked up, listed, and (in a writable mount) made, moved and removed.

import {EBUSY, EEXIST, ENOENT, EOPNOTSUPP, EPERM, EROFS, Errno, ESTALE, EXDEV} from '../../abi/errno.ts'
import {PERMISSION_BITS, S_IFDIR, S_IFIFO, S_IFMT, S_IFREG, S_IFSOCK, S_ISGID} from '../../abi/file-mode.ts'
import {O_CREAT, O_DIRECTORY, O_EXCL, O_RDONLY, O_RDWR, RENAME_EXCHANGE} from '../../abi/open-flags.ts'
import {arch} from '../../arch/index.ts'
import type {ByteString, Credentials, FileDescription, Inode} from '../file.ts'
import {check, STAT_IS_KERNEL, STAT_MODE, STAT_UID} from '../host-calls.ts'
import {ownString} from '../own-string.ts'
import type {HostFs} from './host.ts'
import {HostDirectoryDescription} from './host-directory-description.ts'
import {HostFile} from './host-file.ts'
import {HostKernelMount} from './host-kernel-mount.ts'
import {HostNode} from './host-node.ts'
import {HostSocket} from './host-socket.ts'

const OPEN_DIRECTORY = arch.kernelAbi.openFlags(O_RDONLY | O_DIRECTORY)
/** In bytes: there may be as many paths as nodes. */
const MAX_KEPT_PATH = 256

export class HostDirectory extends HostNode {
  readonly #children = new Map<ByteString, HostNode>()
  /** From the root. */
  #path = ''
  /** The HostFs.layout for which `#path` holds. */
  #pathLayout = -1

  override lookup(name: ByteString): HostNode {
    const {fs} = this
    const fd = fs.directoryFd(this)
    fs.fresh = undefined
    const result = this.fs.files.hostStat(fd, name, fs.stat)
    const known = this.#children.get(name)
    if (result < 0) {
      if (result === -ENOENT) this.#drop(name)
      throw new Errno(-result)
    }
    if (known?.isStatOf(fs.stat)) {
      fs.nodes.remember(known)
      fs.fresh = known
      return known
    }
    // Another file was put there on the host.
    this.#drop(name)
    const own = ownString(name)
    const node = createNode(fs, this, own)
    this.#children.set(own, node)
    fs.nodes.remember(node)
    fs.fresh = node
    return node
  }

  override knownDirectory(name: ByteString): HostDirectory | undefined {
    const known = this.#children.get(name)
    return known instanceof HostDirectory && !known.covered ? known : undefined
  }

  override lookupInPlace(name: ByteString): HostNode | undefined {
    const known = this.#children.get(name)
    if (known === undefined) return undefined
    const path = this.#keptPath()
    if (path === undefined || !known.isAt(path === '' ? name : `${path}/${name}`)) return undefined
    this.fs.nodes.remember(known)
    return known
  }

  override isInPlace(): boolean {
    const path = this.#keptPath()
    return path === '' || (path !== undefined && this.isAt(path))
  }

  /** pathFromRoot, kept: building it for each look would cost as much as the look. */
  #keptPath(): ByteString | undefined {
    const {layout} = this.fs
    if (this.#pathLayout === layout) return this.#path
    const path = this.pathFromRoot()
    if (path !== undefined && path.length <= MAX_KEPT_PATH) {
      this.#path = path
      this.#pathLayout = layout
    }
    return path
  }

  override placeAt(parent: HostDirectory, name: ByteString): void {
    this.fs.layout++
    super.placeAt(parent, name)
  }

  /** For a child that the cache forgets and that still exists. */
  dropChild(name: ByteString, child: HostNode): void {
    if (this.#children.get(name) === child) this.#children.delete(name)
  }

  override isInUse(): boolean {
    return this.#children.size > 0 || super.isInUse()
  }

  override evict(): void {
    this.fs.forgetDirectory(this)
    super.evict()
  }

  override detach(): void {
    this.fs.layout++
    if (!this.isHeld) this.fs.forgetDirectory(this)
    super.detach()
  }

  override letGo(): void {
    super.letGo()
    if (this.isRemoved && !this.isHeld) this.fs.forgetDirectory(this)
  }

  /** A holder may ask for a directory's attributes after its name is gone, as long as its descriptor is among those kept open. */
  protected override handle(): [fd: number, name: ByteString] {
    const fd = this.isRemoved ? this.fs.openDirectoryFd(this) : undefined
    return fd === undefined ? super.handle() : [fd, '']
  }

  override create(name: ByteString, mode: number, owner: Credentials): HostFile {
    this.#startNameChange(name)
    const directory = this.fs.directoryFd(this)
    const fd = check(this.fs.files.hostOpen(directory, name, O_CREAT | O_EXCL | O_RDWR, mode))
    try {
      this.#giveTo(owner, fd)
      const file = this.lookup(name)
      if (!(file instanceof HostFile)) throw new Errno(EEXIST)
      file.keepCreated(fd)
      return file
    } catch (error) {
      this.fs.files.hostClose(fd)
      throw error
    }
  }

  override mkdir(name: ByteString, mode: number, owner: Credentials): HostNode {
    this.#startNameChange(name)
    check(this.fs.files.hostMakeDirectory(this.fs.directoryFd(this), name, mode))
    return this.#finish(name, mode, owner)
  }

  override symlink(name: ByteString, target: ByteString, owner: Credentials): HostNode {
    this.#startNameChange(name)
    const fd = this.fs.directoryFd(this)
    check(this.fs.files.hostSymlink(target, fd, name))
    this.#giveNewTo(owner, fd, name)
    return this.lookup(name)
  }

  /** Fifos and sockets, which are names: their ends are in the guest. A device node would lead to the host's device. */
  override mknod(name: ByteString, mode: number, _rdev: number, owner: Credentials): HostNode {
    const kind = mode & S_IFMT
    if (kind !== S_IFIFO && kind !== S_IFSOCK) throw new Errno(EPERM)
    this.#startNameChange(name)
    check(this.fs.files.hostMakeNode(this.fs.directoryFd(this), name, mode))
    return this.#finish(name, mode & 0o7777, owner)
  }

  override link(name: ByteString, target: Inode): void {
    if (!(target instanceof HostNode) || target.fs !== this.fs) throw new Errno(EXDEV)
    if (target.kind === S_IFDIR) throw new Errno(EPERM)
    if (target.parent === undefined) throw new Errno(EXDEV)
    if (target.isRemoved) throw new Errno(ENOENT)
    if (target.isReadOnly) throw new Errno(EROFS)
    this.#startNameChange(name)
    const from = this.fs.directoryFd(target.parent)
    const to = this.fs.directoryFd(this)
    check(this.fs.files.hostLink(from, target.name, to, name))
  }

  override unlink(name: ByteString): void {
    this.#startNameChange(name)
    check(this.fs.files.hostUnlink(this.fs.directoryFd(this), name, 0))
    this.#drop(name)
  }

  override rmdir(name: ByteString): void {
    this.#startNameChange(name)
    const child = this.#children.get(name)
    if (child instanceof HostDirectory && child.isHeld) this.fs.directoryFd(child)
    check(this.fs.files.hostUnlink(this.fs.directoryFd(this), name, 1))
    this.#drop(name)
  }

  override rename(oldName: ByteString, newDirectory: Inode, newName: ByteString, flags: number): void {
    if (!(newDirectory instanceof HostDirectory) || newDirectory.fs !== this.fs) throw new Errno(EXDEV)
    this.#startNameChange(oldName)
    newDirectory.#startNameChange(newName)
    const from = this.fs.directoryFd(this)
    const to = this.fs.directoryFd(newDirectory)
    const node = this.#children.get(oldName)
    const target = newDirectory.#children.get(newName)
    check(this.fs.files.hostRename(from, oldName, to, newName, flags))
    // Two names of one file: rename(2) does nothing.
    if (node !== undefined && node.identity === target?.identity) return
    this.#children.delete(oldName)
    if (flags & RENAME_EXCHANGE) this.#place(oldName, target)
    else newDirectory.#drop(newName)
    newDirectory.#place(newName, node)
  }

  override open(flags: number): FileDescription {
    const fd = this.#openSelf()
    return new HostDirectoryDescription(this, flags, fd)
  }

  #openSelf(): number {
    return check(this.fs.files.hostOpen(this.fs.directoryFd(this), '.', OPEN_DIRECTORY, 0))
  }

  #place(name: ByteString, node: HostNode | undefined): void {
    if (node === undefined) {
      this.#children.delete(name)
      return
    }
    this.#children.set(name, node)
    node.placeAt(this, name)
  }

  /** The name no longer leads to the node that we knew. */
  #drop(name: ByteString): void {
    const child = this.#children.get(name)
    if (child === undefined) return
    this.#children.delete(name)
    child.detach()
  }

  /** Call before a name is made, removed or given to another file. @throws Errno EROFS; EBUSY as for what is mounted on */
  #startNameChange(name: ByteString): void {
    this.startChange()
    if (this.fs.own?.nameIn(this.identity, name) !== undefined) throw new Errno(EBUSY)
  }

  /** Gives a new node the mode asked for (with the process's umask applied) and its owner. */
  #finish(name: ByteString, mode: number, owner: Credentials): HostNode {
    this.#giveNewTo(owner, this.fs.directoryFd(this), name)
    const node = this.lookup(name)
    const found = this.fs.stat[STAT_MODE] & PERMISSION_BITS
    const wanted = mode | (found & S_ISGID)
    if (found !== wanted) node.setAttributes({mode: wanted})
    return node
  }

  /** For what was just made under a name. If something else has the name already, that is not given away. */
  #giveNewTo(owner: Credentials, directory: number, name: ByteString): void {
    const {fs} = this
    if (!fs.canChangeOwner) return
    const fd = check(this.fs.files.hostOpenPath(directory, name))
    try {
      fs.fresh = undefined
      check(this.fs.files.hostStat(fd, '', fs.stat))
      if (fs.stat[STAT_UID] !== process.geteuid?.()) throw new Errno(ESTALE)
      this.#giveTo(owner, fd)
    } finally {
      this.fs.files.hostClose(fd)
    }
  }

  /** As root, new files belong to the guest's user; otherwise to the user who runs hv. A setgid directory gives its group. */
  #giveTo(owner: Credentials, fd: number): void {
    if (!this.fs.canChangeOwner) return
    this.fs.fresh = undefined
    check(this.fs.files.hostStat(this.fs.directoryFd(this), '', this.fs.stat))
    const gid = this.fs.stat[STAT_MODE] & S_ISGID ? -1 : owner.gid
    const result = this.fs.files.hostChangeOwner(fd, owner.uid, gid)
    // A jail without a tree of its own leaves a link or a fifo to root.
    if (result !== -EOPNOTSUPP) check(result)
  }
}

function createNode(fs: HostFs, parent: HostDirectory, name: ByteString): HostNode {
  const kind = fs.stat[STAT_MODE] & S_IFMT
  if (fs.stat[STAT_IS_KERNEL] !== 0) return new HostKernelMount(fs, parent, name)
  if (kind === S_IFDIR) return new HostDirectory(fs, parent, name)
  if (kind === S_IFREG) return new HostFile(fs, parent, name)
  if (kind === S_IFSOCK) return new HostSocket(fs, parent, name)
  return new HostNode(fs, parent, name)
}
