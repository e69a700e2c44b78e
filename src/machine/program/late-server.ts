// LateServer: a share whose tree is made only when the machine runs, as its files are read after the jail closes.

import type {Location} from '../../vfs/location.ts'
import {Server} from '../fuse/server.ts'

export class LateServer {
  #server: Server | undefined

  /** Call it before the machine runs. @param root stays the caller's */
  serve(root: Location): void {
    this.#server = new Server(root)
  }

  answer(bytes: Uint8Array): ReturnType<Server['answer']> {
    return this.#server!.answer(bytes)
  }

  /** It is what the machine's program lies in. */
  readonly isMounted = true

  reset(): void {
    this.#server?.reset()
  }

  close(): void {
    this.#server?.close()
  }
}
