// AnonymousDescription: a file description that is all there is of its object: an eventfd, timerfd, signalfd or epoll.

import {O_RDWR} from '../abi/open-flags.ts'
import type {ByteString} from './file.ts'
import {FileDescription} from './file-description.ts'
import type {VirtualFileSystem} from './virtual-file-system.ts'

export abstract class AnonymousDescription extends FileDescription {
  /** @param label as /proc/self/fd shows it: `[eventfd]` */
  constructor(vfs: VirtualFileSystem, label: ByteString, flags: number, accessMode = O_RDWR) {
    super(vfs.anonymousInode(label), flags | accessMode)
  }

  /** Nowhere to go, but no error (Linux's noop_llseek). */
  override seek(): number {
    return this.position
  }
}
