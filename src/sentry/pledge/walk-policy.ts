// WalkPolicy: where a walk led, as text, and which promises it needs: for pledges and their recorder.

import type {ByteString} from '../../vfs/file.ts'
import type {Location} from '../../vfs/location.ts'
import {pathOf} from '../../vfs/mount-tree.ts'
import {
  ATTRIBUTES,
  CREATE,
  EXECUTE,
  INSPECT,
  type Intent,
  type PathPolicy,
  READ,
  WRITE,
} from '../../vfs/path-policy.ts'
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

/** Failed walks are judged, too: a program can learn from them that a path is missing. */
export abstract class WalkPolicy implements PathPolicy {
  readonly #process: Pick<Process, 'pid'>
  protected readonly top: Location

  /** @param top of the whole tree, whatever chroot(2) says */
  constructor(process: Pick<Process, 'pid'>, top: Location) {
    this.#process = process
    this.top = top
  }

  /**
   * @param pathOf absolute, seen from the top of the tree, without symbolic links; the process's own directory in /proc
   * is /proc/self. undefined when the rest of a walk that failed could have led anywhere
   */
  protected abstract judge(intent: Intent, pathOf: () => ByteString | undefined): void

  enter(): void {}

  reach({parent, name, found}: Resolution, intent: Intent): void {
    this.judge(intent, () =>
      found === undefined ? this.#below(parent, name) : this.#withOwnProc(pathOf(found, this.top).path),
    )
  }

  fail(directory: Location, rest: ByteString, intent: Intent): void {
    this.judge(intent, () => {
      const names = rest.split('/').filter((name) => name !== '' && name !== '.')
      return names.includes('..') ? undefined : this.#below(directory, names.join('/'))
    })
  }

  #below(directory: Location, names: ByteString): ByteString {
    const {path} = pathOf(directory, this.top)
    return this.#withOwnProc(`${path === '/' ? '' : path}/${names}`)
  }

  #withOwnProc(path: ByteString): ByteString {
    const own = `/proc/${this.#process.pid}/`
    return path.startsWith(own) ? `/proc/self/${path.slice(own.length)}` : path
  }
}
