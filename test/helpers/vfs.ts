// A guest's view of a vfs for tests: system calls by name over a mount tree, as one user.

import {ALL_CAPABILITIES, NO_CAPABILITIES} from '../../src/abi/capability.ts'
import {Errno, errnoName} from '../../src/abi/errno.ts'
import {O_CREAT, O_RDONLY, O_TRUNC, O_WRONLY} from '../../src/abi/open-flags.ts'
import type {Attributes, Credentials, FileDescription} from '../../src/vfs/file.ts'
import type {FileSystem} from '../../src/vfs/file-system.ts'
import {ROOT} from '../../src/vfs/fs/tmpfs.ts'
import type {Location} from '../../src/vfs/location.ts'
import {disposeMounts, mountRoot, pathOf} from '../../src/vfs/mount-tree.ts'
import * as names from '../../src/vfs/names.ts'
import {nativeHost} from '../../src/vfs/native-host.ts'
import {openPath} from '../../src/vfs/open.ts'
import {type PathContext, resolve} from '../../src/vfs/path-walk.ts'
import {VirtualFileSystem} from '../../src/vfs/virtual-file-system.ts'

export class TestVfs {
  readonly root: Location
  cwd: Location
  credentials: Credentials = ROOT

  constructor(fs: FileSystem, readOnly = false) {
    this.root = mountRoot(fs, new VirtualFileSystem(nativeHost), {readOnly}).top
    this.cwd = this.root
  }

  get context(): PathContext {
    return {root: this.root, credentials: this.credentials}
  }

  become(uid: number, groups: number[] = []): void {
    this.credentials = {uid, gid: uid, groups, capabilities: uid === 0 ? ALL_CAPABILITIES : NO_CAPABILITIES}
  }

  open(path: string, flags = O_RDONLY, mode = 0o644): FileDescription {
    return openPath(this.context, this.cwd, path, flags, mode).file
  }

  locate(path: string, followLast = true): Location {
    return resolve(this.context, this.cwd, path, followLast)
  }

  stat(path: string): Attributes {
    return this.locate(path).inode.attributes()
  }

  lstat(path: string): Attributes {
    return this.locate(path, false).inode.attributes()
  }

  chdir(path: string): void {
    this.cwd = this.locate(path)
  }

  getcwd(): string {
    return pathOf(this.cwd, this.root).path
  }

  mkdir(path: string, mode = 0o755): void {
    names.makeDirectory(this.context, this.cwd, path, mode)
  }

  mknod(path: string, mode: number, rdev = 0): void {
    names.makeNode(this.context, this.cwd, path, mode, rdev)
  }

  symlink(target: string, path: string): void {
    names.makeSymlink(this.context, target, this.cwd, path)
  }

  link(from: string, path: string): void {
    names.makeLink(this.context, this.locate(from, false), this.cwd, path)
  }

  unlink(path: string): void {
    names.unlinkPath(this.context, this.cwd, path)
  }

  rmdir(path: string): void {
    names.removeDirectory(this.context, this.cwd, path)
  }

  rename(from: string, to: string, flags = 0): void {
    names.renamePath(this.context, this.cwd, from, this.cwd, to, flags)
  }

  readlink(path: string): string {
    return this.locate(path, false).inode.readlink()
  }

  write(path: string, text: string, flags = O_WRONLY | O_CREAT | O_TRUNC): void {
    const file = this.open(path, flags)
    try {
      file.write(Buffer.from(text, 'latin1'))
    } finally {
      file.close()
    }
  }

  read(path: string): string {
    const file = this.open(path)
    try {
      return readAll(file)
    } finally {
      file.close()
    }
  }

  list(path: string): string[] {
    const file = this.open(path)
    const found: string[] = []
    for (;;) {
      const entries = file.readDirectory(3)
      if (entries.length === 0) break
      found.push(...entries.map((entry) => entry.name))
    }
    file.close()
    return found.filter((name) => name !== '.' && name !== '..').sort()
  }

  dispose(): void {
    disposeMounts(this.root.mount)
  }
}

export function readAll(file: FileDescription): string {
  const buffer = Buffer.alloc(5000)
  let text = ''
  for (;;) {
    const count = file.read(buffer)
    if (count === 0) return text
    text += buffer.toString('latin1', 0, count)
  }
}

/** The name of the Errno that `call` fails with; 'no error' when it does not. */
export function errorOf(call: () => unknown): string {
  try {
    call()
    return 'no error'
  } catch (error) {
    if (error instanceof Errno) return errnoName(error.code)
    if (error instanceof Error && 'code' in error) return String(error.code)
    throw error
  }
}
