// The programs that the sandbox tests run: the built guests and the host's static busybox.

import {arch} from '../../src/arch/index.ts'

export const BUSYBOX = '/bin/busybox'
/** A shell that never ends and never makes a system call. */
export const SPIN = ['sh', '-c', 'while :; do :; done']

export function guest(name: string): string {
  return new URL(`../../.cache/guests/${arch.name}/${name}`, import.meta.url).pathname
}
