// libraryPath: the folders in which a dynamic linker looks for libraries: ld.so(8), and ldd-musl's path file.

import type {Machine} from '../elf/machine-name.ts'
import type {ProgramTree} from './tree.ts'

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
