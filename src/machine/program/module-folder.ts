// ModuleFolder: the directory of a kernel's modules on the host: opened before the jail closes, read after it.

import {existsSync} from 'node:fs'
import {basename, dirname} from 'node:path'
import {ALL_CAPABILITIES} from '../../abi/capability.ts'
import {Errno} from '../../abi/errno.ts'
import {O_RDONLY} from '../../abi/open-flags.ts'
import {readUpTo} from '../../elf/file-reader.ts'
import {HvError} from '../../errors.ts'
import {type HostSource, openHostSource} from '../../vfs/fs/host-source.ts'
import {toByteString} from '../../vfs/host-calls.ts'
import type {Location} from '../../vfs/location.ts'
import {openPath} from '../../vfs/open.ts'
import {openShare} from '../share/open-share.ts'
import {type Module, readModules} from './modules.ts'

/** Larger than any module. */
const MOST_BYTES = 64 << 20
const USUAL = ['/lib/modules', '/usr/lib/modules']

export class ModuleFolder {
  readonly source: HostSource
  readonly #path: string

  /** @throws HvError NOT_FOUND, BAD_ARGUMENT, HOST_SYSCALL */
  constructor(path: string) {
    this.#path = path
    this.source = openHostSource(path)
  }

  /** Follows how distributions name a kernel's file: /boot/vmlinuz-RELEASE, /lib/modules/RELEASE/vmlinuz. undefined: not found */
  static usual(kernel: string): string | undefined {
    const [, release] = /^vmlinu[xz]-(.+)$/.exec(basename(kernel)) ?? []
    const candidates =
      release === undefined ? [dirname(kernel)] : USUAL.map((folder) => `${folder}/${release}`)
    return candidates.find((folder) => existsSync(`${folder}/modules.dep`))
  }

  /** Call it once. @throws HvError BAD_KERNEL */
  read(wanted: readonly string[]): Module[] {
    const share = openShare(this.source, {readOnly: true})
    try {
      return readModules((path) => readFile(share.root, path), wanted)
    } catch (error) {
      if (!(error instanceof Errno)) throw error
      const message = `the kernel's modules in ${this.#path} cannot be read: ${error}`
      throw new HvError('BAD_KERNEL', message, 'name their directory, as depmod(8) leaves it, by `modules`')
    } finally {
      share.dispose()
    }
  }
}

/** @throws Errno; HvError BAD_KERNEL */
function readFile(root: Location, path: string): Uint8Array {
  const credentials = {uid: 0, gid: 0, groups: [], capabilities: ALL_CAPABILITIES}
  const {file} = openPath({root, credentials}, root, toByteString(path), O_RDONLY, 0)
  try {
    const {size} = file.inode.attributes()
    if (size > MOST_BYTES)
      throw new HvError('BAD_KERNEL', `the module ${path} has ${size} bytes`, 'run depmod(8) for the modules')
    return readUpTo(size, (rest, done) => file.read(rest, done))
  } finally {
    file.close()
  }
}
