// The filters of ss(8), a program of struct inet_diag_bc_op that looks at one socket: inet_diag_bc_run in Linux.

import {AF_UNSPEC} from '../../../abi/socket.ts'
import {viewOf} from '../../../abi/view.ts'
import {type Endpoint, encodeIp} from '../inet/address.ts'

/** One socket costs at most a step for each 4 bytes. Linux takes 64 KiB. */
export const MAX_FILTER_BYTES = 4096

/** INET_DIAG_BC_*: an operation is its code, how far to go if it holds, and if not (uint16). */
const OP = {
  ...{NOP: 0, JMP: 1, S_GE: 2, S_LE: 3, D_GE: 4, D_LE: 5, AUTO: 6, S_COND: 7, D_COND: 8, S_EQ: 11, D_EQ: 12},
} as const
const OP_BYTES = 4
/** struct inet_diag_hostcond: family, prefix length, 2 bytes of nothing, port (-1: any), address. */
const HOSTCOND_BYTES = 8

/** What a filter sees of a socket. */
interface Ends {
  readonly local: Endpoint
  readonly remote: Endpoint | undefined
  readonly family: {readonly number: number}
}

/** Whether the program ends exactly at its end: behind it means no. One that does not go forward passes nothing. */
export function passes(program: Uint8Array, socket: Ends): boolean {
  const view = viewOf(program)
  let at = 0
  while (at + OP_BYTES <= program.length) {
    const yes = program[at + 1]
    const no = view.getUint16(at + 2, true)
    const step = holds(program, at, socket) ? yes : no
    if (step < OP_BYTES) return false
    at += step
  }
  return at === program.length
}

/** What it cannot judge, as a mark or a control group, does not hold. */
function holds(program: Uint8Array, at: number, {local, remote, family}: Ends): boolean {
  const to = remote ?? {ip: 0, port: 0}
  switch (program[at]) {
    case OP.NOP:
      return true
    case OP.S_GE:
      return local.port >= portOf(program, at)
    case OP.S_LE:
      return local.port <= portOf(program, at)
    case OP.S_EQ:
      return local.port === portOf(program, at)
    case OP.D_GE:
      return to.port >= portOf(program, at)
    case OP.D_LE:
      return to.port <= portOf(program, at)
    case OP.D_EQ:
      return to.port === portOf(program, at)
    case OP.S_COND:
      return matches(program.subarray(at + OP_BYTES), local, family.number)
    case OP.D_COND:
      return matches(program.subarray(at + OP_BYTES), remote, family.number)
    default:
      return false
  }
}

/** A port is in the next operation's place for a second way; -1 if that is missing. */
function portOf(program: Uint8Array, at: number): number {
  return at + 2 * OP_BYTES <= program.length ? viewOf(program).getUint16(at + OP_BYTES + 2, true) : -1
}

/** Port and prefix of an endpoint. A mapped address is of IPv4. */
function matches(condition: Uint8Array, endpoint: Endpoint | undefined, socketFamily: number): boolean {
  if (condition.length < HOSTCOND_BYTES) return false
  const [family, bits] = condition
  const port = viewOf(condition).getInt32(4, true)
  if (port !== -1 && port !== (endpoint?.port ?? 0)) return false
  if (bits === 0) return true
  if (endpoint === undefined || condition.length < HOSTCOND_BYTES + Math.ceil(bits / 8)) return false
  const own = typeof endpoint.ip === 'number' && family !== AF_UNSPEC ? family : socketFamily
  if (own !== family) return false
  return hasPrefix(encodeIp(endpoint.ip, own), condition.subarray(HOSTCOND_BYTES), bits)
}

function hasPrefix(address: Uint8Array, prefix: Uint8Array, bits: number): boolean {
  if (bits > 8 * address.length) return false
  const whole = bits >> 3
  for (let i = 0; i < whole; i++) if (address[i] !== prefix[i]) return false
  const rest = bits & 7
  return rest === 0 || (address[whole] ^ prefix[whole]) >> (8 - rest) === 0
}
