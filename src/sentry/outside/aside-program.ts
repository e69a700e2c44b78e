// openAside: a host program in a tree of its own, of which the guest's tree keeps nothing.

import {Tmpfs} from '../../vfs/fs/tmpfs.ts'
import {disposeMounts, mountRoot} from '../../vfs/mount-tree.ts'
import type {Credentials} from '../core/credentials.ts'
import type {Kernel} from '../core/kernel.ts'
import {type Executable, openExecutable} from '../exec/open-executable.ts'
import {mountFile} from './guest-tree.ts'
import type {HostProgram} from './host-program.ts'
import {programError} from './program-error.ts'

const PATH = '/program'

export interface AsideProgram {
  readonly executable: Executable
  /** Precondition: nothing runs it any more. */
  [Symbol.dispose](): void
}

/** @param file becomes the program's, even on failure @throws HvError as ProgramFinder.find does */
export function openAside(
  file: HostProgram,
  {platform: {memory}, vfs}: Kernel,
  credentials: Credentials,
): AsideProgram {
  const tree = mountRoot(new Tmpfs(memory, {vfs}), vfs)
  try {
    mountFile(tree.top, file, PATH, memory)
    const executable = openExecutable({root: tree.top, credentials}, tree.top, PATH)
    return {executable, [Symbol.dispose]: () => disposeMounts(tree)}
  } catch (error) {
    disposeMounts(tree)
    throw programError(error, PATH)
  }
}
