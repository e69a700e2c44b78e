// OwnFiles: what hv loads code from, which no guest may change: its package and those that it requires, its cache, and the runtime.
//
// In a writable volume they are read-only, and what leads to them stays where it is: a guest that could rename node_modules would put
// its own there. What else is in node_modules, a guest may change. They are known by the names in each directory on the way, so also if a
// name is missing or changes hands on the host, and by their identity, so also by another name: a hard link, or a mount of one of their
// directories.

import {lstatSync, readdirSync, readFileSync, readlinkSync, realpathSync, type Stats} from 'node:fs'
import {createRequire} from 'node:module'
import {basename, dirname, join, resolve} from 'node:path'
import {majorOf, minorOf} from './abi/file-mode.ts'
import {attempt} from './errors.ts'
import {namesOf, pathsOfNode, requiredNames} from './own-packages.ts'
import {packageFile} from './package-file.ts'
import {cachePaths} from './user-cache.ts'

/** `major:minor:inode`: how the host tells files apart. */
export type Identity = string

/** The package's, where it is not below a node_modules. */
const PARTS = ['dist', 'native', 'boards', 'package.json', 'oclif.manifest.json']
/** What `require` adds to a name before it looks for a directory: Node, src/code-cache.ts, and what others make of it. */
const ENDING = /\.([cm]?[jt]s|[jt]sx|json|node)$/
/** A file's path in a line of man 5 proc_pid_maps. */
const MAPPED = / (\/.*)$/gm
/** Linux's own limit: man 7 path_resolution. */
const MAX_LINKS = 40

interface Folder {
  /** Without links. */
  path: string
  identity: Identity
}

export class OwnFiles {
  /** For a directory, the names that lead to such a file; true: it is one. */
  readonly #names = new Map<Identity, Map<string, boolean>>()
  readonly #files = new Set<Identity>()
  /** For a directory, names to which `require` may add an ending. */
  readonly #required = new Map<Identity, Set<string>>()
  /** By any path; the ways to many files begin alike. */
  readonly #folders = new Map<string, Folder | undefined>()

  /** @param env HOME and where caches are. Not NodeJS.ProcessEnv: the published types do without those of Node. */
  constructor(env: Readonly<Record<string, string | undefined>>) {
    const packageRoot = packageFile('')
    const parts = packageRoot.includes('/node_modules/') ? [''] : PARTS
    for (const part of parts) this.#keep(join(packageRoot, part))
    for (const path of namesOf(packageRoot)) this.#keep(path)
    for (const [path, names] of requiredNames(packageRoot)) this.#keepRequired(path, names)
    for (const path of pathsOfNode(env)) this.#keep(path)
    // Files of theirs may have other names: pnpm links those of its store.
    this.#keepAll(join(packageRoot, 'dist'))
    const loaded = Object.keys(createRequire(import.meta.url).cache)
    for (const path of loaded) if (this.isBelow(path)) this.#keepFile(path)
    for (const path of runtimeFiles()) this.#keep(path)
    const command = commandOf(packageRoot)
    if (command !== undefined) this.#keep(command)
    for (const path of cachePaths(env)) this.#keep(path)
    for (const path of aliasMounts((each) => this.isBelow(each))) this.#keepFile(path)
    this.#folders.clear()
  }

  isFile(identity: Identity): boolean {
    return this.#files.has(identity)
  }

  /** @param name a byte string. @returns whether it is one of the files, or leads to one; undefined: neither */
  nameIn(directory: Identity, name: string): boolean | undefined {
    return this.#isRequired(directory, name) || this.#names.get(directory)?.get(name)
  }

  /** Whether the path, which has no links, is one of them or lies in one. */
  isBelow(path: string): boolean {
    const found = lookAt(path)
    if (found !== undefined && this.#files.has(identityOf(found))) return true
    return path !== dirname(path) && this.isBelow(dirname(path))
  }

  #keep(path: string, links = 0): void {
    const folder = this.#lead(dirname(path), links)
    if (folder === undefined) return
    const at = join(folder.path, basename(path))
    const found = this.#keepFile(at)
    this.#keepName(folder.identity, basename(path), true)
    if (found?.isSymbolicLink() && links < MAX_LINKS)
      this.#keep(resolve(folder.path, readlinkSync(at)), links + 1)
  }

  /** Node may add an ending to such a name. */
  #keepRequired(path: string, names: ReadonlySet<string>): void {
    const folder = this.#lead(path)
    if (folder === undefined) return
    const known = this.#required.get(folder.identity) ?? new Set()
    this.#required.set(folder.identity, known)
    for (const name of names) known.add(toBytes(name))
    for (const name of attempt(() => readdirSync(folder.path)) ?? [])
      if (this.#isRequired(folder.identity, toBytes(name))) this.#keep(join(folder.path, name))
  }

  #isRequired(directory: Identity, name: string): boolean {
    const names = this.#required.get(directory)
    return names !== undefined && (names.has(name) || names.has(name.replace(ENDING, '')))
  }

  /** Keeps the names that lead to the directory. @returns it, without links */
  #lead(path: string, links = 0): Folder | undefined {
    if (this.#folders.has(path)) return this.#folders.get(path)
    const folder = path === '/' ? {path, identity: identityOf(lstatSync(path))} : this.#leadFrom(path, links)
    this.#folders.set(path, folder)
    return folder
  }

  #leadFrom(path: string, links: number): Folder | undefined {
    const parent = this.#lead(dirname(path), links)
    if (parent === undefined) return undefined
    const at = join(parent.path, basename(path))
    const found = lookAt(at)
    this.#keepName(parent.identity, basename(path), found === undefined)
    if (!found?.isSymbolicLink()) return found && {path: at, identity: identityOf(found)}
    return links < MAX_LINKS ? this.#lead(resolve(parent.path, readlinkSync(at)), links + 1) : undefined
  }

  #keepName(directory: Identity, name: string, isFile: boolean): void {
    const names = this.#names.get(directory) ?? new Map<string, boolean>()
    this.#names.set(directory, names)
    const bytes = toBytes(name)
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

/** The runtime's program, its libraries, and the addon. */
function runtimeFiles(): string[] {
  // Without /proc there are none.
  const maps = attempt(() => readFileSync('/proc/self/maps', 'utf8')) ?? ''
  const files = new Set([process.execPath, ...Array.from(maps.matchAll(MAPPED), ([, path]) => path)])
  return [...files].filter((path) => lookAt(path) !== undefined)
}

/** The name by which the command hv was started. */
function commandOf(packageRoot: string): string | undefined {
  const [, script = ''] = process.argv
  const path = attempt(() => realpathSync(script))
  return path?.startsWith(join(packageRoot, 'dist/')) ? script : undefined
}

/** Where the host has mounted a directory of such a tree again: man 5 proc_pid_mountinfo. */
function aliasMounts(isOwn: (path: string) => boolean): string[] {
  const text = attempt(() => readFileSync('/proc/self/mountinfo', 'utf8')) ?? ''
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

const toBytes = (name: string): string => Buffer.from(name).toString('latin1')

const identityOf = ({dev, ino}: Stats): Identity => `${majorOf(dev)}:${minorOf(dev)}:${ino}`

const lookAt = (path: string): Stats | undefined => attempt(() => lstatSync(path, {throwIfNoEntry: false}))
