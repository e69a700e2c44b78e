// hostLibraries: where a host's libraries are, found once: whoever looks for them later may not read how the host is set up.

import {accessSync, constants, realpathSync, statSync} from 'node:fs'
import {posix} from 'node:path'
import type {Machine} from '../elf/machine-name.ts'
import {libraryPath} from './library-path.ts'
import {ProgramTree} from './tree.ts'

export interface HostLibraries {
  /** The folders of a dynamic linker, in order, whether they exist or not. */
  folders(interpreter: string): readonly string[]
  /** Those that exist, of every linker, and the other ones asked for. Absolute. */
  readonly existing: readonly string[]
}

/** @param others where libraries may be besides: of LD_LIBRARY_PATH, of $ORIGIN */
export function hostLibraries(machine: Machine, others: readonly string[]): HostLibraries {
  using tree = new ProgramTree('/')
  const glibc = libraryPath(tree, machine, 'ld-linux')
  const musl = libraryPath(tree, machine, 'ld-musl')
  return {
    folders: (interpreter) => (interpreter.includes('ld-musl') ? musl : glibc),
    existing: [...new Set([...glibc, ...musl, ...others])].filter(isFolderOfFiles),
  }
}

/** Never the whole host, and nothing of its kernel's. */
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
