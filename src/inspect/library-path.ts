// libraryPath, hostLibraries: the folders in which a dynamic linker looks for libraries: ld.so(8), and ldd-musl's path file.

import {accessSync, constants, realpathSync, statSync} from 'node:fs'
import {posix} from 'node:path'
import type {Machine} from '../elf/machine-name.ts'
import {ProgramTree} from './tree.ts'

/** From glibc's own configuration, in Debian and elsewhere. */
const TRIPLETS: Record<Machine, string> = {x86_64: 'x86_64-linux-gnu', arm64: 'aarch64-linux-gnu'}
const MUSL_NAMES: Record<Machine, string> = {x86_64: 'x86_64', arm64: 'aarch64'}
const MUSL_FOLDERS = ['/lib', '/usr/local/lib', '/usr/lib']
const CONFIGURATION = '/etc/ld.so.conf'
/** Debian's file includes this folder, and other patterns are not in use. */
const INCLUDED = '/etc/ld.so.conf.d/'

/** The folders that ld.so searches for every program, in order. */
export function libraryPath(tree: ProgramTree, machine: Machine, interpreter: string): readonly string[] {
  if (interpreter.includes('ld-musl')) {
    const listed = tree.text(`/etc/ld-musl-${MUSL_NAMES[machine]}.path`)
    return listed === undefined ? MUSL_FOLDERS : listed.split(/[\n:]/).filter(Boolean)
  }
  return [
    ...configuredFolders(tree, CONFIGURATION),
    `/usr/local/lib/${TRIPLETS[machine]}`,
    ...builtInFolders(machine, interpreter),
    '/usr/local/lib',
  ]
}

/** Those that it knows without any configuration. */
export function builtInFolders(machine: Machine, interpreter: string): readonly string[] {
  if (interpreter.includes('ld-musl')) return MUSL_FOLDERS
  const triplet = TRIPLETS[machine]
  return [`/lib/${triplet}`, `/usr/lib/${triplet}`, '/lib64', '/usr/lib64', '/lib', '/usr/lib']
}

function configuredFolders(tree: ProgramTree, path: string): string[] {
  const lines = (tree.text(path) ?? '').split('\n').map((line) => line.replace(/#.*/, '').trim())
  const folders = lines.filter((line) => line.startsWith('/'))
  if (path !== CONFIGURATION || !lines.some((line) => line.startsWith('include'))) return folders
  const included = tree.names(INCLUDED).filter((name) => name.endsWith('.conf'))
  return [...folders, ...included.sort().flatMap((name) => configuredFolders(tree, INCLUDED + name))]
}

export interface HostLibraries {
  /** The folders of a dynamic linker, in order, whether they exist or not. */
  folders(interpreter: string): readonly string[]
  /** The existing folders of every linker, and the others that were asked for. Absolute. */
  readonly existing: readonly string[]
}

/**
 * Where a host's libraries are, found once: in a jail, the host's configuration may no longer be readable.
 * @param others further places for libraries: from LD_LIBRARY_PATH, from $ORIGIN
 */
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
