// servePages: fills the pages of lazy memory when somebody touches them first (userfaultfd(2)).

import {addon} from '../addon.ts'
import {badArgument, HvError} from '../errors.ts'
import * as takes from '../options.ts'
import type {NativePageServer} from './addon.ts'
import {requireListening} from './eventfd.ts'
import {orThrow} from './open-error.ts'

/**
 * Memory whose pages are missing: what `servePages` needs of it, in another thread of this process.
 *
 * @example
 * // e.g. new Worker('./pages.js', {workerData: lazy.memory.missing})
 * using lazy = Vm.create({memoryBytes: 0x10000, memoryBase: vm.memory.base, lazy: true})
 * console.log(lazy.memory.missing?.bytes) // 65536
 */
export interface MissingPages {
  /** The guest physical address of its first byte. */
  readonly address: number
  readonly bytes: number
  /** The userfaultfd, and the memory's address in this process. */
  readonly fd: number
  readonly hostAddress: number
  /** Of the thread that made the memory. */
  readonly threadId: number
}

/**
 * Gives a page's content.
 * @param address guest physical, of the page that somebody waits for
 * @param length the page's: the host's page size
 * @returns whole pages, from `address` on: more than one where the next are wanted soon; `undefined`: one of zeros
 *
 * @example
 * const content: PageSource = (address, length) => new Uint8Array(length).fill(address / length)
 */
export type PageSource = (
  address: number,
  length: number,
) => Uint8Array | undefined | Promise<Uint8Array | undefined>

const missingPages = takes.options({
  address: takes.integer(0, Number.MAX_SAFE_INTEGER),
  bytes: takes.integer(1, Number.MAX_SAFE_INTEGER),
  fd: takes.integer(0, 2 ** 31 - 1),
  hostAddress: takes.integer(1, Number.MAX_SAFE_INTEGER),
  threadId: takes.integer(0, Number.MAX_SAFE_INTEGER),
})
/** setInterval's longest. */
const FOREVER_MS = 2 ** 31 - 1

/**
 * Fills pages of lazy memory as they are touched, by the guest or by this process, until it is disposed of. It has to be called in another
 * thread than the one that made the memory, a `Worker`: that thread itself may have to wait for a page. It keeps its thread alive. A page
 * that is there already stays as it is, so `source` may be asked for a page twice. What `source` throws is an uncaught exception of its
 * thread; whoever touched the page waits for another server, or for the end of the memory.
 * @param missing of {@link MemorySlot} or {@link GuestMemory}
 * @throws HvError BAD_ARGUMENT, also in the memory's own thread; KVM_UNUSABLE under Bun
 *
 * @example
 * // pages.js: const {missing, path} = workerData; servePages(missing, source)
 * using lazy = Vm.create({memoryBytes: 0x10000, memoryBase: vm.memory.base, lazy: true})
 * try {
 *   if (lazy.memory.missing) servePages(lazy.memory.missing, () => undefined)
 * } catch (error) {
 *   console.log(error instanceof HvError && error.code) // BAD_ARGUMENT
 * }
 */
export function servePages(missing: MissingPages, source: PageSource): Disposable {
  const memory = takes.checked(missingPages, missing, 'missing')
  takes.checked(takes.callback, source, 'source')
  requireListening()
  if (memory.threadId === thisThread()) {
    const message = 'the thread that made lazy memory may itself wait for a page'
    throw badArgument(message, 'call servePages in a Worker')
  }
  const native = orThrow(
    () => new addon.PageServer(memory.fd, memory.hostAddress, memory.bytes),
    (cause) => badArgument('the memory is gone', 'serve it while its slot is there', {cause}),
  )
  const server = new PageServer(native, memory, source)
  const watch = new addon.ReadableWatch(native.fd, () => server.hear())
  // The watch keeps no thread alive.
  const alive = setInterval(() => {}, FOREVER_MS)
  return {
    [Symbol.dispose]() {
      clearInterval(alive)
      watch.dispose()
      server.dispose()
    },
  }
}

/** @internal Loading Node's module takes milliseconds, which few VMs need. */
export const thisThread = (): number => process.getBuiltinModule('node:worker_threads').threadId

/** The host's refusal of lazy memory. */
export function lazyDenied(cause: Error): HvError {
  const message = "the host does not let this user handle KVM's page faults (userfaultfd)"
  const nextStep =
    'be root, or make /dev/userfaultfd readable and writable, or set vm.unprivileged_userfaultfd=1'
  return new HvError('HOST_SYSCALL', message, nextStep, {cause})
}

class PageServer {
  readonly #native: NativePageServer
  readonly #memory: MissingPages
  readonly #source: PageSource
  /** Offsets of pages that the source was asked for. */
  readonly #asked = new Set<number>()
  #isDisposed = false

  constructor(native: NativePageServer, memory: MissingPages, source: PageSource) {
    this.#native = native
    this.#memory = memory
    this.#source = source
  }

  hear(): void {
    for (const offset of this.#native.take()) void this.#serve(Number(offset))
  }

  dispose(): void {
    this.#isDisposed = true
    this.#native.dispose()
  }

  async #serve(offset: number): Promise<void> {
    if (this.#asked.has(offset)) return
    this.#asked.add(offset)
    try {
      const content = await this.#source(this.#memory.address + offset, addon.pageBytes)
      if (!this.#isDisposed) this.#fill(offset, content)
    } finally {
      this.#asked.delete(offset)
    }
  }

  #fill(offset: number, content: Uint8Array | undefined): void {
    const page = addon.pageBytes
    if (content === undefined) {
      this.#native.fillZeros(offset, page)
      return
    }
    takes.checked(takes.bytes, content, 'what source returns')
    const {length} = content
    const isWhole = length > 0 && length % page === 0 && length <= this.#memory.bytes - offset
    if (!isWhole) {
      const message = `a page source returned ${length} bytes for address ${this.#memory.address + offset}`
      throw new HvError('MEMORY_RANGE', message, `return a multiple of ${page}, within the memory`)
    }
    this.#native.fill(offset, content)
  }
}
