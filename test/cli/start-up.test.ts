// What keeps `hv run` quick to start: the files it loads before a guest runs.

import {readFileSync} from 'node:fs'
import {isBuiltin} from 'node:module'
import {dirname, join} from 'node:path'
import {expect, test} from 'vitest'
import {HV} from './hv.ts'

/** A CommonJS module and what it requires at its top: own files by path, packages by name. */
function load(path: string, loaded = new Set<string>()): Set<string> {
  if (loaded.has(path)) return loaded
  loaded.add(path)
  const text = readFileSync(path, 'utf8')
  for (const [, specifier] of text.matchAll(/^(?:const|let|var)?.*\brequire\("([^"]+)"\)/gm)) {
    if (specifier.startsWith('.')) load(join(dirname(path), specifier), loaded)
    else if (!isBuiltin(specifier)) loaded.add(specifier)
  }
  return loaded
}

test('the command and all that a run loads is CommonJS in a few files, without oclif', () => {
  const loaded = [...load(HV)]
  const own = loaded.filter((name) => name.startsWith('/'))
  expect(own.every((name) => name.endsWith('.cjs'))).toBe(true)
  expect(own.length).toBeGreaterThanOrEqual(2)
  expect(own.length).toBeLessThanOrEqual(10)
  expect(loaded.filter((name) => !name.startsWith('/') && name !== 'node-gyp-build')).toEqual([])
})
