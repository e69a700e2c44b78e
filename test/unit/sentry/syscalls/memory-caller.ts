// A task with a simulated guest's memory and a tmpfs, which calls the handlers of mmap(2) and its family.

import {NO_CAPABILITIES} from '../../../../src/abi/capability.ts'
import {O_WRONLY} from '../../../../src/abi/open-flags.ts'
import type {Syscall} from '../../../../src/sentry/core/syscall.ts'
import type {Task} from '../../../../src/sentry/core/task.ts'
import {FdTable} from '../../../../src/sentry/fd/fd-table.ts'
import {Tmpfs} from '../../../../src/vfs/fs/tmpfs.ts'
import {nativeHost} from '../../../../src/vfs/native-host.ts'
import {VirtualFileSystem} from '../../../../src/vfs/virtual-file-system.ts'
import {errnoOf, SimulatedGuest} from '../memory/simulated-guest.ts'

const PAGE = 4096
const owner = {uid: 0, gid: 0, groups: [], capabilities: NO_CAPABILITIES}

export class MemoryCaller {
  readonly guest = new SimulatedGuest()
  readonly fds = new FdTable()
  readonly fs = new Tmpfs(this.guest.memory)
  readonly #task: Task

  constructor() {
    const {guest, fds} = this
    const process = {memoryMap: guest.map, limits: guest.limits}
    const kernel = {
      platform: {memory: guest.memory},
      vfs: new VirtualFileSystem(nativeHost),
      processes: new Map([[2, process]]),
    }
    this.#task = {process, kernel, memory: guest.user, fds, fs: {}, credentials: owner} as unknown as Task
  }

  call(syscall: Syscall, ...words: number[]): number {
    const word = (index: number) => words[index] ?? 0
    return syscall(this.#task, {
      address: word,
      int64: word,
      int32: (index) => word(index) | 0,
      uint32: (index) => word(index) >>> 0,
      raw: (index) => BigInt(word(index)),
    })
  }

  errnoOf(syscall: Syscall, ...words: number[]): number {
    return errnoOf(() => this.call(syscall, ...words))
  }

  /** A file of two pages, 'a' and 'b', opened with `flags`. */
  openFile(flags: number): number {
    const inode = this.fs.root.create(`file${flags}`, 0o644, owner)
    const writer = inode.open(O_WRONLY)
    writer.write(Buffer.from('a'.repeat(PAGE) + 'b'.repeat(PAGE)))
    const fd = this.fds.install(inode.open(flags))
    writer.close()
    return fd
  }

  /** Stores 1, 2, 3 … into the first bytes of the pages. */
  fill(address: number, pages: number): void {
    for (let i = 0; i < pages; i++) this.guest.store(address + i * PAGE, i + 1)
  }

  /** The first bytes of the pages. */
  bytes(address: number, pages: number): unknown[] {
    return Array.from({length: pages}, (_, i) => this.guest.load(address + i * PAGE))
  }
}
