// OwnFiles: what hv loads code from, which no guest may change: its package, its cache, and the runtime that it runs on.
//
// In a writable volume they are read-only, and what leads to them stays where it is: a guest that could rename node_modules would put
// its own there. They are known by the names in each directory on the way, so also if a name is missing or changes hands on the
// host, and by their identity, so also by another name: a hard link, or a mount of one of their directories.

import {lstatSync, readdirSync, readFileSync, readlinkSync, realpathSync, type Stats} from 'node:fs'
import {createRequire} from 'node:module'
import {dirname, join, resolve} from 'node:path'
import {majorOf, minorOf} from './abi/file-mode.ts'
import {packageFile} from './package-file.ts'
import {cachePaths} from './user-cache.ts'

/** `major:minor:inode`: how the host tells files apart. */
export type Identity = string

/** The package's, where it is not below a node_modules. */
const PARTS = ['dist', 'native', 'boards', 'package.json', 'oclif.manifest.json']
/** A file's path in a line of man 5 proc_pid_maps. */
const MAPPED = / (\/.*)$/gm
/** Linux's own limit: man 7 path_resolution. */
const MAX_LINKS = 40

export class OwnFiles {
  /** For a directory, the names that lead to such a file; true: it is one. */
  readonly #names = new Map<Identity, Map<string, boolean>>()
  readonly #files = new Set<Identity>()

  constructor(env: NodeJS.ProcessEnv) {
    const packageRoot = packageFile('')
    for (const path of modulesOf(packageRoot)) this.#keep(path)
    for (const part of PARTS) this.#keep(join(packageRoot, part))
    // Files of theirs may have other names: pnpm links those of its store.
    this.#keepAll(join(packageRoot, 'dist'))
    const loaded = Object.keys(createRequire(import.meta.url).cache)
    for (const path of loaded) if (this.isBelow(path)) this.#keepFile(path)
    for (const path of runtimeFiles()) this.#keep(path)
    const command = commandOf(packageRoot)
    if (command !== undefined) this.#keep(command)
    for (const path of cachePaths(env)) this.#keep(path)
    for (const path of aliasMounts((each) => this.isBelow(each))) this.#keepFile(path)
  }

  isFile(identity: Identity): boolean {
    return this.#files.has(identity)
  }

  /** @param name a byte string. @returns whether it is one of the files, or leads to one; undefined: neither */
  nameIn(directory: Identity, name: string): boolean | undefined {
    return this.#names.get(directory)?.get(name)
  }

  /** Whether the path, which has no links, is one of them or lies in one. */
  isBelow(path: string): boolean {
    const found = lookAt(path)
    if (found !== undefined && this.#files.has(identityOf(found))) return true
    return path !== dirname(path) && this.isBelow(dirname(path))
  }

  #keep(path: string, links = 0): void {
    const names = resolve(path).split('/').slice(1)
    let at = '/'
    let directory = lookAt(at)
    for (const [index, name] of names.entries()) {
      if (directory === undefined) return
      at = join(at, name)
      const found = lookAt(at)
      this.#keepName(identityOf(directory), name, found === undefined || index === names.length - 1)
      if (found?.isSymbolicLink() && links < MAX_LINKS)
        this.#keep(resolve(at, '..', readlinkSync(at), ...names.slice(index + 1)), links + 1)
      directory = found?.isSymbolicLink() ? undefined : found
    }
    if (directory !== undefined) this.#files.add(identityOf(directory))
  }

  #keepName(directory: Identity, name: string, isFile: boolean): void {
    const names = this.#names.get(directory) ?? new Map<string, boolean>()
    this.#names.set(directory, names)
    const bytes = Buffer.from(name).toString('latin1')
    names.set(bytes, isFile || names.get(bytes) === true)
  }

  #keepFile(path: string): Stats | undefined {
    const found = lookAt(path)
    if (found !== undefined) this.#files.add(identityOf(found))
    return found
  }

  /** Declarations of types are not run. */
  #keepAll(path: string): void {
    if (path.endsWith('.d.ts') || !this.#keepFile(path)?.isDirectory()) return
    for (const name of attempt(() => readdirSync(path)) ?? []) this.#keepAll(join(path, name))
  }
}

/** Each node_modules in which Node looks for what the package requires. The outermost one holds the links in .bin, too. */
function modulesOf(packageRoot: string): string[] {
  const folders: string[] = []
  for (let at = resolve(packageRoot); at !== dirname(at); at = dirname(at)) {
    const folder = at.endsWith('/node_modules') ? at : join(at, 'node_modules')
    if (lookAt(folder) !== undefined) folders.push(folder)
  }
  return folders
}

/** The runtime's program, its libraries, and the addon. */
function runtimeFiles(): string[] {
  const files = new Set([process.execPath])
  try {
    for (const [, path] of readFileSync('/proc/self/maps', 'utf8').matchAll(MAPPED)) files.add(path)
  } catch {
    // There is no /proc.
  }
  return [...files].filter((path) => lookAt(path) !== undefined)
}

/** The name by which the command hv was started. */
function commandOf(packageRoot: string): string | undefined {
  const [, script = ''] = process.argv
  try {
    return realpathSync(script).startsWith(join(packageRoot, 'dist/')) ? script : undefined
  } catch {
    return undefined
  }
}

/** Where the host has mounted a directory of such a tree again: man 5 proc_pid_mountinfo. */
function aliasMounts(isOwn: (path: string) => boolean): string[] {
  let text: string
  try {
    text = readFileSync('/proc/self/mountinfo', 'utf8')
  } catch {
    return []
  }
  const mounts = text
    .split('\n')
    .filter(Boolean)
    .map((line) => line.split(' ', 5))
    .map(([, , device, root, at]) => ({device, root: withoutEscapes(root), at: withoutEscapes(at)}))
  return mounts
    .filter(({root}) => root !== '/')
    .filter(({device, root}) =>
      mounts.some((other) => other.device === device && isOwn(pathIn(other, root) ?? '/')),
    )
    .map(({at}) => at)
}

/** The path, if it lies in this mount, of what has the path `root` in the mounted file system. */
function pathIn({root: own, at}: {root: string; at: string}, root: string): string | undefined {
  const below = own === '/' ? root : root.startsWith(`${own}/`) ? root.slice(own.length) : undefined
  return below === undefined ? undefined : join(at, below)
}

const withoutEscapes = (text: string): string =>
  text.replace(/\\([0-7]{3})/g, (_, octal) => String.fromCharCode(Number.parseInt(octal, 8)))

const identityOf = ({dev, ino}: Stats): Identity => `${majorOf(dev)}:${minorOf(dev)}:${ino}`

const lookAt = (path: string): Stats | undefined => attempt(() => lstatSync(path, {throwIfNoEntry: false}))

/** undefined: it is not there, is of another kind, or this user may not look. */
function attempt<Result>(look: () => Result): Result | undefined {
  try {
    return look()
  } catch {
    return undefined
  }
}
