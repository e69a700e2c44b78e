// The addon's part of the broker: native/napi/broker.cc.

export interface BrokerAddon {
  /**
   * A socket that is connected, or being connected: non-blocking, closed at execve(2), with this thread, and by hostClose.
   * @param ip as inet_pton(3) reads it @returns a descriptor, or a negative errno
   */
  openConnection(ip: string, port: number, isStream: boolean): number
  /** Ends a connection for all who hold its socket: the peer gets a reset, the others ECONNRESET, and then an end. */
  resetConnection(fd: number): void
  /**
   * A socket of this host that listens (TCP) or is bound (UDP), non-blocking. IPv6 does not take IPv4.
   * @param port 0: a free one @returns a descriptor, or a negative errno, and the port
   */
  openListener(ip: string, port: number, isStream: boolean): [fd: number, port: number]
  /** As a listener accepts it, non-blocking. Undefined: nobody waits. */
  acceptConnection(listener: number): [fdOrErrno: number, ip: string, port: number] | undefined
  /** A UDP socket at the port of a bound one of `openListener`, which gets what the peer sends. @returns a descriptor, or a negative errno */
  openFlow(ip: string, port: number, peerIp: string, peerPort: number): number
  /** Undefined: nothing waits. */
  receiveDatagram(fd: number): [bytes: Uint8Array, ip: string, port: number] | undefined
  /** A stream, for questions, or a socket that keeps messages apart, for answers. Throws an Error with `errno`. */
  brokerPair(isStream: boolean): [sentry: number, broker: number]
  /** Never waits. @param fd goes with it, and stays the caller's; -1: none. Throws an Error with `errno`; EAGAIN: nobody takes them. */
  sendMessage(end: number, text: string, fd: number): void
  /** `text` is empty when the other end is gone; fd -1: none came with it. Undefined: nothing is there now. Throws an Error with `errno`. */
  receiveMessage(end: number): [text: string, fd: number] | undefined
}
