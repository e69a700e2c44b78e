// What hv's first process in a machine is told, and what it reports: native/programs/machine_init.h.

import {badArgument} from '../../errors.ts'

/** vsock ports of the host. */
export const CONTROL_PORT = 0x6876
export const [INPUT_PORT, OUTPUT_PORT, ERROR_PORT, CORE_PORT, MACHINE_PORT] = [1, 2, 3, 4, 5].map(
  (more) => CONTROL_PORT + more,
)
/** What a connection to a program's port begins with. */
export const KEY_BYTES = 16
/** Before a core's bytes: a text that names its process. */
export const WHO_BYTES = 64

const MOST_BYTES = 1 << 20
const MOST_TEXTS = 1 << 14
const MOST_GROUPS = 1 << 12
export const NEWS_BYTES = 8

export const News = {
  ...{signal: 1, size: 2},
  ...{ended: 3, noDirectory: 4, notExecuted: 5, started: 6, notBegun: 7},
} as const
/** From the first process: a key, and an errno. */
export const REFUSAL_BYTES = KEY_BYTES + 4

export interface Size {
  readonly rows: number
  readonly columns: number
}

/** The program, and the user that it runs as. */
export interface MachineOrder {
  readonly program: string
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string>>
  readonly cwd: string
  readonly hostname: string
  readonly user: {readonly uid: number; readonly gid: number; readonly groups: readonly number[]}
  readonly umask: number
  readonly nice: number
  /** Absent: it gets pipes. */
  readonly terminal?: Size | undefined
  /** A process that dumps core sends it. */
  readonly wantsCore?: boolean
}

/** @throws HvError BAD_ARGUMENT when it is more than the machine's kernel would take */
export function encodeOrder(order: MachineOrder): Uint8Array {
  const {program, args, env, cwd, hostname, user, umask, nice, terminal, wantsCore = false} = order
  const variables = Object.entries(env).map(([name, value]) => `${name}=${value}`)
  const texts = [hostname, cwd, program, ...args, ...variables]
  const groups = Buffer.from(Uint32Array.from(user.groups).buffer)
  const rest = Buffer.concat([groups, ...texts.map((text) => Buffer.from(`${text}\0`))])
  const isMuch =
    args.length >= MOST_TEXTS || variables.length > MOST_TEXTS || user.groups.length > MOST_GROUPS
  if (rest.length > MOST_BYTES || isMuch)
    throw badArgument('the arguments and variables are too many', 'give fewer, or shorter ones')
  const {rows, columns} = terminal ?? {rows: 0, columns: 0}
  const flags = [terminal !== undefined, wantsCore].map(Number)
  const numbers = [rest.length, ...flags, user.uid, user.gid, umask, nice, rows, columns]
  const counts = [user.groups.length, 1 + args.length, variables.length]
  const header = Int32Array.from([...numbers, ...counts], (number) => number | 0)
  return Buffer.concat([Buffer.from(header.buffer), rest])
}

export function encodeNews(kind: number, value: number): Uint8Array {
  return Buffer.from(Uint32Array.of(kind, value).buffer)
}

export const valueOfSize = ({rows, columns}: Size): number => (rows & 0xffff) | ((columns & 0xffff) << 16)
