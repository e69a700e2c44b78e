// /proc/net/unix: unix_seq_show in Linux.

import type {Budget} from '../../../vfs/budget.ts'
import type {UnixSocket} from '../unix/unix-socket.ts'
import {hexadecimal, identity, inodeNumber, tableOf} from './table.ts'

/** SO_ACCEPTCON. */
const LISTENS = 0x10000
/** SS_*: of a socket with a file, and of a connection that nobody has accepted. */
const UNCONNECTED = 1
const CONNECTING = 2
const CONNECTED = 3
const PATH_BYTES = 108

const HEADER = 'Num       RefCount Protocol Flags    Type St Inode Path\n'
const LINE_BYTES = 64 + PATH_BYTES

/** @throws Errno ENOMEM */
export function unixTable(sockets: ReadonlySet<UnixSocket>, budget: Budget): string {
  return tableOf(HEADER, sockets, {bytes: sockets.size * LINE_BYTES, budget}, lineOf)
}

function lineOf(socket: UnixSocket): string {
  const {type, isListening, address, peer} = socket
  const name =
    address === undefined
      ? ''
      : ` ${address.kind === 'abstract' ? `@${address.bytes.replaceAll('\0', '@')}` : address.bytes}`
  const numbers = [
    hexadecimal(peer === undefined ? 2 : 3, 8),
    hexadecimal(0, 8),
    hexadecimal(isListening ? LISTENS : 0, 8),
    hexadecimal(type, 4),
    hexadecimal(stateOf(socket), 2),
    String(inodeNumber(socket)).padStart(5),
  ]
  return `${identity(socket)}: ${numbers.join(' ')}${name}\n`
}

function stateOf({inode, state}: UnixSocket): number {
  if (inode === undefined) return CONNECTING
  return state === 'connected' ? CONNECTED : UNCONNECTED
}
