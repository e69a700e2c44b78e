// requiredNames: all names by which Node looks for what hv's package requires at run time, and what those packages require.
//
// Names at which there is nothing count, too: Node would load what is made there.

import {accessSync, constants, existsSync, readFileSync, realpathSync, statSync} from 'node:fs'
import {createRequire} from 'node:module'
import {dirname, isAbsolute, join, resolve} from 'node:path'
import {attempt} from './errors.ts'

/** In the folders of commands: a package manager puts these first in PATH when it starts hv, by a shell. */
const COMMANDS = ['hv', 'node', 'sh']

/** Absolute paths of folders, which may lead through links or to nothing, with names in them. */
export type NamesInFolders = Map<string, Set<string>>

interface Manifest {
  name?: string
  dependencies?: object
  optionalDependencies?: object
  peerDependencies?: object
  peerDependenciesMeta?: object
}

/** @param packageRoot without links. @returns names to which `require` may add an ending */
export function requiredNames(packageRoot: string): NamesInFolders {
  const names: NamesInFolders = new Map()
  // The iteration also reaches what is added meanwhile.
  const packages = new Set([resolve(packageRoot)])
  for (const at of packages)
    for (const required of requiredBy(manifestOf(at))) {
      const found = lookUp(required, at, names)
      if (found !== undefined) packages.add(realpathSync.native(found))
    }
  return names
}

/** Adds the names at which Node looks for the package. @returns where it is */
function lookUp(required: string, from: string, names: NamesInFolders): string | undefined {
  const start = required.lastIndexOf('/') + 1
  const name = required.slice(start)
  for (const modules of foldersFrom(from)) {
    const folder = start === 0 ? modules : `${modules}/${required.slice(0, start - 1)}`
    const known = names.get(folder)
    if (known === undefined) names.set(folder, new Set([name]))
    else known.add(name)
    if (existsSync(`${folder}/${name}/package.json`)) return `${folder}/${name}`
  }
  return undefined
}

/** Where Node looks, one after another. */
function* foldersFrom(path: string): Iterable<string> {
  yield* foldersAround(path)
  // Only `require` looks in these, such as $HOME/.node_modules.
  yield* createRequire('/').resolve.paths('hvkit') ?? []
}

/** The package's names in each node_modules around it, and around where it was started: through a link, if it is installed as one. */
export function namesOf(packageRoot: string): string[] {
  const {name = 'hvkit'} = manifestOf(packageRoot)
  const around = new Set([resolve(packageRoot), ...startedFrom()].flatMap((path) => [...foldersAround(path)]))
  return [...around]
    .filter((folder) => existsSync(folder))
    .filter((folder) => packageRoot.startsWith(`${folder}/`) || leadsTo(join(folder, name), packageRoot))
    .flatMap((folder) =>
      [name, ...COMMANDS.map((command) => `.bin/${command}`)].map((each) => join(folder, each)),
    )
}

/** Where a shell looks for Node, up to where there is one: hv's command starts it by its name. */
export function pathsOfNode({PATH = ''}: NodeJS.ProcessEnv): string[] {
  const paths = PATH.split(':')
    .filter(isAbsolute)
    .map((folder) => join(folder, 'node'))
  const found = paths.findIndex(isProgram)
  return found < 0 ? paths : paths.slice(0, found + 1)
}

/** `import` also looks in a node_modules of a node_modules, unlike `require`. */
function* foldersAround(path: string): Iterable<string> {
  for (let at = path; at !== '/'; at = dirname(at)) yield `${at}/node_modules`
  yield '/node_modules'
}

function startedFrom(): string[] {
  const [, script = '.'] = process.argv
  // The working directory may be gone.
  return attempt(() => [resolve(script, '..'), process.cwd()]) ?? []
}

const leadsTo = (path: string, target: string): boolean =>
  attempt(() => realpathSync.native(path)) === resolve(target)

const manifestOf = (folder: string): Manifest =>
  attempt(() => JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest) ?? {}

const requiredBy = ({
  dependencies,
  optionalDependencies,
  peerDependencies,
  peerDependenciesMeta,
}: Manifest): string[] =>
  Object.keys({...dependencies, ...optionalDependencies, ...peerDependencies, ...peerDependenciesMeta})

const isProgram = (path: string): boolean =>
  attempt(() => {
    accessSync(path, constants.X_OK)
    return statSync(path).isFile()
  }) === true
