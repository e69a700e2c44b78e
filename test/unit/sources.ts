// The source files of the repository and what they import, for tests of their rules.

import {readdirSync, readFileSync} from 'node:fs'
import {dirname, join, relative} from 'node:path'

const root = new URL('../..', import.meta.url).pathname

export interface Source {
  /** From the repository's root, with slashes. */
  path: string
  text: string
  lines: string[]
}

function sourcesOf(folder: string, endings: RegExp): Source[] {
  return readdirSync(join(root, folder), {withFileTypes: true, recursive: true})
    .filter((entry) => entry.isFile() && endings.test(entry.name))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)))
    .filter((path) => !/(^|\/)(node_modules|build|prebuilds)\//.test(path))
    .map((path) => {
      const text = readFileSync(join(root, path), 'utf8')
      return {path, text, lines: text.trimEnd().split('\n')}
    })
}

export const src = sourcesOf('src', /\.ts$/)
export const native = sourcesOf('native', /\.(cc|h|S)$/)
export const other = [...sourcesOf('test', /\.ts$/), ...sourcesOf('ci', /\.(ts|mjs)$/)]

/** Drops the examples in docstrings: they are a user's code, for docs/reference. */
export const withoutExamples = (text: string): string =>
  text.replace(/^ *\* @example\n(?: *\*(?! @|\/).*\n)*/gm, '')

/** The specifiers of all imports and re-exports, static and dynamic, with types, and of the modules that a file merges into. */
export function importsOf({text}: Source): string[] {
  const found = [
    ...text.matchAll(/^(?:import|export)\b[^'"]*?\bfrom\s*['"]([^'"]+)['"]/gm),
    ...text.matchAll(/^import\s*['"]([^'"]+)['"]/gm),
    ...text.matchAll(/\bimport\(\s*['"]([^'"]+)['"]/g),
    ...text.matchAll(/^declare module\s*['"]([^'"]+)['"]/gm),
  ]
  return found.map((match) => match[1])
}

/** The repository's own files that a file imports. */
export function ownImportsOf(source: Source): string[] {
  return importsOf(source)
    .filter((specifier) => specifier.startsWith('.'))
    .map((specifier) => join(dirname(source.path), specifier))
}

/** Sets of more than one file in which each reaches every other by imports, the largest first. */
export function circlesOf(sources: readonly Source[]): string[][] {
  const imports = new Map(sources.map((source) => [source.path, ownImportsOf(source)]))
  const reached = new Map(sources.map(({path}) => [path, reachedFrom(path, imports)]))
  const circles = new Map<string, string[]>()
  for (const [path, others] of reached) {
    const circle = [...others].filter((other) => reached.get(other)?.has(path)).sort()
    if (circle.length > 1) circles.set(circle[0], circle)
  }
  return [...circles.values()].sort((a, b) => b.length - a.length)
}

function reachedFrom(path: string, imports: ReadonlyMap<string, readonly string[]>): Set<string> {
  const reached = new Set<string>()
  const next = [path]
  for (let from = next.pop(); from !== undefined; from = next.pop()) {
    for (const to of imports.get(from) ?? []) {
      if (reached.has(to)) continue
      reached.add(to)
      next.push(to)
    }
  }
  return reached
}
