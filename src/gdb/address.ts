// Where to wait for gdb: `[ADDR:]PORT` or `unix:PATH`.

import {badArgument, type HvError} from '../errors.ts'

export type GdbAddress =
  | {readonly host: string; readonly port: number}
  /** Absolute, or relative to this process. */
  | {readonly path: string}

/** The default address: it cannot be reached from another machine. */
const LOOPBACK = '127.0.0.1'
const MAX_PORT = 65_535
/** The length of sun_path, without its NUL. */
const MAX_PATH = 107

/** @throws HvError BAD_ARGUMENT */
export function parseGdbAddress(text: string): GdbAddress {
  if (text.startsWith('unix:')) {
    const path = text.slice('unix:'.length)
    if (path === '' || Buffer.byteLength(path) > MAX_PATH || path.includes('\0')) throw bad(text)
    return {path}
  }
  const [, bracketed, plain, digits] =
    /^(?:(?:\[([0-9a-fA-F:.%]+)\]|([^:[\]]*)):)?(\d{1,5})$/.exec(text) ?? []
  const port = Number(digits ?? Number.NaN)
  if (!(port <= MAX_PORT)) throw bad(text)
  return {host: bracketed || plain || LOOPBACK, port}
}

/** The command to type into gdb. */
export function targetRemote(address: GdbAddress): string {
  if ('path' in address) return `target remote ${address.path}`
  const host = address.host.includes(':') ? `[${address.host}]` : address.host
  return `target remote ${host}:${address.port}`
}

function bad(text: string): HvError {
  return badArgument(
    `bad address for gdb ${JSON.stringify(text)}`,
    'write PORT, ADDR:PORT or unix:PATH, e.g. 1234',
  )
}
