// Decisions: the connections about which the embedder is asked, and which wait for its answer.

/** About as long as Linux itself tries to connect. */
const LONGEST_MS = 120_000

/**
 * A connection that a program begins, and that the rules allow. @see {@link ConnectHandler}
 *
 * @example
 * const decide = async ({name, address, port, protocol}: SandboxConnectRequest) => {
 *   console.log(name, address, port, protocol) // host.internal 127.0.0.1 9 tcp
 *   return false
 * }
 * await using sandbox = await Sandbox.create({net: {allow: ['host.internal'], onConnect: decide}})
 * const {refused} = await sandbox.run('/bin/busybox', ['wget', 'http://host.internal:9/'])
 * console.log(refused?.connect) // 1
 */
export interface SandboxConnectRequest {
  /** The name that led the program to the address; of several, the one that it asked for last. Absent: it asked for none. */
  readonly name?: string
  /** The address that is connected to. */
  readonly address: string
  readonly port: number
  readonly protocol: 'tcp' | 'udp'
}

/** Decides on a connection: anything but true refuses it. @see {@link SandboxNetOptions} */
export type ConnectHandler = (request: SandboxConnectRequest) => boolean | PromiseLike<boolean>

export class Decisions {
  readonly #onConnect: ConnectHandler
  readonly #longestMs: number
  /** Each refuses one connection that waits. */
  readonly #waiting = new Set<() => void>()
  #isOver = false

  constructor(onConnect: ConnectHandler, longestMs = LONGEST_MS) {
    this.#onConnect = onConnect
    this.#longestMs = longestMs
  }

  /** Never rejects. */
  ask(request: SandboxConnectRequest): Promise<boolean> {
    if (this.#isOver) return Promise.resolve(false)
    return new Promise((resolve) => {
      const settle = (isAllowed: boolean): void => {
        clearTimeout(timer)
        this.#waiting.delete(refuse)
        resolve(isAllowed)
      }
      const refuse = (): void => settle(false)
      const timer = setTimeout(refuse, this.#longestMs)
      timer.unref()
      this.#waiting.add(refuse)
      void this.#answer(request).then(settle, refuse)
    })
  }

  /** Refuses all that wait, and all that are asked later. */
  end(): void {
    this.#isOver = true
    for (const refuse of this.#waiting) refuse()
  }

  async #answer(request: SandboxConnectRequest): Promise<boolean> {
    return (await this.#onConnect(request)) === true
  }
}
