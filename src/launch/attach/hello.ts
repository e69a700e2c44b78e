// hello: what `hv gdb` and `hv run` say to each other before gdb's protocol begins.

/** The name of the file in /proc/PID/fd that has the numbers of the pipes: native/napi/gdb_pipes.cc. */
export const NOTE_LINK = '/memfd:hv-gdb (deleted)'

const HELLO = '$hv-attach:'
const MAX_NONCE = 64

/** gdb's packets have no `$` in them: what came before, from an earlier `hv gdb`, is told apart from it. */
export const helloOf = (nonce: string): string => `${HELLO}${nonce}#`

/** @param why it is refused; absent: it is not */
export const answerTo = (nonce: string, why = ''): string => `$hv-attached:${nonce}:${why}#`

/** The last hello in what has come. @returns undefined: there is none */
export function findHello(bytes: Buffer): {nonce: string; rest: Buffer} | undefined {
  const start = bytes.lastIndexOf(HELLO, undefined, 'latin1')
  if (start < 0) return undefined
  const end = bytes.indexOf('#', start, 'latin1')
  const nonce = bytes.toString('latin1', start + HELLO.length, end)
  return end < 0 || nonce.length > MAX_NONCE ? undefined : {nonce, rest: bytes.subarray(end + 1)}
}

/** The answer to a hello, among what was meant for an earlier `hv gdb`. @returns undefined: it has not come yet */
export function findAnswer(bytes: Buffer, nonce: string): {why: string; rest: Buffer} | undefined {
  const beginning = answerTo(nonce).slice(0, -1)
  const start = bytes.indexOf(beginning, 0, 'latin1')
  const end = start < 0 ? -1 : bytes.indexOf('#', start, 'latin1')
  if (end < 0) return undefined
  return {why: bytes.toString('latin1', start + beginning.length, end), rest: bytes.subarray(end + 1)}
}
