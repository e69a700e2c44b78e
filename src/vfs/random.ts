// Random bytes from the host's kernel, man 4 random. Not from node:crypto: loading that takes 3 ms of each start.

import {openSync, readSync} from 'node:fs'

type Fill = (target: Uint8Array) => void

/** Chosen when the first sentry or machine starts: a jail has no /dev. The descriptor stays open, so a guest can use up all others. */
let fill: Fill | undefined

/** Call while host files can be opened. */
export function openRandom(): void {
  fill ??= chooseFill()
}

/** Fills `target` with unpredictable bytes. @returns it */
export function fillRandom(target: Uint8Array): Uint8Array {
  openRandom()
  fill!(target)
  return target
}

function chooseFill(): Fill {
  let fd: number
  try {
    fd = openSync('/dev/urandom', 'r')
  } catch {
    // A jail may have nothing but /dev/kvm.
    return process.getBuiltinModule('node:crypto').randomFillSync
  }
  return (target) => {
    // A signal may cut a long read short.
    for (let done = 0; done < target.length; ) {
      done += readSync(fd, target, done, target.length - done, null)
    }
  }
}

/** In the format of /proc/sys/kernel/random/uuid: RFC 9562, version 4. */
export function randomUuid(): string {
  const bytes = fillRandom(new Uint8Array(16))
  bytes[6] = (bytes[6] & 0x0f) | 0x40
  bytes[8] = (bytes[8] & 0x3f) | 0x80
  const hex = Buffer.from(bytes).toString('hex')
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
}
