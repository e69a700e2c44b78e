// Options of sockets that ask for a capability: man 7 socket.

import {expect, test} from 'vitest'
import {CAP_NET_ADMIN, CAP_NET_RAW, capabilities} from '../../../../src/abi/capability.ts'
import {EACCES, EPERM} from '../../../../src/abi/errno.ts'
import * as abi from '../../../../src/abi/socket.ts'
import {setsockopt} from '../../../../src/sentry/syscalls/getsockopt.ts'
import {socket} from '../../../../src/sentry/syscalls/socket.ts'
import {SimulatedTask} from '../syscalls/simulated-task.ts'

const ASKED = [abi.SO_DEBUG, abi.SO_SNDBUFFORCE, abi.SO_RCVBUFFORCE, abi.SO_PRIORITY, abi.SO_MARK]

function answersWith(...held: number[]): number[] {
  const guest = new SimulatedTask()
  guest.task.credentials = {...guest.task.credentials, capabilities: capabilities(...held)}
  const fd = guest.call(socket, abi.AF_UNIX, abi.SOCK_STREAM, 0)
  const value = guest.int32s(9)
  return ASKED.map((option) => guest.call(setsockopt, fd, abi.SOL_SOCKET, option, value, 4))
}

test('CAP_NET_RAW is enough for a priority and a mark, and for no more', () => {
  expect(answersWith()).toEqual([-EACCES, -EPERM, -EPERM, -EPERM, -EPERM])
  expect(answersWith(CAP_NET_RAW)).toEqual([-EACCES, -EPERM, -EPERM, 0, 0])
  expect(answersWith(CAP_NET_ADMIN)).toEqual([0, 0, 0, 0, 0])
})
