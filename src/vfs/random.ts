// Random bytes of the host's kernel, man 4 random. Not node:crypto's: loading that takes 3 ms of each start.

import {openSync, readSync} from 'node:fs'

/** Kept open: a guest may use up the descriptors, and must have random bytes all the same. */
let urandom: number | undefined

/** Fills `target` with unpredictable bytes. @returns it */
export function fillRandom(target: Uint8Array): Uint8Array {
  urandom ??= openSync('/dev/urandom', 'r')
  // A signal may cut a long read short.
  for (let done = 0; done < target.length; ) {
    done += readSync(urandom, target, done, target.length - done, null)
  }
  return target
}

/** As /proc/sys/kernel/random/uuid writes one: RFC 9562, version 4. */
export function randomUuid(): string {
  const bytes = fillRandom(new Uint8Array(16))
  bytes[6] = (bytes[6] & 0x0f) | 0x40
  bytes[8] = (bytes[8] & 0x3f) | 0x80
  const hex = Buffer.from(bytes).toString('hex')
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
}
