// RemotePorts: what the owner knows of the ports at which a guest listens: asks for them, and waits for changes.

import {HvError} from '../../../errors.ts'
import type {SandboxPort} from '../../../sentry/outside/net/sandbox-port.ts'
import type {StopSignal} from '../../../stop-signal.ts'
import type {PortsRequest} from '../../protocol/connection-messages.ts'
import type {PortsReply} from '../../protocol/messages.ts'
import {AbortError} from '../abort-error.ts'

/** A guest may listen and stop a thousand times a second; its owner is told this often. */
const PAUSE_MS = 10

interface PendingList {
  known: number | undefined
  resolve: (reply: PortsReply) => void
  reject: (error: HvError) => void
}

/** Is told of each new list of ports. */
interface PortListener {
  changed(ports: readonly SandboxPort[]): void
  failed(error: unknown): void
}

export class RemotePorts {
  readonly #send: (request: PortsRequest) => void
  readonly #asked = new Map<number, PendingList>()
  /** Each with the request whose list is its first; 0: it has had that. */
  readonly #listeners = new Map<PortListener, number>()
  #last = 0
  /** Requests that are answered once something changes. */
  #waiting = 0
  #isWatching = false

  /** @param send throws when there is no sentry any longer */
  constructor(send: (request: PortsRequest) => void) {
    this.#send = send
  }

  /** An answer is due soon. */
  get isAsked(): boolean {
    return this.#asked.size > this.#waiting
  }

  /** @throws HvError */
  async list(): Promise<SandboxPort[]> {
    return (await this.#ask(undefined)).ports
  }

  /** Tells of each port at which a program begins to listen, from now on. */
  watch(tell: (port: SandboxPort) => void): void {
    let known: ReadonlySet<string> | undefined
    const changed = (ports: readonly SandboxPort[]): void => {
      const listening = ports.filter(({protocol}) => protocol === 'tcp')
      const before = known
      known = new Set(listening.map(keyOf))
      if (before !== undefined) for (const port of listening) if (!before.has(keyOf(port))) tell(port)
    }
    this.#listen({changed, failed: () => {}})
  }

  /** @throws HvError TIMED_OUT, AbortError */
  waitFor(port: number, timeoutMs: number, signal: StopSignal | undefined): Promise<SandboxPort> {
    return new Promise((resolve, reject) => {
      const settle = (): void => {
        clearTimeout(timer)
        signal?.removeEventListener('abort', abort)
        this.#listeners.delete(listener)
      }
      const failed = (error: unknown): void => {
        settle()
        reject(error)
      }
      const changed = (ports: readonly SandboxPort[]): void => {
        const found = ports.find((each) => each.protocol === 'tcp' && each.port === port)
        if (found === undefined) return
        settle()
        resolve(found)
      }
      const abort = (): void => failed(new AbortError(signal!.reason, '', ''))
      const listener: PortListener = {changed, failed}
      const timer = setTimeout(() => failed(timedOut(port, timeoutMs)), timeoutMs)
      if (signal?.aborted) {
        abort()
        return
      }
      signal?.addEventListener('abort', abort, {once: true})
      this.#listen(listener)
    })
  }

  isDue({id, version}: PortsReply): boolean {
    const asked = this.#asked.get(id)
    return asked !== undefined && asked.known !== version
  }

  /** Every list goes to every listener: what `waitForPort` has seen, `listen` has told. */
  answered(reply: PortsReply): void {
    const {id, ports} = reply
    const asked = this.#asked.get(id)
    this.#asked.delete(id)
    if (asked?.known !== undefined) this.#waiting--
    asked?.resolve(reply)
    for (const [listener, first] of [...this.#listeners]) {
      // One may have ended another.
      if (id < first || !this.#listeners.has(listener)) continue
      this.#listeners.set(listener, 0)
      listener.changed(ports)
    }
  }

  fail(error: HvError): void {
    for (const {reject} of this.#asked.values()) reject(error)
    this.#asked.clear()
    this.#waiting = 0
  }

  #ask(known: number | undefined): Promise<PortsReply> {
    return new Promise((resolve, reject) => {
      const id = ++this.#last
      this.#send({kind: 'ports', id, known})
      this.#asked.set(id, {known, resolve, reject})
      if (known !== undefined) this.#waiting++
    })
  }

  /** Tells it what listens at present, and each change. */
  #listen(listener: PortListener): void {
    const first = this.#ask(undefined)
    this.#listeners.set(listener, this.#last)
    if (this.#isWatching) first.catch(listener.failed)
    else void this.#watch(first)
  }

  /** One request at a time, as long as somebody listens. */
  async #watch(asked: Promise<PortsReply>): Promise<void> {
    this.#isWatching = true
    try {
      for (let next = asked; ; ) {
        const {version} = await next
        await new Promise<void>((resolve) => setTimeout(resolve, PAUSE_MS).unref())
        if (this.#listeners.size === 0) return
        next = this.#ask(version)
      }
    } catch (error) {
      for (const listener of [...this.#listeners.keys()]) listener.failed(error)
      this.#listeners.clear()
    } finally {
      this.#isWatching = false
    }
  }
}

const keyOf = ({address, port, pid}: SandboxPort): string => `${address} ${port} ${pid}`

function timedOut(port: number, timeoutMs: number): HvError {
  return new HvError(
    'TIMED_OUT',
    `no program listens at port ${port} of the sandbox after ${timeoutMs} ms`,
    "look into the server's output, or raise `timeoutMs`",
  )
}
