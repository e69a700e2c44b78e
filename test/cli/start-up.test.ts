// What keeps `hv run` quick to start: the files it loads before a guest runs.

import {readFileSync} from 'node:fs'
import {dirname, join} from 'node:path'
import {expect, test} from 'vitest'
import {HV} from './hv.ts'

/** A module and what it imports statically: own files by path, packages by name. */
function load(path: string, loaded = new Set<string>()): Set<string> {
  if (loaded.has(path)) return loaded
  loaded.add(path)
  const text = readFileSync(path, 'utf8')
  for (const [, specifier] of text.matchAll(/^(?:import|export)\b[^'"\n]*?["']([^'"\n]+)["'];?$/gm)) {
    if (specifier.startsWith('.')) load(join(dirname(path), specifier), loaded)
    else if (!specifier.startsWith('node:')) loaded.add(specifier)
  }
  return loaded
}

test('the entry is one file, and so is what a run loads besides', () => {
  const entry = load(HV)
  expect([...entry]).toEqual([HV])
  const runChunk = /import\("(\.\.\/hv-run\.js)"\)/.exec(readFileSync(HV, 'utf8'))
  const both = load(join(dirname(HV), runChunk![1]), entry)
  expect(both.size).toBeLessThanOrEqual(3)
  expect([...both].filter((name) => !name.startsWith('/'))).toEqual([])
})
