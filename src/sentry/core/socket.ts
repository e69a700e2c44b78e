// Socket: what a file description has if it is a socket, for calls that take any file.

import type {Iovec} from './iovec.ts'
import type {Task} from './task.ts'

declare module '../../vfs/file.ts' {
  interface FileDescription {
    readonly socket?: Socket
    /** A socket's read(2) and write(2), which sleep and fail as recv(2) and send(2) do; vfs's `read` and `write` are for transfers inside the sentry. */
    receive?(task: Task, ranges: readonly Iovec[]): number
    send?(task: Task, ranges: readonly Iovec[]): number
  }
}

export interface Socket {
  /** SOCK_STREAM: only its writes raise SIGPIPE, and a read may take a part of what was sent. */
  readonly isStream: boolean
}
