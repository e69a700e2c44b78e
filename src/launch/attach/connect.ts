// connect: finds the attach point of an `hv run`, and opens its pipes: the end of `hv gdb`.
//
// The other process may be anybody's, and root may ask for it. So a descriptor of that process is opened without its rights first
// (O_PATH), and used only if it is what it should be.

import {
  closeSync,
  constants,
  fstatSync,
  openSync,
  readdirSync,
  readlinkSync,
  readSync,
  type Stats,
} from 'node:fs'
import {Socket} from 'node:net'
import {LOCK_EX, LOCK_NB} from '../../abi/fcntl.ts'
import {O_PATH} from '../../abi/open-flags.ts'
import {addon} from '../../addon.ts'
import {attempt, badArgument, type HvError, printable} from '../../errors.ts'
import {findAnswer, helloOf, NOTE_LINK} from './hello.ts'

const MAX_PID = 2 ** 22
/** Of the note: two numbers. */
const MAX_NOTE = 32
/** How long an `hv run` may take to answer: it is stopped, or a bug keeps it busy. */
const ANSWER_MS = 20_000

/** gdb's remote protocol, to and from a program. */
export interface Connection {
  readonly input: Socket
  readonly output: Socket
}

/** @throws HvError BAD_ARGUMENT */
export function parsePid(word: string): number {
  const pid = /^[1-9]\d{0,9}$/.test(word) ? Number(word) : Number.NaN
  if (pid <= MAX_PID) return pid
  throw badArgument(`bad process number ${printable(word)}`, 'write the number of an `hv run`, as in ps(1)')
}

/**
 * Attaches to the program, which stands still from then on.
 * @throws HvError BAD_ARGUMENT
 */
export async function connectTo(pid: number): Promise<Connection> {
  const folder = `/proc/${pid}/fd`
  const note = openNote(pid, folder)
  // It stays open, and locked, until this process ends.
  if (addon.hostFlock(note, LOCK_EX | LOCK_NB) < 0)
    throw badArgument(`another \`hv gdb\` debugs the program of process ${pid}`, 'end that one')
  const [input, output] = numbersIn(note, pid)
  const connection = {
    input: new Socket({fd: openPipe(`${folder}/${input}`, constants.O_WRONLY, pid), readable: false}),
    output: new Socket({fd: openPipe(`${folder}/${output}`, constants.O_RDONLY, pid), writable: false}),
  }
  await greet(connection, pid)
  return connection
}

/** Whether `connectTo` may succeed. @throws HvError BAD_ARGUMENT */
export function checkAttachable(pid: number): void {
  closeSync(openNote(pid, `/proc/${pid}/fd`))
}

function openNote(pid: number, folder: string): number {
  for (const name of namesIn(folder, pid)) {
    const path = `${folder}/${name}`
    if (attempt(() => readlinkSync(path)) !== NOTE_LINK) continue
    const fd = reopen(path, constants.O_RDONLY, (stat) => stat.isFile() && stat.nlink === 0)
    if (fd !== undefined) return fd
  }
  throw badArgument(
    `process ${pid} is no \`hv run\` of a Linux program that runs without \`gdb\``,
    'start it with `gdb`, which debugs machines, too',
  )
}

function namesIn(folder: string, pid: number): string[] {
  try {
    return readdirSync(folder)
  } catch (error) {
    const {code} = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ESRCH')
      throw badArgument(`there is no process ${pid}`, 'look for the number of `hv run` with ps(1)')
    if (code !== 'EACCES' && code !== 'EPERM') throw error
    throw badArgument(
      `process ${pid} is another user's, or gives its rights to nobody (${code})`,
      'be the user that started it, or root',
    )
  }
}

function numbersIn(note: number, pid: number): number[] {
  const bytes = Buffer.alloc(MAX_NOTE)
  const text = bytes.toString('latin1', 0, readSync(note, bytes, 0, MAX_NOTE, 0))
  const [, input, output] = /^(\d{1,9}) (\d{1,9})\n$/.exec(text) ?? []
  if (output === undefined) throw notHvs(pid)
  return [Number(input), Number(output)]
}

/** Never waits for the other end. @throws HvError BAD_ARGUMENT */
function openPipe(path: string, mode: number, pid: number): number {
  const fd = attempt(() => reopen(path, mode | constants.O_NONBLOCK, (stat) => stat.isFIFO()))
  if (fd === undefined) throw notHvs(pid)
  return fd
}

/** @returns undefined: it is not there, or not what it should be @throws the system error */
function reopen(path: string, flags: number, isRight: (stat: Stats) => boolean): number | undefined {
  const fd = attempt(() => openSync(path, O_PATH))
  if (fd === undefined) return undefined
  try {
    return isRight(fstatSync(fd)) ? openSync(`/proc/self/fd/${fd}`, flags) : undefined
  } finally {
    closeSync(fd)
  }
}

/** Until it has answered, what comes is for an earlier `hv gdb`. @throws HvError BAD_ARGUMENT */
async function greet({input, output}: Connection, pid: number): Promise<void> {
  const nonce = `${process.pid}-${process.hrtime.bigint()}`
  input.on('error', () => {})
  input.write(helloOf(nonce), 'latin1')
  let heard = Buffer.alloc(0)
  const answer = await new Promise<ReturnType<typeof findAnswer>>((resolve) => {
    const timer = setTimeout(() => resolve(undefined), ANSWER_MS)
    const end = (found?: ReturnType<typeof findAnswer>): void => {
      clearTimeout(timer)
      output.off('data', hear).pause()
      resolve(found)
    }
    const hear = (bytes: Buffer): void => {
      heard = Buffer.concat([heard, bytes])
      const found = findAnswer(heard, nonce)
      if (found !== undefined) end(found)
    }
    output
      .on('data', hear)
      .once('end', end)
      .once('error', () => end())
  })
  if (answer === undefined)
    throw badArgument(`process ${pid} does not answer`, 'see whether it is stopped, or has ended')
  if (answer.why !== '') throw badArgument(`process ${pid} refuses gdb: ${answer.why}`)
  if (answer.rest.length > 0) output.unshift(answer.rest)
}

const notHvs = (pid: number): HvError =>
  badArgument(`process ${pid} shows pipes for gdb that are not hv's`, 'see what it is with ps(1)')
