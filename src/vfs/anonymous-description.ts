// AnonymousDescription: a file description that is all there is of its object: an eventfd, timerfd, signalfd or epoll.

import {O_RDWR} from '../abi/open-flags.ts'
import {anonymousInode} from './anonymous-inode.ts'
import type {ByteString} from './file.ts'
import {Description} from './file-description.ts'

export abstract class AnonymousDescription extends Description {
  /** @param label as /proc/self/fd shows it: `[eventfd]` */
  constructor(label: ByteString, flags: number, accessMode = O_RDWR) {
    super(anonymousInode(label), flags | accessMode)
  }

  /** Nowhere to go, but no error (Linux's noop_llseek). */
  override seek(): number {
    return this.position
  }
}
