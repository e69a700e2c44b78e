// hostLibraries: where a host's libraries are, found once: in a jail, the host's configuration may no longer be readable.

import {accessSync, constants, realpathSync, statSync} from 'node:fs'
import {posix} from 'node:path'
import type {Machine} from '../elf/machine-name.ts'
import {libraryPath} from './library-path.ts'
import {ProgramTree} from './tree.ts'

export interface HostLibraries {
  /** The folders of a dynamic linker, in order, whether they exist or not. */
  folders(interpreter: string): readonly string[]
  /** The existing folders of every linker, and the others that were asked for. Absolute. */
  readonly existing: readonly string[]
}

/** @param others further places for libraries: from LD_LIBRARY_PATH, from $ORIGIN */
export function hostLibraries(machine: Machine, others: readonly string[]): HostLibraries {
  using tree = new ProgramTree('/')
  const glibc = libraryPath(tree, machine, 'ld-linux')
  const musl = libraryPath(tree, machine, 'ld-musl')
  return {
    folders: (interpreter) => (interpreter.includes('ld-musl') ? musl : glibc),
    existing: [...new Set([...glibc, ...musl, ...others])].filter(isFolderOfFiles),
  }
}

/** Never the whole host, and no folder of its kernel. */
function isFolderOfFiles(path: string): boolean {
  if (!posix.isAbsolute(path)) return false
  try {
    const real = realpathSync(path)
    accessSync(path, constants.R_OK | constants.X_OK)
    return real !== '/' && !/^\/(proc|sys|dev)(\/|$)/.test(real) && statSync(real).isDirectory()
  } catch {
    return false
  }
}
