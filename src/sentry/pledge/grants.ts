// Grants: the few paths that a promise opens even without rpath, wpath or cpath. pledge(2) lists OpenBSD's.

import {INSPECT, type Intent, READ, WRITE} from '../../vfs/path-policy.ts'
import type {PromiseName} from './promises.ts'

interface Grant {
  /** A process that promised this … */
  readonly promise: PromiseName
  /** … may do what these allow … */
  readonly allows: readonly PromiseName[]
  /** … at these places: absolute, without symbolic links, with /proc/self for the process's own directory. */
  readonly places: RegExp
  /** Default: for anything. */
  readonly onlyFor?: (intent: Intent) => boolean
}

const ALL = ['rpath', 'wpath', 'cpath'] as const
const toInspect = (intent: Intent): boolean => intent === INSPECT
/** open(2) of an existing file, with O_CREAT or without: `> /dev/null`. Not to remove it. */
const toUse = (intent: Intent): boolean => intent === INSPECT || intent === READ || (intent & WRITE) !== 0

const GRANTS: readonly Grant[] = [
  {promise: 'stdio', allows: ALL, places: /^\/dev\/null$/, onlyFor: toUse},
  // tzset(3).
  {promise: 'stdio', allows: ['rpath'], places: /^\/(etc\/localtime|usr\/share\/zoneinfo(\/.*)?)$/s},
  // A static program's C library asks for its own name before main.
  {promise: 'stdio', allows: ['rpath'], places: /^\/proc\/self\/exe$/, onlyFor: toInspect},
  {promise: 'tmppath', allows: ALL, places: /^\/tmp(\/.*)?$/s},
  {promise: 'dns', allows: ['rpath'], places: /^\/etc\/(resolv|host|gai|nsswitch)\.conf$/},
  {promise: 'dns', allows: ['rpath'], places: /^\/etc\/(hosts|services|protocols)$/},
  {promise: 'getpw', allows: ['rpath'], places: /^\/etc\/(passwd|group|nsswitch\.conf)$/},
  {promise: 'tty', allows: ALL, places: /^\/dev\/tty$/, onlyFor: toUse},
]

/** The promises any one of which opens `path`, in place of `needs`. */
export function grantsAt(path: string, needs: readonly PromiseName[], intent: Intent): PromiseName[] {
  return GRANTS.filter(
    ({allows, places, onlyFor}) =>
      needs.every((name) => allows.includes(name)) &&
      places.test(path) &&
      (onlyFor === undefined || onlyFor(intent)),
  ).map(({promise}) => promise)
}
