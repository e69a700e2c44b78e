// Grants: the few paths that a promise opens though rpath, wpath or cpath is not promised. pledge(2) lists OpenBSD's.

import {INSPECT, type Intent} from '../../vfs/path-policy.ts'
import type {PromiseName} from './promises.ts'

interface Grant {
  /** Whoever promised this … */
  readonly promise: PromiseName
  /** … may do what these allow … */
  readonly allows: readonly PromiseName[]
  /** … at these places: absolute, without symbolic links, with /proc/self for the process's own directory. */
  readonly places: RegExp
  /** Only to look at it. */
  readonly onlyInspect?: boolean
}

const GRANTS: readonly Grant[] = [
  {promise: 'stdio', allows: ['rpath', 'wpath'], places: /^\/dev\/null$/},
  // tzset(3).
  {promise: 'stdio', allows: ['rpath'], places: /^\/(etc\/localtime|usr\/share\/zoneinfo(\/.*)?)$/s},
  // A static program's C library asks for its own name before main.
  {promise: 'stdio', allows: ['rpath'], places: /^\/proc\/self\/exe$/, onlyInspect: true},
  {promise: 'tmppath', allows: ['rpath', 'wpath', 'cpath'], places: /^\/tmp(\/.*)?$/s},
  {promise: 'dns', allows: ['rpath'], places: /^\/etc\/(resolv|host|gai|nsswitch)\.conf$/},
  {promise: 'dns', allows: ['rpath'], places: /^\/etc\/(hosts|services|protocols)$/},
  {promise: 'getpw', allows: ['rpath'], places: /^\/etc\/(passwd|group|nsswitch\.conf)$/},
  {promise: 'tty', allows: ['rpath', 'wpath'], places: /^\/dev\/tty$/},
]

/** The promises any one of which opens `path` for what `needs` would. */
export function grantsAt(path: string, needs: readonly PromiseName[], intent: Intent): PromiseName[] {
  return GRANTS.filter(
    ({allows, places, onlyInspect}) =>
      needs.every((name) => allows.includes(name)) &&
      places.test(path) &&
      (!onlyInspect || intent === INSPECT),
  ).map(({promise}) => promise)
}
