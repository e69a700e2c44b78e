// The programs that the sandbox tests run: the built guests and the host's static busybox.

import {arch} from '../../src/arch/index.ts'

export const BUSYBOX = '/bin/busybox'
/** A shell that never ends and never makes a system call. */
export const SPIN = ['sh', '-c', 'while :; do :; done']

export function guest(name: string): string {
  return new URL(`../../.cache/guests/${arch.name}/${name}`, import.meta.url).pathname
}

/** Guests that never end, each in its own way. */
export const ENDLESS: readonly (readonly [how: string, program: string, args: string[]])[] = [
  ['computes', BUSYBOX, SPIN],
  ['sleeps', BUSYBOX, ['sleep', '1000']],
  ['makes calls without end', BUSYBOX, ['sh', '-c', 'while :; do cd /; done']],
  ['traps without end, seen by nobody', guest('endless-traps'), ['forever']],
]
