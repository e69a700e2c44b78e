// ProgramFiles: the guest's tree as the debugged process sees it, for a debugger to read: its root, its rights, its unveiled part.

import {EACCES, EINVAL, EISDIR, Errno, ESRCH} from '../../abi/errno.ts'
import {S_IFDIR, S_IFLNK, S_IFREG} from '../../abi/file-mode.ts'
import {O_NONBLOCK, O_RDONLY} from '../../abi/open-flags.ts'
import type {StatFields} from '../../abi/stat.ts'
import type {TargetFile, TargetFiles} from '../../gdb/target.ts'
import type {Location} from '../../vfs/location.ts'
import {openLocation} from '../../vfs/open.ts'
import {INSPECT, type Intent, READ} from '../../vfs/path-policy.ts'
import {resolve} from '../../vfs/path-walk.ts'
import type {Kernel} from '../core/kernel.ts'
import {OpenDescription} from '../core/open-description.ts'
import type {Process} from '../core/process.ts'
import type {Task} from '../core/task.ts'

export class ProgramFiles implements TargetFiles {
  readonly #kernel: Kernel
  readonly #process: () => Process | undefined

  /** @param process the one to see with; undefined: there is none any more */
  constructor(kernel: Kernel, process: () => Process | undefined) {
    this.#kernel = kernel
    this.#process = process
  }

  open(path: string): TargetFile {
    return this.#as((task) => {
      const location = find(task, path, true, READ)
      const {kind} = location.inode
      if (kind === S_IFDIR) throw new Errno(EISDIR)
      // Others take what they give from the program, or wait.
      if (kind !== S_IFREG) throw new Errno(EACCES)
      const {file} = openLocation(task.credentials, location, O_RDONLY | O_NONBLOCK)
      const description = new OpenDescription(file, location)
      return {
        read: (offset, length) => {
          const bytes = new Uint8Array(length)
          return this.#as(() => bytes.subarray(0, file.read(bytes, offset)))
        },
        attributes: () => file.inode.attributes(),
        close: () => description.close(),
      }
    })
  }

  attributes(path: string): StatFields {
    return this.#as((task) => find(task, path, true, INSPECT).inode.attributes())
  }

  readlink(path: string): string {
    return this.#as((task) => {
      const {inode} = find(task, path, false, INSPECT)
      if (inode.kind !== S_IFLNK) throw new Errno(EINVAL)
      return inode.readlink()
    })
  }

  /** /proc answers as to a thread of the process. @throws Errno ESRCH: it has none any more; and what `look` throws */
  #as<T>(look: (task: Task) => T): T {
    const kernel = this.#kernel
    const task = this.#process()?.tasks[0]
    if (task === undefined) throw new Errno(ESRCH)
    const {current} = kernel
    kernel.current = task
    kernel.vfs.nextTurn()
    try {
      return look(task)
    } finally {
      kernel.current = current
    }
  }
}

/** A pledge does not count: it kills for a path that the program itself has not named. */
function find(task: Task, path: string, follows: boolean, intent: Intent): Location {
  const {unveilRules} = task.process.restrictions
  const policy = unveilRules?.inForce ? unveilRules : undefined
  return resolve(
    {root: task.fs.root, credentials: task.credentials, policy},
    task.fs.cwd,
    path,
    follows,
    intent,
  )
}
