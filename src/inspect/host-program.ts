// libraryFinder: finds what a program of this host needs to run: its interpreter and its libraries, and nothing else of the host.

import {posix} from 'node:path'
import {readDynamic} from '../elf/dynamic.ts'
import {fileReader} from '../elf/file-reader.ts'
import {parseElf} from '../elf/parse.ts'
import {orUndefined} from '../errors.ts'
import type {ProgramFile} from './inspection.ts'
import {findLibraries, firstLibrary} from './libraries.ts'
import {builtInFolders, type HostLibraries} from './library-path.ts'
import {ProgramTree} from './tree.ts'

interface OpenProgram {
  readonly fd: number
  /** With links resolved. */
  readonly path: string
  readonly name: string
}

export interface ShownProgram {
  /** Where the guest finds it: at its own path. */
  readonly path: string
  /** The interpreter is one of them. */
  readonly libraries: readonly {readonly host: string; readonly guest: string}[]
  /** The guest's symbolic links, by absolute path: the program's other name, and libraries where the guest's ld.so looks. */
  readonly links: readonly {readonly path: string; readonly target: string}[]
}

interface Requirements {
  readonly paths: readonly string[]
  readonly links: ShownProgram['links']
}

const NOTHING: Requirements = {paths: [], links: []}

/**
 * Files that cannot be found are left out: the dynamic linker reports them. Libraries loaded with dlopen(3) are not found. In a jail
 * the finder finds only files in folders that the jail lets it open.
 *
 * The program says which files it needs. So a file is shown only if it is a shared library, as ld.so loads nothing else: a
 * program that lies sees shared libraries of its choice that hv's user may read, and no other file.
 * @returns a finder for an open program and the guest's LD_LIBRARY_PATH
 */
export function libraryFinder(host: HostLibraries): (program: OpenProgram, ofGuest?: string) => ShownProgram {
  return ({fd, path, name}, ofGuest = '') => {
    using tree = new ProgramTree('/')
    const file = {path: name, treePath: path, reader: fileReader(fd), tree}
    // Loading a file that is no program will report what is wrong with it.
    const needed = orUndefined(() => neededBy(file, host, ofGuest.split(':'))) ?? NOTHING
    return {
      path,
      libraries: needed.paths.map((each) => ({host: each, guest: posix.normalize(each)})),
      links: [...(name === path ? [] : [{path: name, target: path}]), ...needed.links],
    }
  }
}

/** @throws HvError for a file that is no program */
function neededBy(
  {reader, tree, treePath, path}: ProgramFile,
  host: HostLibraries,
  ofGuest: readonly string[],
): Requirements {
  const image = parseElf(reader, path)
  const dynamic = readDynamic(reader, image)
  const {interp, machine} = image
  if (interp === undefined || dynamic === undefined) return NOTHING
  const interpreter = firstLibrary(tree, [interp], machine)?.path
  const found = findLibraries(tree, machine, interp, treePath, dynamic, host.folders(interp), ofGuest)
  const paths = [interpreter, ...found.map((library) => library.path)].filter((each) => each != null)
  return {paths, links: linksFor(paths, host.folders(interp), builtInFolders(machine, interp))}
}

/** The guest has no ld.so.cache and no ld.so.conf: libraries that the host found through them get links where ld.so finds others. */
function linksFor(
  paths: readonly string[],
  standard: readonly string[],
  builtIn: readonly string[],
): ShownProgram['links'] {
  const folders = paths.map((path) => posix.dirname(path))
  const folder = builtIn.find((each) => folders.includes(each)) ?? builtIn[0]
  return paths
    .filter((_, index) => standard.includes(folders[index]) && !builtIn.includes(folders[index]))
    .map((path) => ({path: `${folder}/${posix.basename(path)}`, target: posix.normalize(path)}))
}
