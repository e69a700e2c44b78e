// The programs that the sandbox tests run: the built guests and the host's static busybox.

import {readdirSync, readFileSync} from 'node:fs'
import {stepMs} from '../../ci/budgets.mjs'
import {arch} from '../../src/arch/index.ts'
import {platforms} from '../guests/run.ts'

export const BUSYBOX = '/bin/busybox'
/** A shell that never ends and never makes a system call. */
export const SPIN = ['sh', '-c', 'while :; do :; done']

/** A shell script as the arguments of `run` and `spawn`. */
export const sh = (script: string): [string, string[]] => [BUSYBOX, ['sh', '-c', script]]

export function guest(name: string): string {
  return new URL(`../../.cache/guests/${arch.name}/${name}`, import.meta.url).pathname
}

/** What a run is whose time or signal ends it: the first whose program has written before, as on a busy machine that takes a while. */
export async function onceItHasWritten<Result extends {stdout: string | Uint8Array}>(
  run: (timeMs: number) => Promise<Result>,
): Promise<Result> {
  for (let timeMs = 300; ; timeMs *= 2) {
    const result = await run(timeMs)
    if (result.stdout.length > 0 || timeMs > stepMs('command') / 2) return result
  }
}

/** Guests that never end, each in its own way. */
export const ENDLESS: readonly (readonly [how: string, program: string, args: string[]])[] = [
  ['computes', BUSYBOX, SPIN],
  ['sleeps', BUSYBOX, ['sleep', '1000']],
  ['makes calls without end', BUSYBOX, ['sh', '-c', 'while :; do cd /; done']],
  ['traps without end, seen by nobody', guest('endless-traps'), ['forever']],
]

/** Where sentries run. */
export const isolations = ['process', 'thread'] as const
export const allPlaces = platforms.flatMap((platform) =>
  isolations.map((isolation) => ({platform, isolation})),
)
/** HV_LONG=1 (`npm run test:long`): more of everything. */
export const isLong = process.env.HV_LONG === '1'

/**
 * Each platform and each isolation once, not each pair: what differs between isolations is above what differs between platforms.
 * run.test.ts and `npm run test:long` take all pairs.
 */
export const places = allPlaces.filter(
  ({platform, isolation}) => isLong || (platform === 'kvm') === (isolation === 'process'),
)

/** The descendants of a process that have not ended, with the kernel's names for them. */
export function livingBelow(pid: number | 'self'): {pid: number; name: string}[] {
  return unlessGone(() => readdirSync(`/proc/${pid}/task`), [])
    .flatMap((thread) => textOf(`/proc/${pid}/task/${thread}/children`).match(/\d+/g) ?? [])
    .map(Number)
    .flatMap((child) => {
      const [, name, state] = /\((.*)\) (.)/s.exec(textOf(`/proc/${child}/stat`)) ?? []
      return state === undefined || state === 'Z' ? [] : [{pid: child, name}, ...livingBelow(child)]
    })
}

/** The text of a file of /proc; empty if its process has gone. */
export function textOf(path: string): string {
  return unlessGone(() => readFileSync(path, 'latin1'), '')
}

function unlessGone<Value>(read: () => Value, otherwise: Value): Value {
  try {
    return read()
  } catch (error) {
    if (!['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error
    return otherwise
  }
}
