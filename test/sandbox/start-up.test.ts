// What keeps a sandbox's thread quick to start: few files, and each module of the package in one of them.

import {readdirSync, readFileSync} from 'node:fs'
import {dirname, join} from 'node:path'
import {expect, test} from 'vitest'

const dist = new URL('../../dist', import.meta.url).pathname

/** A CommonJS file and the files that it requires at its top. */
function load(path: string, loaded = new Set<string>()): Set<string> {
  if (loaded.has(path)) return loaded
  loaded.add(path)
  for (const [, own] of readFileSync(path, 'utf8').matchAll(
    /^(?:const|let|var) .*\brequire\("(\.[^"]+)"\)/gm,
  ))
    load(join(dirname(path), own), loaded)
  return loaded
}

test('a sentry loads a few files, in its thread and in its process', () => {
  const inThread = [...load(join(dist, 'worker.cjs'))]
  expect(inThread.filter((path) => /hv-sentry-/.test(path))).toHaveLength(1)
  expect(inThread.length).toBeLessThanOrEqual(9)
  // What the process loads before it has the bytecode of the rest.
  expect([...load(join(dist, 'process.cjs'))].length).toBeLessThanOrEqual(5)
})

test('the library loads no sentry in the thread of its caller', () => {
  expect([...load(join(dist, 'index.cjs'))].filter((path) => /hv-sentry-|oclif/.test(path))).toEqual([])
})

test('command, library and thread share one copy of each module', () => {
  const files = readdirSync(dist, {recursive: true, encoding: 'utf8'}).filter((name) =>
    /\.[cm]?js$/.test(name),
  )
  const modules = files.flatMap((name) => {
    const text = readFileSync(join(dist, name), 'utf8')
    return [...text.matchAll(/^\/\/ (src\/\S+\.ts)$/gm)].map(([, path]) => path)
  })
  expect(modules.length).toBeGreaterThan(300)
  expect(modules.filter((path, index) => modules.indexOf(path) !== index)).toEqual([])
})
