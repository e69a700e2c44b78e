// Messages about connections between the owner and the guest. The types of replies come from their schemas.

import type {GuestEndpoint} from '../../sentry/outside/net/guest-address.ts'

type Bytes = Uint8Array<ArrayBuffer>

/**
 * To the sentry. A connection has a number: from 1 upward those that the owner begins, from -1 downward those that a guest begins. Each way
 * has a window of CONNECTION_WINDOW_BYTES. Late messages, of a connection that the sentry has closed, are dropped.
 */
export type ConnectionRequest =
  /** Bytes may follow at once. */
  | {kind: 'connect'; connection: number; to: GuestEndpoint}
  | {kind: 'data'; connection: number; bytes: Bytes; isEnd: boolean}
  /** So many bytes were taken. */
  | {kind: 'window'; connection: number; bytes: number}
  /** The owner takes no more; what it has given still goes, unless the connection `isReset`. */
  | {kind: 'close'; connection: number; isReset: boolean}

/** Asks for the ports at which the guest listens: at once, or, of the version that is `known`, once it has changed. */
export interface PortsRequest {
  kind: 'ports'
  id: number
  known?: number | undefined
}
