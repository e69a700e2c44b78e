// The flow of tar-stream's streams, which are not Node's: code that waits for one must not wait for ever when it is destroyed.

interface Flowing {
  once(event: 'drain' | 'close', listener: () => void): unknown
  on(event: 'error', listener: (error: Error) => void): unknown
}

export class Flow {
  /** The error that it was destroyed with. */
  error: Error | undefined
  readonly closed: Promise<void>
  readonly #stream: Flowing

  constructor(stream: Flowing) {
    this.#stream = stream
    stream.on('error', (error) => {
      this.error = error
    })
    this.closed = new Promise((resolve) => void stream.once('close', () => resolve()))
  }

  /** Resolves after a write that asked to wait. */
  async drained(): Promise<void> {
    await Promise.race([
      this.closed,
      new Promise<void>((resolve) => void this.#stream.once('drain', () => resolve())),
    ])
  }
}
