// The names by which Node looks for what hv requires, in the layouts of package managers.

import {mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {dirname, join} from 'node:path'
import {afterEach, beforeEach, expect, test} from 'vitest'
import {pathsOfNode, requiredNames} from '../../src/own-packages.ts'

let top: string
beforeEach(() => {
  top = realpathSync(mkdtempSync(join(tmpdir(), 'hv-packages-')))
})
afterEach(() => rmSync(top, {recursive: true}))

function makePackage(at: string, manifest: object): string {
  mkdirSync(join(top, at), {recursive: true})
  writeFileSync(join(top, at, 'package.json'), JSON.stringify(manifest))
  return join(top, at)
}

function link(at: string, target: string): void {
  mkdirSync(dirname(join(top, at)), {recursive: true})
  symlinkSync(target, join(top, at))
}

/** Below the folder of the test. */
const namesIn = (packageRoot: string) =>
  Object.fromEntries(
    [...requiredNames(packageRoot)]
      .filter(([folder]) => folder.startsWith(`${top}/`))
      .map(([folder, names]) => [folder.slice(top.length + 1), [...names].sort()]),
  )

test('a package beside hv is looked for in hv and between them first', () => {
  const own = makePackage('node_modules/hvkit', {dependencies: {'@a/b': '1', c: '1'}})
  makePackage('node_modules/@a/b', {dependencies: {c: '1'}})
  makePackage('node_modules/c', {})
  expect(namesIn(own)).toEqual({
    'node_modules/hvkit/node_modules': ['c'],
    'node_modules/hvkit/node_modules/@a': ['b'],
    'node_modules/node_modules': ['c'],
    'node_modules/node_modules/@a': ['b'],
    node_modules: ['c'],
    'node_modules/@a': ['b'],
    // Of @a/b's own requirement.
    'node_modules/@a/b/node_modules': ['c'],
    'node_modules/@a/node_modules': ['c'],
  })
})

test("pnpm's links are followed to the package that looks for the next one", () => {
  const store = 'node_modules/.pnpm'
  const own = makePackage(`${store}/hvkit@1/node_modules/hvkit`, {dependencies: {a: '1'}})
  makePackage(`${store}/a@1/node_modules/a`, {dependencies: {b: '1'}})
  makePackage(`${store}/b@1/node_modules/b`, {})
  link(`${store}/hvkit@1/node_modules/a`, '../../a@1/node_modules/a')
  link(`${store}/a@1/node_modules/b`, '../../b@1/node_modules/b')
  expect(namesIn(own)).toMatchObject({
    [`${store}/hvkit@1/node_modules`]: ['a'],
    [`${store}/a@1/node_modules`]: ['b'],
  })
  expect(namesIn(own)).not.toHaveProperty(['node_modules'])
})

test('a package that is missing is looked for up to the root', () => {
  const own = makePackage('x/node_modules/hvkit', {peerDependenciesMeta: {a: {optional: true}}})
  expect(namesIn(own)).toMatchObject({'x/node_modules': ['a'], node_modules: ['a']})
  expect(requiredNames(own).get('/node_modules')).toEqual(new Set(['a']))
})

test('Node is looked for in PATH up to where it is', () => {
  mkdirSync(join(top, 'second/node'), {recursive: true})
  mkdirSync(join(top, 'third'))
  writeFileSync(join(top, 'third/node'), '', {mode: 0o755})
  const PATH = ['first', 'second', 'third', 'fourth'].map((name) => join(top, name)).join(':')
  expect(pathsOfNode({PATH})).toEqual(['first', 'second', 'third'].map((name) => join(top, name, 'node')))
})
