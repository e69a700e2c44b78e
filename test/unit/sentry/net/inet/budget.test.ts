// What the budget counts for TCP and UDP sockets and what waits at them, against what V8's heap grows by.

import {ENFILE, ENOMEM} from '../../../../../src/abi/errno.ts'
import {AF_INET, SO_REUSEPORT, SOL_SOCKET} from '../../../../../src/abi/socket.ts'
import {encodeEndpoint, LOOPBACK} from '../../../../../src/sentry/net/inet/address.ts'
import {InetFamily} from '../../../../../src/sentry/net/inet/inet-family.ts'
import {InetStack} from '../../../../../src/sentry/net/inet/inet-stack.ts'
import {intBytes} from '../../../../../src/sentry/net/inet/options.ts'
import {TcpSocket} from '../../../../../src/sentry/net/inet/tcp/tcp-socket.ts'
import {UdpSocket} from '../../../../../src/sentry/net/inet/udp/udp-socket.ts'
import type {Budget} from '../../../../../src/vfs/budget.ts'
import {nativeHost} from '../../../../../src/vfs/native-host.ts'
import {fakeTask} from '../../fake-task.ts'
import {checkGrowth} from '../../growth.ts'

const PORT = 8080
const {task} = fakeTask()
const at = (port: number): Uint8Array => encodeEndpoint({ip: LOOPBACK, port}, AF_INET)
const familyOf = (budget: Budget): InetFamily => new InetFamily(AF_INET, new InetStack(nativeHost, budget))

/** @returns makes connections to it; before that `set` changes it */
function connector(family: InetFamily, set: (listener: TcpSocket) => void): () => TcpSocket {
  const listener = new TcpSocket(family)
  listener.bind(task, at(PORT))
  listener.listen(task, 0)
  set(listener)
  return () => {
    const socket = new TcpSocket(family)
    socket.connect(task, at(PORT), true, false)
    return socket
  }
}

function boundDatagramSocket(family: InetFamily): UdpSocket {
  const socket = new UdpSocket(family)
  socket.bind(task, at(0))
  return socket
}

checkGrowth([
  [
    'TCP connections that nobody accepts',
    ENFILE,
    (budget) =>
      connector(familyOf(budget), (listener) => {
        listener.setOption(task, SOL_SOCKET, SO_REUSEPORT, intBytes(1))
        listener.maxBacklog = 1e6
      }),
  ],
  ['TCP sockets that wait for a backlog', ENFILE, (budget) => connector(familyOf(budget), () => {})],
  [
    'TCP connections that hold a byte',
    ENOMEM,
    (budget) => {
      const connect = connector(familyOf(budget), (listener) => {
        listener.maxBacklog = 1e6
      })
      return () => {
        const socket = connect()
        socket.write(Uint8Array.of(1))
        return socket
      }
    },
  ],
  [
    'UDP sockets with a datagram',
    ENFILE,
    (budget) => {
      const family = familyOf(budget)
      return () => {
        const [from, to] = [boundDatagramSocket(family), boundDatagramSocket(family)]
        from.connect(task, to.name())
        from.write(Uint8Array.of(1))
        from.close()
        return to
      }
    },
  ],
])
