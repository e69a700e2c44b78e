// A copy of the built package with a bug in it, for tests of how hv fails.

import {cpSync, mkdtempSync, readdirSync, readFileSync, symlinkSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {root} from '../../ci/paths.mjs'

/** Keeps the sentry's thread busy for ever at the end of any program but hv's own, however it ends. */
export const STUCK = [
  'endProcess(process, code, signal) {',
  "if (!process.program.path.includes('/warm-up')) for (;;);",
] as const

/** @returns the folder of a copy of the built package, to be removed */
export function copyOfPackage(): string {
  const copy = mkdtempSync(join(tmpdir(), 'hv-with-bug-'))
  cpSync(join(root, 'dist'), join(copy, 'dist'), {recursive: true})
  for (const name of ['native', 'node_modules', 'package.json'])
    symlinkSync(join(root, name), join(copy, name))
  return copy
}

/** Where ServedProgram.start begins: code put after it runs for each program. */
export const PROGRAM_STARTS = 'const { onHost, timeoutMs, cpuTimeoutMs } = this.#request;'

/**
 * @param behind a line that the bundles have once; the bug goes after it
 * @returns the copy's folder, to be removed
 */
export function copyWithBug(behind: string, bug: string): string {
  const copy = copyOfPackage()
  const bundles = readdirSync(join(copy, 'dist')).filter((name) => name.endsWith('.cjs'))
  const [place, ...others] = bundles
    .map((name) => join(copy, 'dist', name))
    .filter((path) => readFileSync(path, 'utf8').includes(behind))
  if (place === undefined || others.length > 0) throw new Error(`${behind} is not in one bundle`)
  writeFileSync(place, readFileSync(place, 'utf8').replace(behind, behind + bug))
  return copy
}
