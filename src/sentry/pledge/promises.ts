// The names of promises (OpenBSD's pledge(2)), and parsing of sets of them.

import {badArgument} from '../../errors.ts'

/** In the order of pledge(2), in which sets are shown. */
export const PROMISES = [
  'stdio',
  'rpath',
  'wpath',
  'cpath',
  'dpath',
  'tmppath',
  'inet',
  'mcast',
  'fattr',
  'chown',
  'flock',
  'unix',
  'dns',
  'getpw',
  'sendfd',
  'recvfd',
  'tape',
  'tty',
  'proc',
  'exec',
  'prot_exec',
  'settime',
  'ps',
  'vminfo',
  'id',
  'pf',
  'route',
  'wroute',
  'audio',
  'video',
  'bpf',
  'unveil',
  'error',
] as const

export type PromiseName = (typeof PROMISES)[number]
export type Promises = ReadonlySet<PromiseName>

/** Names with spaces between them. @returns the first word that is no promise, or the set */
export function parsePromises(text: string): Promises | string {
  const words = text.split(' ').filter((word) => word !== '')
  const unknown = words.find((word) => !isPromise(word))
  return unknown ?? new Set(words as PromiseName[])
}

/** Like parsePromises, for the user's text. @throws HvError BAD_ARGUMENT */
export function requirePromises(text: string): Promises {
  const promises = parsePromises(text)
  if (typeof promises !== 'string') return promises
  throw badArgument(`there is no promise ${JSON.stringify(promises)}`, `choose from ${PROMISES.join(', ')}`)
}

export function isSubset(promises: Promises, of: Promises): boolean {
  for (const name of promises) if (!of.has(name)) return false
  return true
}

/** In the form that parsePromises reads. */
export function formatPromises(promises: Promises): string {
  return PROMISES.filter((name) => promises.has(name)).join(' ')
}

function isPromise(word: string): word is PromiseName {
  return (PROMISES as readonly string[]).includes(word)
}
