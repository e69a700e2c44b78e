// GdbServer: where gdb connects: a listening socket that serves one gdb at a time.

import {lstatSync, renameSync} from 'node:fs'
import {connect, createServer, type ListenOptions, type Server, type Socket} from 'node:net'
import {badArgument, HvError, printable} from '../errors.ts'
import {Place} from '../output-file.ts'
import {type GdbAddress, targetRemote} from './address.ts'
import {Session} from './session.ts'
import type {Target} from './target.ts'

const EPOLLIN = 1
const EPOLLOUT = 4
/** The most answers, in bytes, that a gdb may leave unread. */
const MAX_UNREAD = 1 << 22
/** How long sending the last answers may take. */
const LAST_WORDS_MS = 1000

export class GdbServer {
  readonly #server: Server
  /** Where it listens; a port of 0 is replaced by the real one. */
  readonly address: GdbAddress
  #target: Target | undefined
  #socket: Socket | undefined
  #session: Session | undefined
  /** Called when a gdb is gone without having detached. */
  onLeft: (() => void) | undefined

  private constructor(server: Server, address: GdbAddress) {
    this.#server = server
    this.address = address
    server.on('connection', (socket) => this.#arrived(socket))
    // hv waits for gdb elsewhere: a failure before that must end the process.
    server.unref()
    // Errors of connections that were accepted, or could not be.
    server.on('error', () => {})
  }

  /**
   * @param guests directories of the host in which guests may make sockets, to which gdb could connect instead
   * @throws HvError BAD_ARGUMENT when listening there is not possible
   */
  static async listen(address: GdbAddress, guests: readonly string[] = []): Promise<GdbServer> {
    const server = createServer()
    try {
      await ('path' in address ? listenAtPath(server, address.path, guests) : listen(server, address))
    } catch (error) {
      throw error instanceof HvError ? error : cannotListen(address, error as NodeJS.ErrnoException)
    }
    const bound = server.address()
    return new GdbServer(
      server,
      'path' in address || bound === null || typeof bound === 'string'
        ? address
        : {host: address.host, port: bound.port},
    )
  }

  /** From now on connections have a target. A gdb that connected before is served now. */
  serve(target: Target): void {
    this.#target = target
    if (this.#socket !== undefined) this.#begin(this.#socket)
  }

  /**
   * For callers that wait for events outside of Node's loop: the loop has something to do when one of these descriptors has
   * one of these epoll(7) events.
   */
  get descriptors(): ReadonlyArray<readonly [fd: number, events: number]> {
    const list: [number, number][] = []
    const listening = fdOf(this.#server)
    if (listening !== undefined) list.push([listening, EPOLLIN])
    const socket = this.#socket
    const connected = socket && fdOf(socket)
    if (connected !== undefined) list.push([connected, EPOLLIN | (socket!.writableLength > 0 ? EPOLLOUT : 0)])
    return list
  }

  /** Sends what is still to be sent. No new connection is accepted. */
  async close(): Promise<void> {
    this.#server.close()
    const socket = this.#socket
    this.#session?.end()
    if (socket === undefined || socket.destroyed) return
    // It has said nothing yet.
    if (this.#target === undefined) {
      socket.destroy()
      return
    }
    const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()))
    socket.ref()
    socket.end()
    const timer = setTimeout(() => socket.destroy(), LAST_WORDS_MS)
    await closed
    clearTimeout(timer)
  }

  #arrived(socket: Socket): void {
    socket.on('error', () => {})
    if (this.#socket !== undefined) {
      socket.destroy()
      return
    }
    this.#socket = socket
    socket.unref()
    socket.setNoDelay?.(true)
    // At its end already: Node closes it some turns of its loop later, and callers wait elsewhere meanwhile.
    socket.on('end', () => this.#left(socket))
    socket.on('close', () => this.#left(socket))
    if (this.#target === undefined) socket.pause()
    else this.#begin(socket)
  }

  #begin(socket: Socket): void {
    const session = new Session(this.#target!, {
      send: (bytes) => {
        if (socket.writableLength > MAX_UNREAD) socket.destroy()
        else if (!socket.destroyed) socket.write(bytes, 'latin1')
      },
      close: () => {
        if (this.#session === session) this.#session = undefined
        socket.end()
      },
    })
    this.#session = session
    socket.on('data', (bytes) => session.receive(bytes))
    socket.resume()
  }

  #left(socket: Socket): void {
    if (this.#socket !== socket) return
    this.#socket = undefined
    const session = this.#session
    this.#session = undefined
    if (session === undefined) return
    session.end()
    this.onLeft?.()
  }
}

/** Node has it on every system with descriptors, though undocumented. */
function fdOf(holder: Server | Socket): number | undefined {
  const {_handle} = holder as unknown as {_handle?: {fd?: number} | null}
  const fd = _handle?.fd
  return fd !== undefined && fd >= 0 ? fd : undefined
}

/** @throws the system error */
async function listen(server: Server, options: ListenOptions): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen({...options, exclusive: true}, resolve)
  })
  server.removeAllListeners('error')
}

/** Takes the place of the socket of an hv that has ended, which could not remove it in its jail. @throws HvError BAD_ARGUMENT; Error */
async function listenAtPath(server: Server, path: string, guests: readonly string[]): Promise<void> {
  using place = new Place(path)
  const theirs = place.beneath(guests)
  if (theirs !== undefined) throw new Error(`the guest may write in ${printable(theirs)}, and take its place`)
  const stat = lstatSync(place.pathOf(), {throwIfNoEntry: false})
  if (stat !== undefined && !stat.isSocket()) throw new Error('it is there, and no socket')
  if (stat !== undefined && (await isServed(place.pathOf()))) throw new Error('somebody listens there')
  // Node removes what it has made when the server is closed, by a path that may by then lead elsewhere: there is no such name there.
  const unfinished = place.pathOf(`.hv-${process.pid}-${process.hrtime.bigint()}`)
  await listen(server, {path: unfinished})
  renameSync(unfinished, place.pathOf())
}

function isServed(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = connect({path})
    probe.once('connect', () => {
      probe.destroy()
      resolve(true)
    })
    probe.once('error', (error: NodeJS.ErrnoException) => resolve(error.code !== 'ECONNREFUSED'))
  })
}

function cannotListen(address: GdbAddress, error: Error & {code?: string}): HvError {
  const where = targetRemote(address).slice('target remote '.length)
  const why = error.code ?? error.message
  return badArgument(`gdb cannot be waited for at ${where} (${why})`, 'name another place', {
    cause: error,
  })
}
