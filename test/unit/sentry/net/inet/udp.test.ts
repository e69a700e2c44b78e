// UDP sockets: what leads out of the sandbox, and what the budget counts, against what V8's heap grows by.

import {expect, test} from 'vitest'
import {EACCES, ENFILE, ENOBUFS, Errno} from '../../../../../src/abi/errno.ts'
import {AF_INET, SOCK_DGRAM} from '../../../../../src/abi/socket.ts'
import {LOOPBACK} from '../../../../../src/sentry/net/inet/address.ts'
import {InetFamily} from '../../../../../src/sentry/net/inet/inet-family.ts'
import {InetStack} from '../../../../../src/sentry/net/inet/inet-stack.ts'
import {Memberships} from '../../../../../src/sentry/net/inet/memberships.ts'
import {Datagram} from '../../../../../src/sentry/net/inet/udp/datagram.ts'
import {UdpSocket} from '../../../../../src/sentry/net/inet/udp/udp-socket.ts'
import {connect} from '../../../../../src/sentry/syscalls/connect.ts'
import {sendto} from '../../../../../src/sentry/syscalls/send.ts'
import {socket} from '../../../../../src/sentry/syscalls/socket.ts'
import type {Budget} from '../../../../../src/vfs/budget.ts'
import {nativeHost} from '../../../../../src/vfs/native-host.ts'
import {checkGrowth} from '../../growth.ts'
import {SimulatedTask} from '../../syscalls/simulated-task.ts'

const HERE = {ip: LOOPBACK, port: 40_000}

function udpIn(budget: Budget): () => UdpSocket {
  const family = new InetFamily(AF_INET, new InetStack(nativeHost, budget))
  return () => new UdpSocket(family)
}

test('a datagram and a connection for another address are refused and counted', () => {
  const guest = new SimulatedTask()
  const fd = guest.call(socket, AF_INET, SOCK_DGRAM, 0)
  const address = guest.data(Uint8Array.of(AF_INET, 0, 0, 53, 198, 51, 100, 9, ...new Uint8Array(8)))
  expect(guest.call(sendto, fd, guest.string('x'), 1, 0, address, 16)).toBe(-EACCES)
  expect(guest.call(connect, fd, address, 16)).toBe(-EACCES)
  const {refused} = guest.task.process.run.counters
  expect([...refused.values()].reduce((sum, count) => sum + count, 0)).toBe(2)
})

checkGrowth([
  [
    'UDP sockets with a port',
    ENFILE,
    (budget) => {
      const make = udpIn(budget)
      return () => {
        const made = make()
        made.local = {ip: LOOPBACK, port: made.ports.bind(made, LOOPBACK, 0)}
        return made
      }
    },
  ],
  [
    'datagrams that nobody receives',
    ENOBUFS,
    (budget) => {
      const receiver = udpIn(budget)()
      receiver.options.receiveBuffer = Number.POSITIVE_INFINITY
      return () => {
        receiver.enqueue(new Datagram(new Uint8Array(1), {...HERE}, {...HERE}, 64, 0))
        if (receiver.lost > 0) throw new Errno(ENOBUFS)
        return receiver
      }
    },
  ],
  [
    'sockets in a multicast group',
    ENOBUFS,
    (budget) => {
      const {groups} = udpIn(budget)().stack
      return (i) => {
        const socket = new Memberships(groups)
        socket.join(`ff02${i.toString(16).padStart(28, '0')}`)
        return socket
      }
    },
  ],
])
