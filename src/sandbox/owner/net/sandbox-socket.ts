// SandboxSocket: the owner's end of a connection with a guest's program: a Duplex with what HTTP and database clients ask of a net.Socket.

import {Duplex} from 'node:stream'
import {errnoName} from '../../../abi/errno.ts'
import {CONNECTION_WINDOW_BYTES} from '../../../sentry/outside/net/connection-limits.ts'
import type {GuestEnd} from '../../../sentry/outside/net/guest-address.ts'
import {InputWindow} from '../streams/input-window.ts'
import {OutputWindow} from '../streams/output-window.ts'

/** Where a socket's messages go. */
export interface SocketLink {
  data(bytes: Uint8Array<ArrayBuffer>, isEnd: boolean): void
  /** So many bytes were taken. */
  window(bytes: number): void
  close(isReset: boolean): void
}

export interface ConnectionEnds {
  local?: GuestEnd | undefined
  remote?: GuestEnd | undefined
}

/**
 * A connection with a program of a sandbox, as a net.Socket is one with a program of a network: `connect`, `ready` and `timeout` are its
 * events beside those of a Duplex. Data waits on both sides: 128 KiB each way, and what the guest's sockets hold. Errors have the `code`s
 * of Linux: ECONNREFUSED, ECONNRESET, EPIPE, ENOENT. When the sandbox is disposed of, it is destroyed.
 *
 * @example
 * const server = sandbox.spawn('/bin/busybox', ['nc', '-l', '-p', '8080', '-e', 'cat'])
 * await sandbox.waitForPort(8080)
 * const socket: SandboxSocket = sandbox.connect(8080)
 * socket.end('hello')
 * for await (const chunk of socket) console.log(chunk.toString()) // hello
 * await server.wait()
 */
export class SandboxSocket extends Duplex {
  /** Until `connect`. */
  connecting: boolean
  /** Addresses in the guest: those of a UNIX socket are undefined. `remote` is the guest's end. */
  localAddress: string | undefined
  localPort: number | undefined
  remoteAddress: string | undefined
  remotePort: number | undefined
  /** Milliseconds: see `setTimeout`. */
  timeout = 0
  readonly #link: SocketLink
  readonly #outgoing: InputWindow
  readonly #incoming: OutputWindow
  #timer: ReturnType<typeof setTimeout> | undefined

  /** @internal By Sandbox.connect, and for `net.serve`. */
  constructor(link: SocketLink, allowHalfOpen: boolean, ends?: ConnectionEnds) {
    super({allowHalfOpen})
    this.#link = link
    this.connecting = ends === undefined
    this.#setEnds(ends)
    this.#outgoing = new InputWindow((bytes, isEnd) => link.data(bytes, isEnd), CONNECTION_WINDOW_BYTES)
    this.#incoming = new OutputWindow(this, (bytes) => link.window(bytes), CONNECTION_WINDOW_BYTES)
    // What is written before the guest has accepted it goes along.
    this.#outgoing.begin()
  }

  get remoteFamily(): string | undefined {
    return this.remoteAddress && (this.remoteAddress.includes(':') ? 'IPv6' : 'IPv4')
  }

  get pending(): boolean {
    return this.connecting
  }

  /** Emits `timeout` after so many milliseconds without data, 0: never. The socket stays open. */
  setTimeout(ms: number, listener?: () => void): this {
    clearTimeout(this.#timer)
    this.timeout = ms
    this.#timer = ms > 0 && !this.destroyed ? setTimeout(() => this.emit('timeout'), ms).unref() : undefined
    if (listener !== undefined && ms > 0) this.once('timeout', listener)
    else if (listener !== undefined) this.off('timeout', listener)
    return this
  }

  /** Does nothing: there are no packets, and no peer that vanishes. */
  setNoDelay(): this {
    return this
  }

  /** Does nothing, like `setNoDelay`. */
  setKeepAlive(): this {
    return this
  }

  /** Does nothing: a connection alone does not keep this process alive. */
  ref(): this {
    return this
  }

  /** Does nothing, like `ref`. */
  unref(): this {
    return this
  }

  /** Does nothing: for clients that are given a socket and connect it themselves, such as pg. */
  connect(): this {
    return this
  }

  /** Ends it, and destroys it once everything is written. */
  destroySoon(): void {
    if (this.writable) this.end()
    if (this.writableFinished) this.destroy()
    else this.once('finish', () => this.destroy())
  }

  /** Closes it by a reset: the guest gets ECONNRESET. */
  resetAndDestroy(): this {
    this.#link.close(true)
    return this.destroy()
  }

  /** @internal */
  connected(ends: ConnectionEnds): void {
    if (this.destroyed) return
    this.connecting = false
    this.#setEnds(ends)
    this.#touch()
    this.emit('connect')
    this.emit('ready')
  }

  /** @internal */
  received(bytes: Uint8Array, isEnd: boolean): void {
    this.#touch()
    if (bytes.length > 0) this.#incoming.push(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length))
    if (isEnd) this.#incoming.finish()
  }

  /** The guest has taken so much. @internal */
  took(bytes: number): void {
    this.#touch()
    this.#outgoing.took(bytes)
  }

  override _read(): void {
    this.#incoming.want()
  }

  override _write(chunk: Uint8Array, _encoding: string, done: () => void): void {
    this.#touch()
    this.#outgoing.write(chunk, done)
  }

  override _writev(chunks: {chunk: Uint8Array}[], done: () => void): void {
    this._write(Buffer.concat(chunks.map(({chunk}) => chunk)), 'buffer', done)
  }

  override _final(done: () => void): void {
    this.#outgoing.end(done)
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    clearTimeout(this.#timer)
    this.connecting = false
    this.#incoming.close()
    this.#outgoing.finish()
    this.#link.close(false)
    done(error)
  }

  #setEnds({local, remote}: ConnectionEnds = {}): void {
    this.localAddress = local?.address
    this.localPort = local?.port
    this.remoteAddress = remote?.address
    this.remotePort = remote?.port
  }

  #touch(): void {
    this.#timer?.refresh()
  }
}

/** As net.Socket's errors are. */
export function socketError(errno: number, syscall: 'connect' | 'read' | 'write', to: string): Error {
  const code = errnoName(errno)
  const message = syscall === 'connect' ? `connect ${code} ${to} in the guest` : `${syscall} ${code}`
  return Object.assign(new Error(message), {code, errno: -errno, syscall})
}
