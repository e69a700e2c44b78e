// Traffic: what the internet sockets of a run's programs carried, over loopback and to the outside.

export class Traffic {
  /** TCP connections that were made or accepted. */
  connections = 0
  receivedBytes = 0
  sentBytes = 0
}
