// Tables of sockets in /proc/net: their bound, and the numbers that all of them show.

import {ENOMEM} from '../../../abi/errno.ts'
import type {Budget} from '../../../vfs/budget.ts'
import type {Socket} from '../socket.ts'

/** A table is made in one piece: the bytes that it will have at most must be left of the budget. */
interface Bound {
  readonly bytes: number
  readonly budget: Budget
}

/** @throws Errno ENOMEM */
export function tableOf<T>(
  header: string,
  sockets: Iterable<T>,
  {bytes, budget}: Bound,
  lineOf: (socket: T, index: number) => string,
): string {
  budget.require(bytes, ENOMEM)
  let lines = header
  let index = 0
  for (const socket of sockets) lines += lineOf(socket, index++)
  return lines
}

export const hexadecimal = (value: number, digits: number): string =>
  value.toString(16).toUpperCase().padStart(digits, '0')

/** As /proc/PID/fd shows it; 0: it has no file. */
export function inodeNumber({inode}: Pick<Socket, 'inode'>): number {
  return inode?.attributes().ino ?? 0
}

/** In place of an address in the kernel's memory, which is nobody's business: Linux shows a hash. */
export function identity(socket: Pick<Socket, 'inode'>): string {
  return inodeNumber(socket).toString(16).padStart(16, '0')
}
