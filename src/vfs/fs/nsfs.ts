// nsfs: the namespaces of /proc/PID/ns: namespaces(7). A guest has the first of each kind, and can make no other.

import {S_IFREG} from '../../abi/file-mode.ts'
import type {Attributes, ByteString} from '../file.ts'
import {FileDescription} from '../file-description.ts'
import {Inode, newAttributes} from '../inode.ts'
import type {UnmountedFileSystem} from '../unmounted.ts'

/** include/uapi/linux/nsfs.h since 6.18; some differ in older kernels. */
const INOS: Record<string, number> = {
  ipc: 0xefffffff,
  uts: 0xeffffffe,
  user: 0xeffffffd,
  pid: 0xeffffffc,
  cgroup: 0xeffffffb,
  time: 0xeffffffa,
  net: 0xeffffff9,
  mnt: 0xeffffff8,
}

/** The names of /proc/PID/ns, and the kinds that they lead to. */
export const NAMESPACES: readonly (readonly [name: string, kind: string])[] = [
  ...['cgroup', 'ipc', 'mnt', 'net', 'pid'].map((kind) => [kind, kind] as const),
  ['pid_for_children', 'pid'],
  ['time', 'time'],
  ['time_for_children', 'time'],
  ...['user', 'uts'].map((kind) => [kind, kind] as const),
]

export class NamespaceInode extends Inode {
  readonly fs: UnmountedFileSystem
  readonly #name: string

  /** @param name `pid`, `net` and so on */
  constructor(fs: UnmountedFileSystem, name: string) {
    super(S_IFREG)
    this.fs = fs
    this.#name = name
  }

  /** The text of the link. */
  get label(): ByteString {
    return `${this.#name}:[${INOS[this.#name]}]`
  }

  override attributes(): Attributes {
    return newAttributes(this.fs, INOS[this.#name], S_IFREG | 0o444, this.fs.clock.now())
  }

  override open(flags: number): FileDescription {
    return new NamespaceDescription(this, flags)
  }
}

class NamespaceDescription extends FileDescription {}
