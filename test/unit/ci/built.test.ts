// ci/built.mjs: what is older than its sources is found, whatever the times of the files say.

import {mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {dirname, join} from 'node:path'
import {afterEach, beforeEach, expect, test} from 'vitest'
import {hasPackages, isUpToDate, noteBuilt, sourcesOf} from '../../../ci/built.mjs'
import config from '../../../ci/vitest.config.ts'

let folder: string
const lock = (version: string) =>
  JSON.stringify({
    packages: {
      '': {version: '0.2.0'},
      'node_modules/elfy': {version},
      'node_modules/for-macos': {version: '1.0.0', optional: true},
    },
  })
const installed = (version: string) => JSON.stringify({packages: {'node_modules/elfy': {version}}})

function put(path: string, text: string): void {
  mkdirSync(dirname(join(folder, path)), {recursive: true})
  writeFileSync(join(folder, path), text)
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hv-built-'))
  for (const path of ['src/vfs/mount.ts', 'ci/bundle.mjs', 'package.json', 'dist/index.cjs']) put(path, path)
  for (const path of ['native/addon.cc', 'native/build/Release/hv.node']) put(path, path)
  put('package-lock.json', lock('1.0.0'))
  put('node_modules/.package-lock.json', installed('1.0.0'))
})
afterEach(() => rmSync(folder, {recursive: true}))

test.each(['dist', 'addon'] as const)('%s without a note of its sources is old', (product) => {
  expect(isUpToDate(product, folder)).toBe(false)
})

test.each(['dist', 'addon'] as const)('%s is up to date after its build', (product) => {
  noteBuilt(product, sourcesOf(product, folder), folder)
  expect(isUpToDate(product, folder)).toBe(true)
})

test.each([
  ['dist', 'src/vfs/mount.ts'],
  ['dist', 'src/vfs/another.ts'],
  ['dist', 'package-lock.json'],
  ['addon', 'native/addon.cc'],
] as const)('%s is old when %s is written, though the file has an old time', (product, path) => {
  noteBuilt(product, sourcesOf(product, folder), folder)
  put(path, 'other')
  utimesSync(join(folder, path), 1, 1)
  expect(isUpToDate(product, folder)).toBe(false)
})

test('a source that changes during the build makes the result old', () => {
  const before = sourcesOf('dist', folder)
  put('src/vfs/mount.ts', 'other')
  noteBuilt('dist', before, folder)
  expect(isUpToDate('dist', folder)).toBe(false)
})

test('a bundle that was removed is old', () => {
  noteBuilt('dist', sourcesOf('dist', folder), folder)
  rmSync(join(folder, 'dist/index.cjs'))
  expect(isUpToDate('dist', folder)).toBe(false)
})

test('a page and a new time make nothing old', () => {
  noteBuilt('dist', sourcesOf('dist', folder), folder)
  put('src/README.md', 'other')
  utimesSync(join(folder, 'src/vfs/mount.ts'), 2e9, 2e9)
  expect(isUpToDate('dist', folder)).toBe(true)
})

test('packages are those of the lockfile, without those for other machines', () => {
  expect(hasPackages(folder)).toBe(true)
  put('package-lock.json', lock('1.0.1'))
  expect(hasPackages(folder)).toBe(false)
})

test('every project of tests looks before it starts', () => {
  const setups = config.test!.projects!.map(
    (project) => (project as {test: {globalSetup?: string}}).test.globalSetup,
  )
  expect(new Set(setups)).toEqual(new Set([expect.stringMatching(/ci\/up-to-date\.mjs$/)]))
})
