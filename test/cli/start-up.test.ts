// What keeps `hv run` quick to start: the files it loads for a guest.

import {spawnSync} from 'node:child_process'
import {readdirSync} from 'node:fs'
import {basename, dirname, join} from 'node:path'
import {expect, test} from 'vitest'
import {guest} from '../sandbox/guests.ts'
import {HV} from './hv.ts'

const FILES = `import {createRequire} from 'node:module'
  const {cache} = createRequire('/node')
  process.on('exit', () => console.error(JSON.stringify(Object.keys(cache))))`
const BUILT_IN = `process.on('exit', () => {
  const names = process.moduleLoadList.map((name) => name.split(' ')[1])
  console.error(JSON.stringify(names))
})`
/** Loading each takes one to four milliseconds. */
const COSTLY = ['child_process', 'crypto', 'fs/promises', 'net', 'perf_hooks', 'stream', 'zlib']

/** The paths of all files that Node has loaded when the command ends. */
const loadedBy = (...args: string[]): string[] => toldAtTheEnd(FILES, args)

function toldAtTheEnd(script: string, args: string[]): string[] {
  const tell = `data:text/javascript,${encodeURIComponent(script)}`
  const {stderr} = spawnSync(process.execPath, ['--import', tell, HV, ...args], {encoding: 'utf8'})
  return JSON.parse(stderr.trim().split('\n').at(-1)!)
}

test('the command and all that a run loads is CommonJS in a few files, without oclif', () => {
  const loaded = loadedBy('run', guest('hello')).filter((path) => !path.includes('node-gyp-build'))
  expect(loaded.filter((path) => !/\.(cjs|node)$/.test(path))).toEqual([])
  expect(loaded.length).toBeGreaterThan(2)
  expect(loaded.length).toBeLessThanOrEqual(10)
})

test.each(['hello', 'bare-hello'])("a run of %s loads none of Node's own modules that take long", (name) => {
  const loaded = toldAtTheEnd(BUILT_IN, ['run', guest(name)])
  expect(loaded).toContain('fs')
  expect(loaded.filter((each) => COSTLY.includes(each))).toEqual([])
})

test('a command line that is wrong loads neither the sentry nor the addon', () => {
  const loaded = loadedBy('run', '--memory', 'much', 'true').map((path) => basename(path))
  expect(loaded).toContain('hv.cjs')
  expect(loaded.length).toBeLessThanOrEqual(4)
})

test('the commands are read without the addon, as when their manifest is made', () => {
  const folder = join(dirname(HV), '../commands')
  const files = readdirSync(folder, {recursive: true, encoding: 'utf8'}).filter((name) =>
    name.endsWith('.cjs'),
  )
  expect(files).toContain('run.cjs')
  const script = `for (const file of ${JSON.stringify(files)}) require(${JSON.stringify(folder)} + '/' + file)`
  const env = {...process.env, PREBUILDS_ONLY: '1', npm_config_arch: 'none'}
  const {status, stderr} = spawnSync(process.execPath, ['-e', script], {encoding: 'utf8', env})
  expect(stderr).toBe('')
  expect(status).toBe(0)
})

test('what needs no addon loads none', () => {
  expect(loadedBy('boards').filter((path) => /node-gyp-build|\.node$/.test(path))).toEqual([])
})
