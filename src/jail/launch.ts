// Starts Node in a user and a PID namespace of its own, where this host allows them, otherwise without.

import {type ChildProcess, type SpawnOptions, spawn} from 'node:child_process'
import {EACCES} from '../abi/errno.ts'
import {addon} from '../addon.ts'
import {toArgument, UNANSWERED} from './layer.ts'

/**
 * Node hands its own permissions down to its children, unless they are given others. Those of the owner's code are not what hv's processes
 * need, which have a jail instead.
 */
const PERMISSIONS =
  'permission' in process && process.allowedNodeEnvironmentFlags.has('--permission')
    ? [
        ...['--permission', '--allow-addons', '--allow-child-process', '--allow-worker'],
        ...['--allow-fs-read=*', '--allow-fs-write=*'],
      ]
    : []

/**
 * Like `spawn`. Where there are namespaces, the child is the launcher, which ends as Node does (native/programs/launcher.c) and dies with
 * the calling thread.
 * @param name Node's argv[0]
 * @param args Node's; after them it finds what became of its namespaces ({@link launchErrnosOf})
 */
export function launch(name: string, args: readonly string[], options: SpawnOptions): ChildProcess {
  let launcher: number | undefined
  let errno: number
  try {
    launcher = addon.openLauncher()
    const argv = [process.execPath, name, ...PERMISSIONS, ...args, UNANSWERED]
    const child = spawn(`/proc/self/fd/${launcher}`, argv, {...options, argv0: 'hv-launcher'})
    if (child.pid !== undefined) return child
    // There is no /proc, or nothing in memory may be executed.
    child.on('error', () => {})
    errno = EACCES
  } catch (error) {
    // Node's errnos are negative.
    errno = Math.abs((error as {errno?: number}).errno ?? EACCES)
  } finally {
    if (launcher !== undefined) addon.hostClose(launcher)
  }
  return launchPlainly(name, [...args, toArgument({user: errno, pid: errno})], options)
}

/** In the namespaces of this process. */
export function launchPlainly(name: string, args: readonly string[], options: SpawnOptions): ChildProcess {
  return spawn(process.execPath, [...PERMISSIONS, ...args], {...options, argv0: name})
}
