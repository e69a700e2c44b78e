// What a Sandbox takes of its guest's network.

import type {ConnectHandler} from '../../../broker/decisions.ts'
import type {StopSignal} from '../../../stop-signal.ts'
import type {SandboxSocket} from './sandbox-socket.ts'

export type {ConnectHandler, SandboxConnectRequest} from '../../../broker/decisions.ts'

/**
 * The network of a sandbox's programs.
 *
 * @example
 * import {createServer} from 'node:http'
 * const server = createServer((request, response) => response.end(`you asked for ${request.url}`))
 * const net: SandboxNetOptions = {serve: {'api.internal:80': (socket) => server.emit('connection', socket)}}
 * await using sandbox = await Sandbox.create({net})
 * const {stdout} = await sandbox.run('/bin/busybox', ['wget', '-qO-', 'http://api.internal/a'])
 * console.log(stdout) // you asked for /a
 */
export interface SandboxNetOptions extends SandboxNetRules {
  /**
   * Names that this process answers, each with a port: `{'api.internal:80': (socket) => …}`. Programs find them in /etc/hosts, and connect
   * to them; nothing leaves this process. The function gets each connection, by TCP, as a socket whose `remotePort` is the program's. 256
   * at most.
   */
  serve?: Readonly<Record<string, (socket: SandboxSocket) => void>>
  /**
   * Decides on each connection that programs begin and that `allow` and `deny` let pass: it narrows them, and never widens. It may return a promise; others connect
   * meanwhile. Only true lets the program connect. Anything else, an error and 120 seconds without an answer refuse it with EACCES, as the
   * rules do. It is not asked about names, nor about what `serve` answers, nor about what comes by `publish`.
   */
  onConnect?: ConnectHandler
  /**
   * Bytes a second that programs may receive from outside, all connections together. A tenth of a second's bytes may come at once. What is
   * not received waits at the sender. Default: unlimited.
   */
  receiveBytesPerSecond?: number
  /** The same for what they send. */
  sendBytesPerSecond?: number
  /**
   * Ports of this host that lead to ports of programs, as docker writes them: `['8080:80', '0.0.0.0:5353:53/udp', '[::1]:0:80']`, 256 at
   * most. Without an address only this host reaches them. Port 0 is any free one: {@link Sandbox.published} names it. They are open until
   * {@link Sandbox.unpublish}, or until the sandbox is disposed of, whether a program listens or not: without one, connections are closed or
   * reset at once. `allow`, `deny` and `onConnect` say nothing of what comes by them; `maxConnections` counts their connections, and the
   * peers of those by UDP for themselves.
   */
  publish?: readonly string[]
}

/**
 * What programs may connect to outside of a sandbox. @see {@link Sandbox.setNet}
 */
export interface SandboxNetRules {
  /**
   * What programs may connect to outside of the sandbox, by TCP and UDP: `['example.com:443', '*.example.org', '10.0.0.0/8:5432',
   * '[2001:db8::/32]']`, 1,000 at most; true: every public address. A name, and true, lead only to public addresses: those of private
   * networks, of clouds' metadata, and of this host have to be named as such. `host.internal:8080` is port 8080 of this host's loopback: to
   * programs, 127.0.0.1 is the sandbox. Names are resolved by this process. Default: nothing. An empty array allows nothing either, but
   * can be changed later.
   */
  allow?: true | readonly string[]
  /** Of that, what programs may not connect to, written as `allow`. */
  deny?: readonly string[]
}

/** A listener of the guest. @see {@link Sandbox.connect} */
export type SandboxEndpoint =
  | {
      /** `localhost`, 127.x.x.x or ::1. Default: 127.0.0.1, or else ::1. */
      host?: string
      port: number
      /** As of net.connect: the socket does not end by itself when the program has ended its side. Default: false. */
      allowHalfOpen?: boolean
    }
  | {
      /** The path of a UNIX socket in the guest, walked with the guest's rights; `\0` before a name: an abstract one. */
      unix: string
      allowHalfOpen?: boolean
    }

/** @see {@link Sandbox.waitForPort} */
export interface SandboxWaitOptions {
  /** Milliseconds until it rejects with TIMED_OUT. Default: 30,000. */
  timeoutMs?: number
  /** Rejects with an {@link AbortError}. */
  signal?: StopSignal
}
