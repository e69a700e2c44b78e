// OverlayFileDescription: a file description of the layer that was in effect at the open, under the overlay's inode.

import type {DirectoryEntry, FileDescription, Inode, IoctlMemory, Mappable} from '../file.ts'
import type {Location} from '../location.ts'
import type {WaitQueue} from '../wait-queue.ts'

export class OverlayFileDescription implements FileDescription {
  readonly inode: Inode
  declare openedAt?: Location
  readonly #file: FileDescription
  readonly #closed: () => void

  constructor(inode: Inode, file: FileDescription, closed: () => void) {
    this.inode = inode
    this.#file = file
    this.#closed = closed
  }

  get flags(): number {
    return this.#file.flags
  }

  set flags(flags: number) {
    this.#file.flags = flags
  }

  get position(): number {
    return this.#file.position
  }

  set position(position: number) {
    this.#file.position = position
  }

  read(target: Uint8Array, position?: number): number {
    return this.#file.read(target, position)
  }

  write(source: Uint8Array, position?: number): number {
    return this.#file.write(source, position)
  }

  seek(offset: number, whence: number): number {
    return this.#file.seek(offset, whence)
  }

  readDirectory(maxEntries: number): DirectoryEntry[] {
    return this.#file.readDirectory(maxEntries)
  }

  unreadDirectory(count: number): void {
    this.#file.unreadDirectory(count)
  }

  truncate(size: number): void {
    this.#file.truncate(size)
  }

  allocate(mode: number, offset: number, length: number): number {
    return this.#file.allocate(mode, offset, length)
  }

  /** What is in memory needs no writing, and the lower layer is never written. */
  sync(): void {}

  readiness(): number {
    return this.#file.readiness()
  }

  get waiters(): WaitQueue | undefined {
    return this.#file.waiters
  }

  get hostFd(): number | undefined {
    return this.#file.hostFd
  }

  ioctl(request: number, argument: number, memory: IoctlMemory): number {
    return this.#file.ioctl(request, argument, memory)
  }

  get mappable(): Mappable | undefined {
    return this.#file.mappable
  }

  close(): void {
    this.#file.close()
    this.#closed()
  }
}
