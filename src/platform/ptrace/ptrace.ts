// PtracePlatform: spaces are processes, contexts run in them natively, and each system call and fault stops them.

import {addon} from '../../addon.ts'
import type {MemoryFile} from '../memory-file.ts'
import {memoryFileBytes} from '../memory-size.ts'
import {createMemoryFile} from '../page-allocator.ts'
import type {AddressSpace, Context, EventKind, Platform, PlatformMapping, Protection} from '../platform.ts'
import {RunLoop} from '../run-loop.ts'
import type {NativeTracedSpace, NativeTracer} from './addon.ts'
import {PtraceContext} from './context.ts'
import {ptraceError} from './ptrace-error.ts'

export class PtracePlatform extends RunLoop<PtraceContext, NativeTracedSpace> implements Platform {
  readonly name = 'ptrace'
  readonly memory: MemoryFile
  readonly userTop: number
  readonly mappings: readonly PlatformMapping[]
  readonly cpus = 1
  /** Programs run on the host's processor as it is. */
  readonly hasHostCycles = true
  readonly #tracer: NativeTracer
  readonly #contexts = new Set<PtraceContext>()
  readonly #spaces = new Set<PtraceSpace>()
  /** The proof that the host allows all this, and the first space. */
  #spare: NativeTracedSpace | undefined
  /** What a program begins with. */
  readonly #newFpState: Uint8Array

  /**
   * @param memoryBytes of guest memory; rounded up to pages
   * @throws HvError MEMORY_SIZE, PTRACE_UNUSABLE
   */
  constructor(memoryBytes: number) {
    super()
    const size = memoryFileBytes(memoryBytes)
    let tracer: NativeTracer | undefined
    try {
      tracer = new addon.Tracer(size)
      this.#spare = new addon.TracedSpace(tracer)
      this.userTop = addon.tracedUserTop()
      this.mappings = stubMappings()
    } catch (error) {
      // The thread would stay on its one processor.
      tracer?.dispose()
      this.events.dispose()
      throw ptraceError(error as Error & {errno?: number})
    }
    this.#tracer = tracer
    this.#newFpState = this.#spare.readFpState()
    this.memory = createMemoryFile(this.#tracer.memory, (offset, length) =>
      this.#tracer.release(offset, length),
    )
  }

  /** The process that is to be the first space; undefined once it is one. */
  get sparePid(): number | undefined {
    return this.#spare?.pid
  }

  get death(): string {
    const signal = this.deathSignal
    return signal === 0 ? 'its process exited' : `its process was killed by signal ${signal}`
  }

  get deathSignal(): number {
    return this.trapped.deathSignal
  }

  /** @throws HvError PTRACE_UNUSABLE (no process more), OUT_OF_MEMORY */
  createSpace(): AddressSpace {
    const native = this.#spare ?? startSpace(this.#tracer)
    this.#spare = undefined
    const space = new PtraceSpace(this, native, () => this.#spaces.delete(space))
    this.#spaces.add(space)
    return space
  }

  createContext(): Context {
    const native = new addon.TracedContext(this.events.watcher, this.#newFpState)
    const context = new PtraceContext(native, this.userTop, (disposed) => {
      this.#contexts.delete(disposed)
      this.forget(disposed)
    })
    this.#contexts.add(context)
    return context
  }

  [Symbol.dispose](): void {
    for (const context of this.#contexts) context.dispose()
    for (const space of this.#spaces) space.dispose()
    this.#spare?.dispose()
    this.#tracer.dispose()
    this.events.dispose()
  }

  protected override step(context: PtraceContext): EventKind {
    return this.runHere(context)
  }
}

function stubMappings(): PlatformMapping[] {
  const words = addon.stubMappings()
  const mappings: PlatformMapping[] = []
  for (let i = 0; i < words.length; i += 3)
    mappings.push({start: words[i], end: words[i + 1], protection: words[i + 2]})
  return mappings
}

function startSpace(tracer: NativeTracer): NativeTracedSpace {
  try {
    return new addon.TracedSpace(tracer)
  } catch (error) {
    throw ptraceError(error as Error & {errno?: number})
  }
}

class PtraceSpace implements AddressSpace {
  readonly native: NativeTracedSpace
  readonly #platform: PtracePlatform
  readonly #release: () => void

  constructor(platform: PtracePlatform, native: NativeTracedSpace, release: () => void) {
    this.#platform = platform
    this.native = native
    this.#release = release
  }

  map(address: number, length: number, offset: number, protection: Protection, populate = false): void {
    this.native.set(address, length, offset, protection, populate)
  }

  unmap(address: number, length: number): void {
    this.native.set(address, length, 0, 0, false)
  }

  /** The stub makes the calls before a context runs there. */
  commit(): void {}

  fork(): AddressSpace {
    return this.#platform.createSpace()
  }

  dispose(): void {
    this.#release()
    this.native.dispose()
  }
}
