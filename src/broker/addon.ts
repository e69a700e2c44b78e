// The addon's part of the broker: native/napi/broker.cc.

export interface BrokerAddon {
  /**
   * A socket that is connected, or being connected: non-blocking, closed at execve(2), with this thread, and by hostClose.
   * @param ip as inet_pton(3) reads it @returns a descriptor, or a negative errno
   */
  openConnection(ip: string, port: number, isStream: boolean): number
  /** Ends a connection for all who hold its socket: the peer gets a reset, the others ECONNRESET, and then an end. */
  resetConnection(fd: number): void
  /** A stream, for questions, or a socket that keeps messages apart, for answers. Throws an Error with `errno`. */
  brokerPair(isStream: boolean): [sentry: number, broker: number]
  /** Never waits. @param fd goes with it, and stays the caller's; -1: none. Throws an Error with `errno`; EAGAIN: nobody takes them. */
  sendMessage(end: number, text: string, fd: number): void
  /** `text` is empty when the other end is gone; fd -1: none came with it. Undefined: nothing is there now. Throws an Error with `errno`. */
  receiveMessage(end: number): [text: string, fd: number] | undefined
}
