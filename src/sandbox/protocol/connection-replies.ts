// What a sentry's process may say of connections and ports, as schemas: part of replies.ts.

import * as v from 'valibot'
import {EHWPOISON} from '../../abi/errno.ts'
import {CONNECTION_WINDOW_BYTES, MOST_PORTS} from '../../sentry/outside/net/connection-limits.ts'

const id = v.pipe(v.number(), v.safeInteger())
const port = v.pipe(id, v.minValue(0), v.maxValue(65_535))
const address = v.pipe(v.string(), v.ip())
/** One end of a TCP connection; of a UNIX socket's there is none. */
const end = v.object({address, port})

/** For each connection `closed` comes once, and nothing after it. */
export const connectionReplies = [
  v.object({kind: v.literal('connected'), connection: id, local: v.optional(end), remote: v.optional(end)}),
  // A guest has connected to a service, by its index.
  v.object({kind: v.literal('accepted'), connection: id, service: v.pipe(id, v.minValue(0)), remote: end}),
  v.object({kind: v.literal('data'), connection: id, isEnd: v.boolean()}),
  v.object({
    kind: v.literal('window'),
    connection: id,
    bytes: v.pipe(id, v.minValue(1), v.maxValue(CONNECTION_WINDOW_BYTES)),
  }),
  // 0: as both sides wanted.
  v.object({
    kind: v.literal('closed'),
    connection: id,
    errno: v.pipe(id, v.minValue(0), v.maxValue(EHWPOISON)),
  }),
  v.object({
    kind: v.literal('ports'),
    id,
    version: id,
    ports: v.pipe(
      v.array(
        v.object({protocol: v.picklist(['tcp', 'udp']), address, port, pid: v.pipe(id, v.minValue(0))}),
      ),
      v.maxLength(MOST_PORTS),
    ),
  }),
] as const
