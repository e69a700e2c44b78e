// attachGdb: `hv gdb`: starts gdb for a program that runs, or is what a gdb speaks through.

import {spawn} from 'node:child_process'
import {constants} from 'node:os'
import {isatty} from 'node:tty'
import {badArgument, HvError} from '../../errors.ts'
import {checkAttachable, connectTo, parsePid} from './connect.ts'

const STDIN = 0
const SIGNALLED = 128
/** How long gdb waits for an answer, in seconds: its own two are short for a start of Node on a busy host. */
const ANSWER_S = 30
/** Debian's gdb for other architectures is the only one on some hosts. */
const GDBS = ['gdb', 'gdb-multiarch']

/**
 * @param words gdb's
 * @returns the exit status
 * @throws HvError
 */
export async function attachGdb(pid: string, words: readonly string[]): Promise<number> {
  const number = parsePid(pid)
  if (words.length === 0 && !isatty(STDIN)) return relay(number)
  checkAttachable(number)
  return startGdb(number, words)
}

async function relay(pid: number): Promise<number> {
  const {input, output} = await connectTo(pid)
  process.stdin.pipe(input)
  output.pipe(process.stdout)
  await new Promise<void>((resolve) => {
    // gdb has gone, or the program's hv has.
    for (const stream of [input, output]) stream.once('close', resolve)
    for (const stream of [process.stdin, process.stdout]) stream.once('error', () => resolve())
    output.once('error', () => resolve())
    process.stdin.once('end', () => input.end(resolve))
  })
  process.stdin.destroy()
  input.destroy()
  output.destroy()
  return 0
}

async function startGdb(pid: number, words: readonly string[]): Promise<number> {
  // gdb gives it to a shell.
  const self = [process.execPath, '--', process.argv[1], 'gdb', `${pid}`].map(quoted).join(' ')
  const first = ['-iex', `set remotetimeout ${ANSWER_S}`, '-ex', `target remote | exec ${self}`]
  // ^C is gdb's.
  const ignore = (): void => {}
  process.on('SIGINT', ignore)
  try {
    for (const gdb of GDBS) {
      const status = await run(gdb, [...first, ...words])
      if (status !== undefined) return status
    }
  } finally {
    process.off('SIGINT', ignore)
  }
  throw new HvError(
    'NOT_FOUND',
    'gdb is not in PATH',
    `install it, or say \`target remote | hv gdb ${pid}\` in your own`,
  )
}

/** @returns undefined: there is none */
async function run(gdb: string, words: readonly string[]): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const child = spawn(gdb, words, {stdio: 'inherit'})
    child.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') resolve(undefined)
      else
        reject(
          badArgument(`${gdb} does not start (${error.code})`, 'see whether it runs by itself', {
            cause: error,
          }),
        )
    })
    child.once('exit', (code, signal) =>
      resolve(code ?? SIGNALLED + (signal === null ? 0 : constants.signals[signal])),
    )
  })
}

const quoted = (word: string): string => `'${word.replaceAll("'", "'\\''")}'`
