// findLibraries: what a dynamic program needs, and where a tree has it, by the rules of ld.so(8).

import {posix} from 'node:path'
import {type Dynamic, readDynamic} from '../elf/dynamic.ts'
import type {ElfReader} from '../elf/image.ts'
import type {Machine} from '../elf/machine-name.ts'
import {parseElf} from '../elf/parse.ts'
import {orUndefined} from '../errors.ts'
import type {LibraryPath} from './inspection.ts'
import type {ProgramTree} from './tree.ts'

/** A file can name any number of libraries. */
const MAX_LIBRARIES = 1000

interface LibraryRequest {
  name: string
  /** The folders that its user names. */
  folders: readonly string[]
}

/**
 * @param path the program's own, in the tree
 * @param standard the folders that are searched for every program
 * @param ofEnvironment the folders of LD_LIBRARY_PATH
 */
export function findLibraries(
  tree: ProgramTree,
  machine: Machine,
  interpreter: string,
  path: string,
  dynamic: Dynamic,
  standard: readonly string[],
  ofEnvironment: readonly string[] = [],
): LibraryPath[] {
  const asked = ofEnvironment.filter((folder) => folder.startsWith('/'))
  const found = new Map<string, LibraryPath>()
  const queue = wantedBy(path, dynamic, asked)
  // The dynamic linker itself is already there, whichever file needs it.
  const own = posix.basename(interpreter)
  for (let wanted = queue.shift(); wanted !== undefined; wanted = queue.shift()) {
    const {name, folders} = wanted
    if (found.has(name) || name === own || found.size >= MAX_LIBRARIES) continue
    const candidates = name.includes('/')
      ? [name]
      : [...folders, ...standard].map((folder) => `${folder}/${name}`)
    const hit = firstLibrary(tree, candidates, machine)
    found.set(name, {name, path: hit?.path ?? null})
    if (hit?.dynamic !== undefined) queue.push(...wantedBy(hit.path, hit.dynamic, asked))
  }
  return [...found.values()]
}

function wantedBy(
  path: string,
  {needed, rpath, runpath}: Dynamic,
  asked: readonly string[],
): LibraryRequest[] {
  const origin = posix.dirname(path)
  // DT_RPATH counts only where there is no DT_RUNPATH, and then before LD_LIBRARY_PATH.
  const folders = (runpath.length > 0 ? [...asked, ...runpath] : [...rpath, ...asked]).map((folder) =>
    folder.replace(/\$(ORIGIN\b|\{ORIGIN\})/g, () => origin),
  )
  return needed.map((name) => ({name, folders}))
}

export function firstLibrary(
  tree: ProgramTree,
  candidates: readonly string[],
  machine: Machine,
): {path: string; dynamic: Dynamic | undefined} | undefined {
  for (const path of candidates) {
    // A relative path would count from the working directory.
    if (!path.startsWith('/')) continue
    // ld.so goes on to the next folder if a library is for another machine.
    const read = tree.read(path, (reader) => dynamicOf(reader, path, machine))
    if (read !== undefined) return {path, dynamic: read.dynamic}
  }
  return undefined
}

/** For a shared library only: ld.so loads no program but the one that it starts. */
function dynamicOf(
  reader: ElfReader,
  path: string,
  machine: Machine,
): {dynamic: Dynamic | undefined} | undefined {
  return orUndefined(() => {
    const image = parseElf(reader, path, machine)
    const dynamic = readDynamic(reader, image)
    return image.type === 'DYN' && dynamic?.isPie !== true ? {dynamic} : undefined
  })
}
