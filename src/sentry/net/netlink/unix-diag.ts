// UNIX sockets for sock_diag(7): net/unix/diag.c.

import {EINVAL, ENOENT, Errno} from '../../../abi/errno.ts'
import {TCP_CLOSE, TCP_ESTABLISHED, TCP_LISTEN} from '../../../abi/inet.ts'
import * as abi from '../../../abi/netlink.ts'
import {AF_UNIX, UNIX_PATH_OFFSET} from '../../../abi/socket.ts'
import {viewOf} from '../../../abi/view.ts'
import {encodeAddress} from '../unix/address.ts'
import type {UnixSocket} from '../unix/unix-socket.ts'
import {type Answer, Attributes, type Request} from './message.ts'

/** Connections that one listener shows: its message has to fit into a page. */
const MOST_CONNECTIONS = 800

/** Those in the states that the request names. A connection that nobody has accepted is shown with its listener alone. @throws Errno EINVAL */
export function* dumpUnixSockets(
  sockets: ReadonlySet<UnixSocket>,
  {body}: Request,
  start: number,
): Iterable<Answer> {
  checkSize(body)
  const states = viewOf(body).getUint32(4, true)
  const show = viewOf(body).getUint32(12, true)
  let index = 0
  for (const socket of sockets) {
    if (socket.inode === undefined || !(states & (1 << stateOf(socket)))) continue
    if (index++ >= start) yield describe(socket, show)
  }
}

/** By its inode number. @throws Errno EINVAL, ENOENT */
export function findUnixSocket(byIno: ReadonlyMap<number, UnixSocket>, {body}: Request): Answer {
  checkSize(body)
  const wanted = viewOf(body).getUint32(8, true)
  if (wanted === 0) throw new Errno(EINVAL)
  const socket = byIno.get(wanted)
  if (socket === undefined) throw new Errno(ENOENT)
  return describe(socket, viewOf(body).getUint32(12, true))
}

function checkSize(body: Uint8Array): void {
  if (body.length < abi.UNIX_DIAG_REQ_BYTES) throw new Errno(EINVAL)
}

const inodeNumber = ({inode}: UnixSocket): number => inode?.attributes().ino ?? 0

/** As TCP's. */
function stateOf({state}: UnixSocket): number {
  if (state === 'listening') return TCP_LISTEN
  return state === 'connected' ? TCP_ESTABLISHED : TCP_CLOSE
}

/** struct unix_diag_msg, and what is to be shown. The cookie is the inode number. */
function describe(socket: UnixSocket, show: number): Answer {
  const {UNIX_DIAG, UDIAG_SHOW} = abi
  const {address, boundInode, peer, backlog, isListening} = socket
  const header = new Uint8Array(abi.UNIX_DIAG_MSG_BYTES)
  const view = viewOf(header)
  header.set([AF_UNIX, socket.type, stateOf(socket)])
  view.setUint32(4, inodeNumber(socket), true)
  view.setUint32(8, inodeNumber(socket), true)
  const attributes = new Attributes(header)
  if (show & UDIAG_SHOW.NAME && address !== undefined)
    attributes.put(UNIX_DIAG.NAME, encodeAddress(address).subarray(UNIX_PATH_OFFSET))
  if (show & UDIAG_SHOW.VFS && boundInode !== undefined) {
    const {ino, dev} = boundInode.attributes()
    attributes.putUint32s(UNIX_DIAG.VFS, ino, dev)
  }
  if (show & UDIAG_SHOW.PEER && peer !== undefined && !peer.isDead)
    attributes.putUint32s(UNIX_DIAG.PEER, inodeNumber(peer))
  if (show & UDIAG_SHOW.ICONS && isListening) {
    const connections = backlog.slice(0, MOST_CONNECTIONS)
    attributes.putUint32s(UNIX_DIAG.ICONS, ...connections.map(({peer}) => (peer ? inodeNumber(peer) : 0)))
  }
  if (show & UDIAG_SHOW.RQLEN) {
    if (isListening) attributes.putUint32s(UNIX_DIAG.RQLEN, backlog.length, socket.maxQueued)
    else attributes.putUint32s(UNIX_DIAG.RQLEN, socket.receivableBytes, socket.sentCost)
  }
  attributes.putUint8(UNIX_DIAG.SHUTDOWN, socket.shutdown)
  if (show & UDIAG_SHOW.UID) attributes.putUint32s(UNIX_DIAG.UID, socket.inode?.attributes().uid ?? 0)
  return {type: abi.SOCK_DIAG_BY_FAMILY, body: attributes.bytes()}
}
