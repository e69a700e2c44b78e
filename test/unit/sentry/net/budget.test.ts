// What the budget counts for sockets and their messages, against what V8's heap grows by.

import {ENFILE, ENOBUFS} from '../../../../src/abi/errno.ts'
import {SOCK_STREAM} from '../../../../src/abi/socket.ts'
import {connectTo, listen} from '../../../../src/sentry/net/unix/connect.ts'
import {UnixSocket} from '../../../../src/sentry/net/unix/unix-socket.ts'
import {checkGrowth} from '../growth.ts'
import {Sockets} from './sockets.ts'

const WHO = {pid: 7, uid: 0, gid: 0, groups: []}

checkGrowth([
  [
    'sockets',
    ENFILE,
    (budget) => {
      const sockets = new Sockets(budget)
      return () => sockets.pair()
    },
  ],
  [
    'connections that nobody accepts',
    ENFILE,
    (budget) => {
      const sockets = new Sockets(budget)
      const listener = new UnixSocket(SOCK_STREAM, sockets.family)
      sockets.family.names.bindAny(listener)
      listen(listener, 1, WHO)
      listener.maxQueued = 1e6
      return () => connectTo(new UnixSocket(SOCK_STREAM, sockets.family), listener, WHO)
    },
  ],
  [
    'messages of a byte',
    ENOBUFS,
    (budget) => {
      const sockets = new Sockets(budget)
      const [fd] = sockets.pair()
      return () => {
        sockets.send(fd, new Uint8Array(Uint8Array.of(1)))
        return sockets
      }
    },
  ],
  [
    'messages with a descriptor',
    ENOBUFS,
    (budget) => {
      const sockets = new Sockets(budget)
      const [fd] = sockets.pair()
      return () => {
        sockets.send(fd, new Uint8Array(1000), fd)
        return sockets
      }
    },
  ],
])
