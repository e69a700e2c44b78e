// Where a walk led, as text, and which promises it needs: for pledges and their recorder.

import type {ByteString} from '../../vfs/file.ts'
import type {Location} from '../../vfs/location.ts'
import {pathOf} from '../../vfs/mount-tree.ts'
import {ATTRIBUTES, CREATE, EXECUTE, INSPECT, type Intent, READ, WRITE} from '../../vfs/path-policy.ts'
import type {Resolution} from '../../vfs/path-walk.ts'
import type {Process} from '../core/process.ts'
import type {PromiseName} from './promises.ts'

const NEEDS: readonly [Intent, PromiseName][] = [
  [READ | INSPECT | ATTRIBUTES, 'rpath'],
  [WRITE, 'wpath'],
  [CREATE, 'cpath'],
  [EXECUTE, 'exec'],
]

/** All of these are needed. For what is not about the path (fattr, dpath), the call's row asks. */
export function needsOf(intent: Intent): PromiseName[] {
  return NEEDS.filter(([intents]) => intents & intent).map(([, promise]) => promise)
}

/** Absolute, seen from the top of the tree, without symbolic links; the process's own directory in /proc is /proc/self. */
export function pathOfEnd(
  {parent, name, found}: Resolution,
  process: Pick<Process, 'pid'>,
  top: Location,
): ByteString {
  if (found !== undefined) return ownProc(pathOf(found, top).path, process)
  return below(parent, name, process, top)
}

/**
 * Where a walk that failed in `directory` would have led.
 * @returns undefined when the rest of the path could have led anywhere
 */
export function pathOfFailure(
  directory: Location,
  rest: ByteString,
  process: Pick<Process, 'pid'>,
  top: Location,
): ByteString | undefined {
  const names = rest.split('/').filter((name) => name !== '' && name !== '.')
  return names.includes('..') ? undefined : below(directory, names.join('/'), process, top)
}

function below(
  directory: Location,
  names: ByteString,
  process: Pick<Process, 'pid'>,
  top: Location,
): ByteString {
  const {path} = pathOf(directory, top)
  return ownProc(`${path === '/' ? '' : path}/${names}`, process)
}

function ownProc(path: ByteString, {pid}: Pick<Process, 'pid'>): ByteString {
  const own = `/proc/${pid}/`
  return path.startsWith(own) ? `/proc/self/${path.slice(own.length)}` : path
}
