// The memory devices: null, zero, full, random, urandom (man 4 null, full, random), by device number.

import {EINVAL, ENOSPC, ENXIO, Errno} from '../abi/errno.ts'
import {makeDev, S_IFCHR} from '../abi/file-mode.ts'
import {POLLIN} from '../abi/open-flags.ts'
import type {Inode, IoctlMemory} from './file.ts'
import {FileDescription} from './file-description.ts'
import type {HostRandom} from './host.ts'
import {writeInt} from './int-argument.ts'
import {WaitQueue} from './wait-queue.ts'

export const NULL_DEV = makeDev(1, 3)
export const ZERO_DEV = makeDev(1, 5)
export const FULL_DEV = makeDev(1, 7)
export const RANDOM_DEV = makeDev(1, 8)
export const URANDOM_DEV = makeDev(1, 9)
export const TTY_DEV = makeDev(5, 0)
export const PTMX_DEV = makeDev(5, 2)

/** linux/random.h: entropy the pool holds, in bits. */
const RNDGETENTCNT = 0x80045200
const POOL_BITS = 256

/** Whether this is a node of that character device. */
export function isDevice(inode: Inode, rdev: number): boolean {
  return inode.kind === S_IFCHR && inode.attributes().rdev === rdev
}

/** Opens a node's device. @throws Errno ENXIO for a device that does not exist */
export function openDevice(inode: Inode, rdev: number, flags: number, random: HostRandom): FileDescription {
  if (inode.kind !== S_IFCHR) throw new Errno(ENXIO)
  if (rdev === NULL_DEV) return new NullDescription(inode, flags)
  if (rdev === ZERO_DEV) return new ZeroDescription(inode, flags)
  if (rdev === FULL_DEV) return new FullDescription(inode, flags)
  if (rdev === RANDOM_DEV) return new RandomDescription(inode, flags, random)
  if (rdev === URANDOM_DEV) return new UrandomDescription(inode, flags, random)
  throw new Errno(ENXIO)
}

class NullDescription extends FileDescription {
  override readonly discardsWrites: boolean = true

  override read(_target: Uint8Array): number {
    this.requireReadable()
    return 0
  }

  override write(source: Uint8Array): number {
    this.requireWritable()
    return source.length
  }

  override seek(): number {
    this.position = 0
    return 0
  }

  override truncate(): void {
    throw new Errno(EINVAL)
  }
}

class ZeroDescription extends NullDescription {
  override read(target: Uint8Array): number {
    this.requireReadable()
    target.fill(0)
    return target.length
  }
}

class FullDescription extends ZeroDescription {
  override readonly writesRecords = true

  override readonly discardsWrites = false

  override write(_source: Uint8Array): number {
    this.requireWritable()
    throw new Errno(ENOSPC)
  }
}

class UrandomDescription extends NullDescription {
  readonly #random: HostRandom

  constructor(inode: Inode, flags: number, random: HostRandom) {
    super(inode, flags)
    this.#random = random
  }

  override readonly discardsWrites = false

  override read(target: Uint8Array): number {
    this.requireReadable()
    this.#random.fill(target)
    return target.length
  }

  override ioctl(request: number, argument: number, memory: IoctlMemory): number {
    // This driver never answers ENOTTY.
    if (request !== RNDGETENTCNT) throw new Errno(EINVAL)
    return writeInt(memory, argument, POOL_BITS)
  }
}

/** It never runs dry. Only this one can be polled: for POLLOUT, an empty pool would be what is waited for. */
class RandomDescription extends UrandomDescription {
  override readonly waiters = new WaitQueue()

  override readiness(): number {
    return POLLIN
  }
}
