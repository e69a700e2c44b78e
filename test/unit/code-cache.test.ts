// The code cache: what it keeps, and whose files it trusts.

import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import {createRequire} from 'node:module'
import {tmpdir} from 'node:os'
import {dirname, join} from 'node:path'
import {expect, test} from 'vitest'
import {cacheCode} from '../../src/code-cache.ts'

/** A module that shows what it was given, and a home for the cache. */
function start(): {chunk: string; cache: string; env: NodeJS.ProcessEnv} {
  const directory = mkdtempSync(join(tmpdir(), 'hv-code-'))
  const chunk = join(directory, 'chunk.cjs')
  writeFileSync(chunk, 'exports.add = (a, b) => a + b; exports.name = __filename; exports.fs = require("fs")')
  return {chunk, cache: join(directory, 'hvkit'), env: {XDG_CACHE_HOME: directory}}
}

function loadOnce(chunk: string, env: NodeJS.ProcessEnv): {add(a: number, b: number): number; name: string} {
  const require = createRequire(import.meta.url)
  const {keep} = cacheCode(env)
  try {
    delete require.cache[chunk]
    return require(chunk)
  } finally {
    keep()
  }
}

test('a chunk is a CommonJS module, compiled or taken from the cache', () => {
  const {chunk, cache, env} = start()
  for (let round = 0; round < 2; round++) {
    const loaded = loadOnce(chunk, env)
    expect(loaded.add(1, 2)).toBe(3)
    expect(loaded).toMatchObject({name: chunk, fs: {readdirSync}})
  }
  expect(readdirSync(cache)).toEqual([expect.stringMatching(/^chunk\.cjs-v\d/)])
})

test('what nobody else can write is taken as it is', () => {
  const {chunk, cache, env} = start()
  loadOnce(chunk, env)
  const kept = join(cache, readdirSync(cache)[0])
  expect([statSync(cache).mode & 0o777, statSync(kept).mode & 0o777]).toEqual([0o700, 0o600])
  const {ino} = statSync(kept)
  loadOnce(chunk, env)
  expect(statSync(kept).ino).toBe(ino)
})

test('what a later run compiled is kept, too, once a minute', () => {
  const {chunk, cache, env} = start()
  const body = 'return [a, b].map((x) => x * 2).filter((x) => x > 1).reduce((x, y) => x + y, 0);'.repeat(20)
  writeFileSync(chunk, `exports.add = (a, b) => a + b; exports.much = (a, b) => {${body}}`)
  const run = (isMuch: boolean): number => {
    const require = createRequire(import.meta.url)
    const {keep} = cacheCode(env)
    delete require.cache[chunk]
    const {add, much} = require(chunk)
    if (isMuch) much(1, 2)
    else add(1, 2)
    keep()
    return statSync(join(cache, readdirSync(cache)[0])).size
  }
  const first = run(false)
  expect(run(true)).toBe(first)
  const past = new Date(Date.now() - 61_000)
  utimesSync(cache, past, past)
  const grown = run(true)
  expect(grown).toBeGreaterThan(first)
  // It does not shrink.
  utimesSync(cache, past, past)
  expect(run(false)).toBe(grown)
  expect(Date.now() - statSync(cache).mtimeMs).toBeLessThan(60_000)
})

test('what others may have written is not believed, but made anew', () => {
  const {chunk, cache, env} = start()
  loadOnce(chunk, env)
  const kept = join(cache, readdirSync(cache)[0])
  writeFileSync(kept, 'not code')
  chmodSync(kept, 0o666)
  expect(loadOnce(chunk, env).add(1, 2)).toBe(3)
  expect(statSync(kept).mode & 0o777).toBe(0o600)
})

test('a directory that others may write is left alone', () => {
  const {chunk, cache, env} = start()
  loadOnce(chunk, env)
  chmodSync(cache, 0o777)
  writeFileSync(join(cache, readdirSync(cache)[0]), 'not code')
  expect(loadOnce(chunk, env).add(1, 2)).toBe(3)
  expect(statSync(join(cache, readdirSync(cache)[0])).size).toBe('not code'.length)
})

test('what V8 refuses is replaced', () => {
  const {chunk, cache, env} = start()
  loadOnce(chunk, env)
  const {ino} = statSync(join(cache, readdirSync(cache)[0]))
  // A real name carries a hash, so its content never changes: the change here stands for another V8.
  writeFileSync(chunk, 'exports.add = (a, b) => b + a')
  expect(loadOnce(chunk, env).add(1, 2)).toBe(3)
  expect(statSync(join(cache, readdirSync(cache)[0])).ino).not.toBe(ino)
})

test('what the build has is kept, and nothing of builds before it', () => {
  const {chunk, cache, env} = start()
  const build = (name: string): void => {
    const built = join(dirname(chunk), name)
    writeFileSync(built, 'exports.add = (a, b) => a + b')
    loadOnce(built, env)
  }
  for (const name of ['hv-run-AAAAAAAA.cjs', 'hv-run-bare-AAAAAAAA.cjs', 'hv-gone-AAAAAAAA.cjs']) build(name)
  for (const name of ['hv-run-AAAAAAAA.cjs', 'hv-gone-AAAAAAAA.cjs']) rmSync(join(dirname(chunk), name))
  build('hv-run-B_BBB-BB.cjs')
  const kept = readdirSync(cache).map((name) => name.slice(0, name.indexOf('.cjs') + 4))
  expect(kept.sort()).toEqual(['hv-run-B_BBB-BB.cjs', 'hv-run-bare-AAAAAAAA.cjs'])
})

test('without a home, or when Node is told to, nothing is kept', () => {
  const {chunk, cache, env} = start()
  expect(loadOnce(chunk, {...env, NODE_DISABLE_COMPILE_CACHE: '1'}).add(1, 2)).toBe(3)
  expect(loadOnce(chunk, {}).add(1, 2)).toBe(3)
  expect(() => readdirSync(cache)).toThrow('ENOENT')
})

test('a Node that does not know where it lies, as without /proc, compiles each time', () => {
  const {chunk, cache, env} = start()
  const {execPath} = process
  process.execPath = 'node'
  try {
    expect(loadOnce(chunk, env).add(1, 2)).toBe(3)
  } finally {
    process.execPath = execPath
  }
  expect(existsSync(cache) ? readdirSync(cache) : []).toEqual([])
})
